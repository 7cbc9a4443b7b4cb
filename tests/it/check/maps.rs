//! `--map`: for all files, for an entity, for a file; and everything that is wrong with several at once.

use crate::support::Muster;

fn files() -> Muster {
    Muster::new()
        .file("accounts.csv", "Nr,Naam,E-mail\nA1,One,one@example.org\n")
        .file("users.csv", "E-mail,Nr,Tel\nann@example.org,A1,0612345678\n")
}

#[test]
fn one_header_can_mean_another_field_in_each_entity_and_file() {
    let muster = files();
    let run = muster.run([
        "check",
        "accounts.csv",
        "users.csv",
        "--out",
        "out",
        "--map",
        "accounts:Nr=legacyId",
        "--map",
        "users:Nr=account.legacyId",
        "--map",
        "Naam=name",
        "--map",
        "accounts.csv:E-mail=contact.email",
        "--map",
        "Tel=phone number",
    ]);
    let said = run.exits(2).stderr();
    assert!(
        said.contains(
            "--map 'Tel=phone number': there is no field phone number in users; did you mean contact.phone?"
        ) || said.contains("lists all"),
        "{said}"
    );
    let run = muster.run([
        "check",
        "accounts.csv",
        "users.csv",
        "--out",
        "out",
        "--map",
        "accounts:Nr=legacyId",
        "--map",
        "users:Nr=account.legacyId",
        "--map",
        "Naam=name",
        "--map",
        "accounts.csv:E-mail=contact.email",
        "--map",
        "Tel=contact.phone",
    ]);
    run.exits(0);
}

#[test]
fn all_mistakes_of_all_options_are_said_at_once() {
    let muster = files();
    let run = muster.run([
        "check",
        "accounts.csv",
        "users.csv",
        "--out",
        "out",
        "--map",
        "Naam=gender",
        "--map",
        "Naem=name",
        "--map",
        "Nr=legacyId",
        "--map",
        "users:Naam=role",
        "--encoding",
        "other.csv=utf-8",
        "--reading",
        "born=day-first",
    ]);
    let said = run.exits(2).stderr();
    for part in [
        "--map 'Naam=gender': there is no field gender in accounts; did you mean contact.gender?",
        "--map 'Naem=name': no file has the column Naem; did you mean Naam?",
        "--map 'users:Naam=role': no file of users has the column Naam; ",
        "--encoding other.csv=…: other.csv is not one of the input files",
        "--reading born=day-first: no schema has an open field of that name",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    assert!(!said.contains("lists all") && !muster.path("out/summary.json").exists(), "{said}");
    let wrong =
        ["check", "accounts.csv", "--map", "x", "--map", "=y", "--encoding", "klingon", "--reading", "z"];
    let said = muster.run(wrong).exits(2).stderr();
    for part in ["--map 'x': write", "--map '=y': write", "--encoding klingon:", "--reading z: write"] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
}

#[test]
fn two_headers_cannot_come_to_mean_one_field() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name,Klant,Bedrijf\nA1,One,B1,Two\n");
    for (maps, said) in [
        (
            &["--map", "Klant=legacyId"][..],
            "the columns legacyId and Klant of accounts.csv come to mean one field, legacyId",
        ),
        (
            &["--map", "Bedrijf=contact.firstName", "--map", "Klant=contact.firstName"],
            "the columns Klant and Bedrijf",
        ),
        (
            &["--map", "Klant=contact.firstName", "--map", "Klant=contact.lastName"],
            "the column Klant of accounts.csv can mean only one field",
        ),
    ] {
        let run = muster.run(["check", "accounts.csv", "--out", "out"].iter().chain(maps));
        assert!(run.stderr().contains(said), "{said}: {run}");
        run.exits(2);
    }
    // A field's own column may mean another field.
    let maps =
        ["--map", "Klant=legacyId", "--map", "legacyId=companyNumber", "--map", "Bedrijf=contact.lastName"];
    muster.run(["check", "accounts.csv", "--out", "out"].iter().chain(&maps)).exits(0);
}

#[test]
fn a_colon_can_be_a_part_of_a_header() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name,Tel: (privé)\nA1,One,0612345678\n");
    muster.run(["check", "accounts.csv", "--out", "out", "--map", "Tel: (privé)=contact.phone"]).exits(0);
    let of_file =
        ["check", "accounts.csv", "--out", "out", "--map", "accounts.csv:Tel: (privé)=contact.phone"];
    muster.run(of_file).exits(0);
}
