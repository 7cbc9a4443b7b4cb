//! A table that gives no rows although some are expected is said loudly; nothing else changes.

use crate::support::{Database, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,One\nA2,Two\n";
const USERS: &str = "email,accountId\na@x.nl,A1\nb@x.nl,A2\nc@x.nl,A2\n";

fn warnings(run: &Finished, folder: &str) -> usize {
    run.manifest(folder)["warnings"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_table_that_had_rows_in_the_last_export_is_named() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    let plain = muster.run(["export", "--out", "plain"]).exits(0);
    assert_eq!((warnings(&plain, "plain"), plain.stderr().as_str()), (0, ""), "{plain}");
    let keep = ["export", "--out", "kept", "--keep", "3", "--quiet", "--metrics", "m.prom"];
    muster.run(keep).exits(0);
    // TRUNCATE takes the statistics with it.
    database.text("TRUNCATE users; SELECT 1");
    let emptied = muster.run(["export", "--out", "plain", "--format", "ndjson"]).exits(0);
    let said = emptied.stderr();
    assert!(said.contains("users") && said.contains("no rows") && said.contains("before has 3"), "{emptied}");
    assert_eq!(warnings(&emptied, "plain"), 1, "{emptied}");
    let verified = muster.run(["verify", "plain"]).exits(0);
    assert!(verified.stderr().contains("before has 3"), "{verified}");
    let emptied = muster.run(keep).exits(0);
    assert!(emptied.stderr().contains("before has 3"), "{emptied}");
    assert!(emptied.text("m.prom").contains("muster_export_warnings 1\n"), "{emptied}");
    // The next one finds what the last one found.
    let again = muster.run(keep).exits(0);
    assert_eq!((warnings(&again, "kept/latest"), again.stderr().as_str()), (0, ""), "{again}");
}

#[test]
fn a_table_that_has_rows_by_its_statistics_is_named() {
    let database = Database::new();
    let muster = Muster::imported(&database, ACCOUNTS, USERS);
    database.text("ANALYZE users; DELETE FROM users; SELECT 1");
    for connections in ["1", "2"] {
        let args = ["export", "--out", "out", "--connections", connections, "--crosswalk"];
        let emptied = muster.run(args).exits(0);
        assert!(emptied.stderr().contains("by its statistics there are about 3"), "{emptied}");
        assert_eq!(warnings(&emptied, "out"), 1, "{emptied}");
    }
    // Rows that are not asked for are not missed.
    let filtered = muster.run(["export", "--out", "some", "--where", "account=A9"]).exits(0);
    assert_eq!((warnings(&filtered, "some"), filtered.stderr().as_str()), (0, ""), "{filtered}");
    // VACUUM counts again.
    let session = muster::internals::db::connect;
    crate::support::block_on(async {
        let session = session(Some(&database.url()), "vacuums").await.unwrap();
        session.client.batch_execute("VACUUM ANALYZE users").await.unwrap();
    });
    let known = muster.run(["export", "--out", "out"]).exits(0);
    assert_eq!((warnings(&known, "out"), known.stderr().as_str()), (0, ""), "{known}");
}
