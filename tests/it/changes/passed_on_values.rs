//! `import --apply-changes` when a value of a unique field passes from one row that stays to another, and when
//! NULL and the empty text occur together.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\n";
const USERS: &str = "email,accountId,legacyId\na@x.nl,A1,1\nb@x.nl,A1,2\nc@x.nl,A1,3\nd@x.nl,A1,4\n";
const HEAD: &str = "muster.change,muster.changed,email,account.legacyId,legacyId\n";
const ROWS: &str = "SELECT email, legacy_id FROM users ORDER BY email";
const ALL: &str = "SELECT to_jsonb(t) FROM users t ORDER BY email";

fn rows(database: &Database) -> String {
    database.text(ROWS).replace("@x.nl|", "=").replace('\n', " ")
}

fn apply(muster: &Muster, rows: &str, exit: i32) -> Vec<String> {
    muster.write("users.changes.csv", format!("{HEAD}{rows}"));
    let all =
        ["import", "--apply-changes", "--allow-deletes", "users.changes.csv", "--out", "out", "--reconcile"];
    let run = muster.run(all).exits(exit);
    let found = run.findings("out");
    let found = found.iter().map(|f| {
        format!("{} {} {}", f["record"], f["code"].as_str().unwrap(), f["column"].as_str().unwrap_or("-"))
    });
    found.collect()
}

fn undo_latest(muster: &Muster, database: &Database) {
    muster.run(["undo", "--yes", &database.latest_run()]).exits(0);
}

#[test]
fn two_rows_swap_values_three_rotate_them_and_an_undo_restores_them() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let before = database.text(ALL);
    let swap = "update,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,1\n";
    assert!(apply(&muster, swap, 0).is_empty());
    assert_eq!(rows(&database), "a=2 b=1 c=3 d=4");
    // Again: both have what they should have.
    assert!(apply(&muster, swap, 0).is_empty());
    assert_eq!(database.text("SELECT sum(updated) FROM muster.run_counts WHERE entity = 'users'"), "2");
    let swapped = database.text(ALL);
    let round = "update,legacyId,a@x.nl,A1,1\nupdate,legacyId,b@x.nl,A1,3\nupdate,legacyId,c@x.nl,A1,2\n";
    assert!(apply(&muster, round, 0).is_empty());
    assert_eq!(rows(&database), "a=1 b=3 c=2 d=4");
    undo_latest(&muster, &database);
    assert_eq!(database.text(ALL), swapped);
    let runs = database.text("SELECT id FROM muster.runs WHERE undoes IS NULL ORDER BY started");
    muster.run(["undo", "--yes", runs.lines().nth(1).unwrap()]).exits(0);
    assert_eq!(database.text(ALL), before);
}

/// The references would go through NULL with the values, and stay there.
#[test]
fn values_that_another_table_follows_do_not_pass_from_row_to_row() {
    for follows in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        let database = Database::new();
        let muster = Muster::imported(&database, ACCOUNTS, USERS);
        database.rows(&format!(
            "CREATE TABLE badges (number text REFERENCES users (legacy_id) ON UPDATE {follows});
             INSERT INTO badges VALUES ('1'), ('2')"
        ));
        let before = database.text(ALL);
        let swap = "update,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,1\n";
        let found = apply(&muster, swap, 3);
        assert_eq!(found, ["1 key-in-use legacyId", "2 key-in-use legacyId"], "{follows}");
        assert_eq!(database.text("SELECT number FROM badges ORDER BY 1"), "1\n2");
        assert_eq!(database.text(ALL), before);
    }
}

