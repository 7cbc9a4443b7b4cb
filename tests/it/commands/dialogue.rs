//! Questions on a terminal.

use std::fs;

use crate::support::{Database, Muster, Talk};

/// A schema with few fields, so that the talk is short.
const CLUBS: &str = r#"
entity = "clubs"
key = "code"

[[field]]
name = "email"
type = "email"

[[field]]
name = "kind"
type = "choice"
values = ["sport", "music"]
exact = true
otherwise = "music"

[[field]]
name = "code"
type = "text"
required = true

[[field]]
name = "number"
type = "text"
pattern = { regex = '[0-9]+', when = "country", equals = "NL" }

[[field]]
name = "country"
type = "country"
"#;

const CREATE: &str = "account create --schemas mine --entity clubs";

#[test]
fn each_answer_is_judged_at_once_and_asked_for_again_where_it_is_wrong() {
    let database = Database::new();
    let muster = Muster::on(&database).file("mine/clubs.toml", CLUBS);
    let mut talk = Talk::begin(&muster, CREATE);
    // What must be given comes first, the rest in the order of the schema.
    talk.hears("code (text; required; unique): ").says("\n");
    talk.hears("reject[required]").hears("code (text").says("C-1\n");
    talk.hears("email (an e-mail address): ").says("club@\n");
    talk.hears("reject[invalid-email]: the domain has no dot").hears("email (").says("Club@X.nl\n");
    talk.hears("kind (exactly sport | music").says("SPORT\n");
    talk.hears("warning[defaulted]").hears("keep it? [Y/n] ").says("n\n");
    talk.hears("kind (").says("sport\n");
    talk.hears("number (").says("x\n");
    // The answer that makes an earlier one wrong stays; the earlier one is asked for again.
    talk.hears("country (").says("Nederland\n");
    talk.hears("reject[pattern-mismatch]").hears("number (").says("12\n");
    talk.hears("Create this record of clubs? [y/n] ").says("\n");
    talk.hears("[y/n] ").says("y\n");
    let (heard, code) = talk.ends();
    assert_eq!(code, Some(0), "{heard}");
    assert!(heard.contains("clubs C-1 is created"), "{heard}");
    assert_eq!(
        database.text("SELECT email, kind, code, number, country FROM clubs"),
        "club@x.nl|sport|C-1|12|NL"
    );
}

#[test]
fn leaving_the_dialogue_writes_nothing() {
    let database = Database::new();
    let muster = Muster::on(&database).file("mine/clubs.toml", CLUBS);
    for (leave, code, said) in [
        ("\u{3}", 130, "interrupted; the target is as it was before"),
        ("\u{4}", 4, "not confirmed; nothing has been changed"),
    ] {
        let mut talk = Talk::begin(&muster, CREATE);
        talk.hears("code (").says("C-1\n").hears("email (").says(leave);
        let (heard, exit) = talk.ends();
        assert!(heard.contains(said) && exit == Some(code), "{exit:?} {heard}");
    }
    assert_eq!(database.text("SELECT to_regclass('clubs') IS NULL"), "t");
    let left: Vec<_> =
        fs::read_dir(muster.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine"]);
}
