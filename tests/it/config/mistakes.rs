//! Everything that is wrong with a `muster.toml` is said at once, with its place, and nothing makes the program panic.

use crate::support::Muster;

const WRONG: &str = r#"schema = "x"
unknown_columns = "refuze"

[database]
url = "postgres://app:s3cret@db.example/app"

[[source]]
entity = "acounts"
encoding = "klingon"
delimiter = "ab"
sheet = "Blad1"
decimal = "coma"

[[source]]
files = ["a.csv"]
entity = "accounts"
date = 5

[source.columns]
"Klant" = "legacyID2"
"klant" = "name"
"Soort" = { field = "type", values = { Z = "compny" }, ignored = true }
"Aanhef" = { field = "gender" }
"X" = { ignore = true, field = "name" }
"Y" = 7

[source.fields]
"name" = { first_of = [], join = ["a"] }
"plan" = { part = "first-wrd", of = "A" }
"contact.email" = { constant = "no address" }
"contact.phone" = { with = "x" }
"#;

#[test]
fn all_mistakes_have_a_place_and_the_nearest_right_word() {
    let muster = Muster::new().file("muster.toml", WRONG).file("a.csv", "legacyId,name\n");
    let run = muster.run(["check", "a.csv"]).exits(1);
    let said = run.stderr();
    for (place, part) in [
        ("1:1", "unknown key `schema` in muster.toml"),
        ("2:19", "did you mean `refuse`?"),
        ("5:7", "a password in muster.toml"),
        ("7:1", "the source names no files"),
        ("8:10", "did you mean `accounts`?"),
        ("9:12", "`klingon` is not an encoding that muster reads"),
        ("10:13", "`ab` is no delimiter"),
        ("11:1", "`sheet` is not supported yet"),
        ("12:11", "did you mean `comma`?"),
        ("17:8", "`date` is an integer, not a string"),
        ("20:11", "there is no field `legacyID2` in accounts"),
        ("21:1", "the column `klant` is named twice; first at muster.toml:20"),
        ("22:44", "`compny` is no value of type"),
        ("22:56", "did you mean `ignore`?"),
        ("23:22", "did you mean contact.gender?"),
        ("24:1", "`X` is ignored, and has a `field`"),
        ("25:7", "`Y` is no field and no table"),
        ("28:10", "`name` is made in 2 ways"),
        ("29:19", "did you mean `first-word`?"),
        ("30:32", "`no address` is no value of contact.email"),
        ("31:19", "nothing says how `contact.phone` is made"),
    ] {
        assert!(said.contains(&format!("muster.toml:{place}\n")), "{place} is not in:\n{said}");
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert!(!said.contains("s3cret") && said.contains("muster.toml has 2"), "{said}");
    // A broken file stops no command that does not use it.
    muster.run(["explain", "required"]).exits(0);
    muster.run(["runs"]).exits(1);
    muster.run(["check", "a.csv", "--no-config", "--out", "out"]).exits(0);
}

#[test]
fn what_is_not_kept_yet_is_refused_by_name() {
    for key in [
        "dialect = \"mysql\"",
        "quote = \"'\"",
        "escape = \"x\"",
        "header = 12",
        "headers = [\"a\"]",
        "sheet = \"x\"",
    ] {
        let muster = Muster::new()
            .file("muster.toml", format!("[[source]]\nfiles = [\"*.csv\"]\n{key}\n"))
            .file("accounts.csv", "legacyId,name\nA1,One\n");
        let said = muster.run(["check"]).exits(1).stderr();
        let name = key.split(' ').next().unwrap();
        assert!(said.contains(&format!("`{name}` is not supported yet")), "{said}");
    }
    let muster = Muster::new()
        .file("muster.toml", "fixes = \"fixes.ndjson\"\n")
        .file("accounts.csv", "legacyId,name\n");
    assert!(muster.run(["check", "accounts.csv"]).exits(1).stderr().contains("`fixes` is not supported yet"));
}

#[test]
fn a_password_is_never_shown() {
    for line in [
        "url = \"postgres://a:s3cret@db/x\"",
        "url = \"host=db password=s3cret\"",
        "password = \"s3cret\"",
        "url = \"postgres://a:s3cret@db/x",
        "url = \"postgres://db/x?user=a&password=s3cret\" nonsense",
    ] {
        let muster = Muster::new().file("muster.toml", format!("[database]\n{line}\n"));
        let said = muster.run(["runs"]).exits(1).stderr();
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn a_changed_file_never_makes_the_program_panic() {
    let good = format!("{}\n{}", super::cleaning::CONFIG, super::made::CONFIG);
    let bytes = good.as_bytes();
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let muster = Muster::new().file("Klanten.csv", "Nr,Bedrijfsnaam\n1,x\n");
    for _ in 0..8 {
        let mut text = bytes.to_vec();
        for _ in 0..=next(3) {
            let at = next(text.len());
            match next(3) {
                0 => text[at] = b"\"[]{}=,.\n#'"[next(11)],
                1 => _ = text.remove(at),
                _ => text.truncate(at.max(1)),
            }
        }
        muster.write("muster.toml", &text);
        let run = muster.run(["check", "--out", "out"]);
        assert!(!run.stderr().contains("panicked"), "{}\n{run}", String::from_utf8_lossy(&text));
        if run.stderr().contains("mistake") {
            assert!(run.stderr().contains("muster.toml:"), "{run}");
        }
    }
}
