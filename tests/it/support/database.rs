//! A fresh database for one test, dropped at its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::sessions::{Rows, Sessions};
use super::{Cluster, cluster};

/// A separate database, on the shared cluster unless a test names another.
#[derive(Debug)]
pub struct Database {
    name: String,
    cluster: &'static Cluster,
    sessions: Sessions,
}

impl Database {
    /// Creates an empty database.
    #[must_use]
    pub fn new() -> Self {
        Self::made(cluster(), "template1")
    }

    /// Creates an empty database on this cluster.
    #[must_use]
    pub fn on(cluster: &'static Cluster) -> Self {
        Self::made(cluster, "template1")
    }

    /// Creates an empty database whose texts are stored in this encoding of PostgreSQL's.
    #[must_use]
    pub fn encoded(encoding: &str) -> Self {
        Self::made(cluster(), &format!("template0 ENCODING '{encoding}' LOCALE 'C'"))
    }

    /// Creates a copy, the rows' versions included. Nobody may be connected to this one meanwhile.
    #[must_use]
    pub fn copy(&self) -> Self {
        self.sessions.close();
        Self::made(self.cluster, &self.name)
    }

    fn made(cluster: &'static Cluster, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        cluster.make_database(&name, template);
        Self { name, cluster, sessions: Sessions::default() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What to give to `--database-url`.
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Runs statements, and gives the rows of the last query: each cell as text, NULL as `None`.
    pub fn rows(&self, sql: &str) -> Rows {
        self.sessions.rows(&self.url(), sql)
    }

    /// Waits until a query has a row.
    #[track_caller]
    pub fn until(&self, sql: &str) {
        let end = Instant::now() + Duration::from_secs(30);
        while self.text(&format!("SELECT EXISTS ({sql})")) != "t" {
            assert!(Instant::now() < end, "never seen: {sql}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The last run that is no undo.
    pub fn latest_run(&self) -> String {
        self.text("SELECT id FROM muster.runs WHERE undoes IS NULL ORDER BY finished DESC LIMIT 1")
    }

    /// All values of accounts and users.
    pub fn contents(&self) -> String {
        [("accounts", "legacy_id"), ("users", "email")]
            .map(|(table, key)| self.text(&format!("SELECT to_jsonb(t) FROM {table} t ORDER BY {key}")))
            .join("\n")
    }

    /// All rows of accounts and users with their versions, which every write changes.
    pub fn versions(&self) -> String {
        ["accounts", "users"]
            .map(|table| self.text(&format!("SELECT xmin, ctid, t FROM {table} t ORDER BY id")))
            .join("\n")
    }

    /// Runs statements and gives the rows as text: cells joined by `|`, NULL as `∅`, a line each.
    pub fn text(&self, sql: &str) -> String {
        let cell = |cell: Option<String>| cell.unwrap_or_else(|| "∅".to_owned());
        let line = |row: Vec<Option<String>>| row.into_iter().map(cell).collect::<Vec<_>>().join("|");
        self.rows(sql).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test that fails must show its own failure, not this one's.
        if !std::thread::panicking() {
            self.cluster.drop_database(&self.name);
        }
    }
}