/// The table that follows the values was made after the run.
#[test]
fn an_undo_is_refused_if_a_reference_would_be_lost_with_a_value_that_it_takes_back() {
    let refused = |muster: &Muster, database: &Database, key: &str, action: &str| {
        let badges = database.text("SELECT number FROM badges ORDER BY 1");
        let before = database.text(ALL);
        let run = muster.run(["undo", "--yes", &database.latest_run()]).exits(4);
        let said = run.stderr();
        assert!(said.contains(&format!("users {key}: a row of public.badges refers to a value")), "{said}");
        assert!(said.contains(&format!("(badges_number_fkey, ON UPDATE {action})")), "{said}");
        assert_eq!(database.text("SELECT number FROM badges ORDER BY 1"), badges);
        assert_eq!(database.text(ALL), before);
    };
    for action in ["CASCADE", "SET NULL", "SET DEFAULT"] {
        let badges =
            format!("CREATE TABLE badges (number text REFERENCES users (legacy_id) ON UPDATE {action});");
        let database = Database::new();
        let muster = Muster::imported(&database, ACCOUNTS, USERS);
        let before = database.text(ALL);
        apply(&muster, "update,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,1\n", 0);
        database.rows(&(badges.clone() + "INSERT INTO badges VALUES ('1')"));
        refused(&muster, &database, "b@x.nl", action);
        // What is not taken back may be referred to.
        database.rows("DELETE FROM badges; INSERT INTO badges VALUES ('3')");
        undo_latest(&muster, &database);
        assert_eq!(database.text(ALL), before);

        // A new row has the value that an old one gets back, and goes with it.
        database.rows("DROP TABLE badges");
        apply(&muster, "update,legacyId,a@x.nl,A1,9\ninsert,,n@x.nl,A1,1\n", 0);
        database.rows(&(badges.clone() + "INSERT INTO badges VALUES ('1')"));
        refused(&muster, &database, "n@x.nl", action);
        database.rows("DELETE FROM badges");
        undo_latest(&muster, &database);

        // Nothing passes from row to row.
        database.rows("DROP TABLE badges");
        apply(&muster, "update,legacyId,a@x.nl,A1,9\n", 0);
        database.rows(&(badges + "INSERT INTO badges VALUES ('9')"));
        if action == "CASCADE" {
            undo_latest(&muster, &database);
            assert_eq!(database.text("SELECT number FROM badges"), "1");
        } else {
            refused(&muster, &database, "a@x.nl", action);
            database.rows("DELETE FROM badges");
            undo_latest(&muster, &database);
        }
        assert_eq!(database.text(ALL), before);
    }
}

#[test]
fn a_new_row_takes_a_value_that_another_gives_up_and_an_undo_returns_it() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let before = database.text(ALL);
    let chain = "insert,,e@x.nl,A1,1\nupdate,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,\ndelete,,d@x.nl,,\n\
                 update,legacyId,c@x.nl,A1,4\ninsert,,f@x.nl,A1,3\n";
    assert!(apply(&muster, chain, 0).is_empty());
    assert_eq!(rows(&database), "a=2 b=∅ c=4 e=1 f=3");
    undo_latest(&muster, &database);
    assert_eq!(database.text(ALL), before);
}

#[test]
fn if_one_row_cannot_give_up_its_value_all_that_wait_for_it_stay_and_are_named() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    // d does not change: what it has is in use, and so is what the others would have let go of.
    let chain = "insert,,e@x.nl,A1,1\nupdate,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,3\nupdate,legacyId,c@x.nl,A1,4\n";
    let found = apply(&muster, chain, 3);
    let named: Vec<String> = (1..=4).map(|record| format!("{record} key-in-use legacyId")).collect();
    assert_eq!(found, named);
    assert_eq!(rows(&database), "a=1 b=2 c=3 d=4");
    // The database itself refuses one of two that swap.
    database.text(
        "ALTER TABLE users ADD CONSTRAINT no CHECK (email <> 'b@x.nl' OR legacy_id IS DISTINCT FROM '1'); SELECT 1",
    );
    let swap = "update,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,1\nupdate,legacyId,c@x.nl,A1,5\n";
    let found = apply(&muster, swap, 3);
    assert_eq!(found, ["1 key-in-use legacyId", "2 database-rejected -"]);
    assert_eq!(rows(&database), "a=1 b=2 c=5 d=4");
}

