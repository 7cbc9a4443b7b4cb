//! What a whole file proved about its columns stays true of the rows that go back: they are read as they were, also
//! where nothing in what is left would prove it.

use crate::support::{Database, Muster};

const SCHEMA: &str = "entity = \"accounts\"\nkey = \"legacyId\"\n\
    [[field]]\nname = \"legacyId\"\ntype = \"text\"\nrequired = true\n\
    [[field]]\nname = \"email\"\ntype = \"email\"\n\
    [[field]]\nname = \"opened\"\ntype = \"date\"\nformat = \"auto\"\n\
    [[field]]\nname = \"seen\"\ntype = \"timestamp\"\nformat = \"auto\"\n\
    [[field]]\nname = \"price\"\ntype = \"decimal\"\n";

/// Two files: in one the day comes first and the comma is the decimal mark, in the other it is the other way round.
/// Each has a row with a bad address, whose other cells prove nothing.
const DUTCH: &str = "legacyId;email;opened;seen;price\nA1;a@x.nl;31-01-2026;31-01-2026 10:00;2,5\n\
    A2;no address;01-02-2026;03-04-2026 10:00;1,250\n";
const AMERICAN: &str = "legacyId,email,opened,seen,price\nB1,b@x.nl,01/31/2026,01/31/2026 10:00,2.5\n\
    B2,no address,01/02/2026,03/04/2026 10:00,1.250\n";

const ROWS: &str = "SELECT legacy_id, email, opened, seen AT TIME ZONE 'UTC', price FROM accounts ORDER BY 1";

fn muster(database: &Database) -> Muster {
    Muster::on(database)
        .file("schemas/accounts.toml", SCHEMA)
        .file("dutch.csv", DUTCH)
        .file("american.csv", AMERICAN)
}

#[test]
fn rows_that_go_back_are_read_as_their_file_was() {
    let database = Database::new();
    let muster = muster(&database);
    let arguments =
        ["import", "accounts=dutch.csv", "accounts=american.csv", "--schemas", "schemas", "--out", "out"];
    let first = muster.run(arguments).exits(3);
    let said = first.stdout();
    for reading in ["opened=day-first", "seen=day-first", "price=decimal-comma"] {
        assert!(said.contains(&format!("out/dutch.rejected.csv:{reading}")), "{reading}{first}");
    }
    for name in ["dutch", "american"] {
        let file = format!("out/{name}.rejected.csv");
        let fixed =
            String::from_utf8(first.read(&file)).unwrap().replace("no address", &format!("{name}@x.nl"));
        muster.write(&file, fixed);
    }
    muster.next(&first).exits(0);
    let expected = "A1|a@x.nl|2026-01-31|2026-01-31 10:00:00|2.5\n\
        A2|dutch@x.nl|2026-02-01|2026-04-03 10:00:00|1.250\n\
        B1|b@x.nl|2026-01-31|2026-01-31 10:00:00|2.5\n\
        B2|american@x.nl|2026-01-02|2026-03-04 10:00:00|1.250";
    assert_eq!(database.text(ROWS), expected);
    // Without the option what is left is ambiguous, and says so.
    let bare = muster
        .run(["check", "accounts=out/dutch.rejected.csv", "--schemas", "schemas", "--out", "bare"])
        .exits(3);
    assert!(bare.findings("bare").iter().any(|finding| finding["code"] == "ambiguous-date"), "{bare}");
}

#[test]
fn a_reading_that_is_given_needs_no_proof_and_is_kept_to() {
    let muster = Muster::new()
        .file("schemas/accounts.toml", SCHEMA)
        .file("accounts.csv", "legacyId,opened\nA1,01-02-2026\nA2,31-01-2026\nA3,02-28-2026\n");
    let check = |how: &str| {
        let reading = format!("opened={how}");
        let run = muster.run([
            "check",
            "accounts.csv",
            "--schemas",
            "schemas",
            "--out",
            "out",
            "--reading",
            &reading,
            "-v",
        ]);
        let found: Vec<_> =
            run.exits(3).findings("out").iter().map(|f| f["record"].as_u64().unwrap()).collect();
        found
    };
    assert_eq!((check("day-first"), check("month-first")), (vec![3], vec![2]));
    for (reading, said) in [
        ("opened", "write FIELD=HOW"),
        ("opened=sideways", "write FIELD=HOW"),
        ("opened=decimal-comma", "no schema has an open field of that name"),
        ("email=day-first", "no schema has an open field of that name"),
        ("other.csv:opened=day-first", "other.csv is not one of the input files"),
    ] {
        let run =
            muster.run(["check", "accounts.csv", "--schemas", "schemas", "--reading", reading]).exits(2);
        assert!(run.stderr().contains(said), "{reading}{run}");
    }
}
