//! The ways of loading that the crash test kills, the points on each, and what is compared before and after.

use std::fmt::Write;
use std::sync::OnceLock;

use muster::internals::Point;

use crate::support::{Cluster, Database, Muster};

/// A server whose sessions may wait for a standby that never comes, so that COMMIT is not answered; and which may be
/// brought down without harm to other tests.
pub fn server() -> &'static Cluster {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    SERVER.get_or_init(|| Cluster::start("synchronous_standby_names = 'nobody'", false))
}

/// What makes COMMITs in a database wait for that standby.
pub fn unanswered(database: &Database) {
    database.rows(&format!("ALTER DATABASE {} SET synchronous_commit = on", database.name()));
}

/// What has them answered again.
pub fn answered(database: &Database) {
    let reset = format!("ALTER DATABASE {} RESET synchronous_commit", database.name());
    database.rows(&format!("SET synchronous_commit = off; {reset}"));
}

/// Both files, of which some rows are refused and some are duplicates.
fn files(accounts: std::ops::Range<u32>, users: std::ops::Range<u32>, name: &str) -> (String, String) {
    let mut first = String::from("legacyId,name,contact.gender,labels\n");
    for number in accounts {
        let _ = writeln!(first, "A{number:02},{name} {number},female,\"x{number},y\"");
    }
    first.push_str("A01,Twice,,\n,Nobody,,\n");
    let mut second = String::from("email,account.legacyId,contact.lastName,legacyId\n");
    for number in users {
        let account = number % 12 + 1;
        let _ = writeln!(second, "u{number:02}@example.org,A{account:02},{name} {number},U{number}");
    }
    second.push_str("u01@example.org,A02,Twice,\nnot an address,A01,,\nlost@example.org,A99,,\n");
    (first, second)
}

/// One way of loading: the target before, and what an undisturbed import leaves.
pub struct Way {
    pub name: &'static str,
    pub target: Database,
    /// Everything about the target before.
    pub untouched: String,
    /// What an undisturbed import leaves.
    pub expected: String,
}

impl Way {
    /// `before` brings a fresh database into the state that this way begins with.
    pub fn new(server: &'static Cluster, name: &'static str, before: impl FnOnce(&Database)) -> Self {
        let target = Database::on(server);
        before(&target);
        let untouched = picture(&target);
        let undisturbed = target.copy();
        muster(&undisturbed).run(IMPORT).exits(3);
        let expected = outcome(&undisturbed);
        assert_ne!(picture(&undisturbed), untouched);
        Self { name, target, untouched, expected }
    }

    pub fn all() -> &'static [Self; 4] {
        static WAYS: OnceLock<[Way; 4]> = OnceLock::new();
        let new = |name, before: fn(&Database)| Self::new(server(), name, before);
        WAYS.get_or_init(|| {
            [new("bare", |_| ()), new("fresh", fresh), new("filled", filled), new("many", filled)]
        })
    }

    /// A folder with the files, to be imported this way: that of many rows begins with the first.
    pub fn muster(&self, database: &Database) -> Muster {
        let muster = muster(database);
        if self.name == "many" { muster.env("MUSTER_TEST_MANY", "1") } else { muster }
    }

    /// The points that an import comes by this way, with the turn that each is taken at: of the points that
    /// entities have in common the one of accounts and the one of users.
    pub fn points(&self) -> Vec<String> {
        use Point::*;
        let staged = [StageCreated, StageHalf, LosersDropped, Compared, Updated, Inserted];
        let copied = [Reserved, TakenDown, CopyHalf, Copied, PutBack, Analyzed, RangeNoted];
        let shared = [RecordsNoted, ReadBack];
        let appended = [IdsTaken, AppendHalf, Appended];
        // Those of an undo and of files of changes have separate tests.
        let others = [UndoLocked, UndoRestored, UndoDeleted, UndoNoted, Deleted];
        let mut points = Vec::new();
        for point in Point::ALL {
            if others.contains(point)
                || (appended.contains(point) && self.name != "many")
                || (self.name == "many"
                    && !appended.contains(point)
                    && !matches!(point, Inserted | BeforeCommit | Committed))
                || (copied.contains(point) && self.name == "filled")
                || (staged.contains(point) && !["filled", "many"].contains(&self.name))
                || (self.name == "bare"
                    && !matches!(point, TablesMade | CopyHalf | PutBack | BeforeCommit | Committed))
            {
                continue;
            }
            points.push(point.name().to_owned());
            if staged.contains(point)
                || copied.contains(point)
                || shared.contains(point)
                || appended.contains(point)
                || *point == Renaming
            {
                points.push(format!("{}:2", point.name()));
            }
        }
        points
    }
}