#[test]
fn a_not_null_column_is_swapped_unless_a_check_forbids_every_temporary_value() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.text("ALTER TABLE users ALTER legacy_id SET NOT NULL; SELECT 1");
    let swap = "update,legacyId,a@x.nl,A1,2\nupdate,legacyId,b@x.nl,A1,1\n";
    assert!(apply(&muster, swap, 0).is_empty());
    assert_eq!(rows(&database), "a=2 b=1 c=3 d=4");
    database.text("ALTER TABLE users ADD CHECK (legacy_id ~ '^[0-9]+$'); SELECT 1");
    let swap = "update,legacyId,a@x.nl,A1,1\nupdate,legacyId,b@x.nl,A1,2\nupdate,legacyId,c@x.nl,A1,5\n";
    assert_eq!(apply(&muster, swap, 3), ["1 key-in-use legacyId", "2 key-in-use legacyId"]);
    assert_eq!(rows(&database), "a=2 b=1 c=5 d=4");
}

#[test]
fn null_and_the_empty_text_are_different_in_a_file_of_changes() {
    let (database, copy) = (Database::new(), Database::new());
    let muster = Muster::on(&database).file("accounts.csv", ACCOUNTS).file("users.csv", USERS);
    let other = Muster::on(&copy);
    let texts = "SELECT email, coalesce('<' || contact_first_name || '>', 'none'),
        coalesce('<' || contact_last_name || '>', 'none') FROM users ORDER BY email";
    muster.run(["import", "accounts.csv", "users.csv", "--out", "in"]).exits(0);
    let set = |email: &str, first: &str, last: &str| {
        database.text(&format!(
            "UPDATE users SET contact_first_name = {first}, contact_last_name = {last} WHERE email = '{email}@x.nl';
             SELECT 1"
        ));
    };
    for (email, first, last) in
        [("a", "NULL", "''"), ("b", "''", "NULL"), ("c", "'x'", "''"), ("d", "''", "''")]
    {
        set(email, first, last);
    }
    muster.run(["export", "--out", "first"]).exits(0);
    let path = |name: &str| muster.path(name).to_str().unwrap().to_owned();
    other.run(["import", &path("first/accounts.csv"), &path("first/users.csv"), "--out", "in"]).exits(0);
    assert_eq!(copy.text(texts), database.text(texts));
    // To and fro, with and without a column beside it that stays nothing or empty and is not named.
    for (email, first, last) in
        [("a", "''", "''"), ("b", "NULL", "NULL"), ("c", "''", "NULL"), ("d", "NULL", "''")]
    {
        set(email, first, last);
    }
    muster.run(["export", "--out", "second", "--changes-since", "first"]).exits(0);
    let reported =
        String::from_utf8(std::fs::read(muster.path("second/users.changes.csv")).unwrap()).unwrap();
    let reported: Vec<&str> =
        reported.lines().skip(1).map(|line| line.split(",a@").next().unwrap()).collect();
    assert_eq!(reported.len(), 4, "{reported:?}");
    assert!(reported[0].starts_with("update,contact.firstName"), "{reported:?}");
    assert!(reported[2].starts_with("update,\"contact.firstName,contact.lastName\""), "{reported:?}");
    let changes = path("second/users.changes.csv");
    let applied = other.run(["import", "--apply-changes", &changes, "--out", "out"]).exits(0);
    assert_eq!(applied.summary("out")["entities"][0]["updated"], 4, "{applied}");
    assert_eq!(copy.text(texts), database.text(texts));
    assert_eq!(copy.text(texts), "a@x.nl|<>|<>\nb@x.nl|none|none\nc@x.nl|<>|none\nd@x.nl|none|<>");
    // And one that the file has no column for is left alone.
    other.write("users.changes.csv", "muster.change,muster.changed,email,account.legacyId,contact.firstName\nupdate,contact.firstName,d@x.nl,A1,\"\"\n");
    let all = ["import", "--apply-changes", "--quoted-empty", "text", "users.changes.csv", "--out", "last"];
    other.run(all).exits(0);
    assert!(copy.text(texts).ends_with("d@x.nl|<>|<>"), "{}", copy.text(texts));
}