/// Empty tables with additional indexes and constraints.
pub fn fresh(database: &Database) {
    database.rows(&Muster::new().run(["schema", "ddl"]).exits(0).stdout());
    database.rows(
        "CREATE INDEX users_partial ON users (role) WHERE role <> 'none';
         CREATE UNIQUE INDEX users_including ON users (email) INCLUDE (role);
         COMMENT ON INDEX users_partial IS 'mine';
         ALTER TABLE accounts ADD CONSTRAINT later UNIQUE (legacy_id, name) DEFERRABLE INITIALLY DEFERRED;
         ALTER TABLE users ADD CONSTRAINT long_mail CHECK (length(email) > 3) NOT VALID",
    );
}

/// The same tables, with rows of which the import leaves some, changes some, and adds others.
pub fn filled(database: &Database) {
    fresh(database);
    let (accounts, users) = files(1..9, 1..25, "Old");
    let same = accounts.replace("Old 3,", "New 3,");
    let muster =
        Muster::on(database).file("accounts.csv", same).file("users.csv", users.replace("Old 7,", "New 7,"));
    muster.run(IMPORT).exits(3);
}

pub const IMPORT: [&str; 7] = ["import", "accounts.csv", "users.csv", "--out", "out", "--lock-timeout", "30"];

pub fn muster(database: &Database) -> Muster {
    let (accounts, users) = files(1..13, 1..37, "New");
    Muster::on(database)
        .file("accounts.csv", accounts)
        .file("users.csv", users)
        .env("MUSTER_TEST_BLOCK", "400")
        .env("MUSTER_TEST_BUFFER", "200")
        .env("RAYON_NUM_THREADS", "1")
}

/// Everything about a database: each row of each table with its version and place, and all definitions with their
/// numbers. A copy of a database has the same.
pub fn picture(database: &Database) -> String {
    let tables = database.text(
        "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast)'
         ORDER BY 1",
    );
    let rows: Vec<String> = tables
        .lines()
        .map(|table| format!("SELECT '{table}' AS t, x.ctid, x.xmin::text, x::text FROM {table} x"))
        .collect();
    let mut picture = tables;
    if !rows.is_empty() {
        picture += &database.text(&format!("{} ORDER BY 1, 2", rows.join(" UNION ALL ")));
    }
    picture
        + &definitions(
            database,
            "c.oid::text || ' ' || coalesce(pg_relation_filenode(c.oid)::text, '') || ' ' ||",
        )
}

/// Relations (temporary ones of killed sessions, too), indexes, constraints, comments.
fn definitions(database: &Database, numbers: &str) -> String {
    database.text(&format!(
        "SELECT {numbers} n.nspname || '.' || c.relname || ' ' || c.relkind::text || ' ' || coalesce(pg_get_indexdef(i.indexrelid), '')
             || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
         WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast)'
         UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated::text
         FROM pg_constraint WHERE conrelid <> 0
         UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
         UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
    ))
}

/// The tables without identifiers and times.
pub const ACCOUNTS: &str = "SELECT to_jsonb(t) - '{id,created_at,updated_at}'::text[] FROM accounts t ORDER BY legacy_id COLLATE \"C\"";
pub const USERS: &str = "SELECT a.legacy_id, to_jsonb(t) - '{id,account_id,created_at,updated_at}'::text[]
    FROM users t JOIN accounts a ON a.id = t.account_id ORDER BY email";

/// What an import leaves, but for identifiers and times: those of an import that came to nothing are not given out
/// again. The journal's runs and what they wrote belong to it.
pub fn outcome(database: &Database) -> String {
    let rows = [ACCOUNTS, USERS].map(|sql| database.text(sql)).join("\n");
    let journal = database.text(
        "SELECT r.started, c.entity, read, accepted, rejected, duplicates, inserted, updated, unchanged
         FROM (SELECT id, row_number() OVER (ORDER BY finished) AS started FROM muster.runs) r
         JOIN muster.run_counts c ON c.run = r.id ORDER BY 1, 2",
    ) + &database
        .text("SELECT entity, what, file, record FROM muster.provenance ORDER BY 1, 2, 3, 4");
    format!("{rows}\n{journal}\n{}", definitions(database, ""))
}
