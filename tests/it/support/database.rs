//! A fresh database for one test, dropped at its end.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use muster::internals::db::{Endpoint, Session, postgres::SimpleQueryMessage};

use super::{Cluster, block_on, cluster};

/// A database of its own, on the shared cluster unless a test says another.
#[derive(Debug)]
pub struct Database {
    name: String,
    cluster: &'static Cluster,
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
        Self::made(self.cluster, &self.name)
    }

    fn made(cluster: &'static Cluster, template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        run(cluster, "postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { name, cluster }
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
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        run(self.cluster, &self.name, sql)
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
            run(self.cluster, "postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn run(cluster: &'static Cluster, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    // On a thread of its own: a test may ask from inside its runtime.
    std::thread::scope(|scope| scope.spawn(|| block_on(answers(cluster, database, sql))).join().unwrap())
}

async fn answers(cluster: &'static Cluster, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let endpoint = Endpoint::named(Some(&cluster.url(database))).unwrap().unwrap();
    let session: Session = endpoint.connect("muster tests").await.unwrap();
    let answers = session.client.simple_query(sql).await;
    let answers = answers.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let mut rows = Vec::new();
    for answer in answers {
        match answer {
            SimpleQueryMessage::RowDescription(_) => rows.clear(),
            SimpleQueryMessage::Row(row) => {
                rows.push((0..row.len()).map(|at| row.get(at).map(ToOwned::to_owned)).collect());
            }
            _ => {}
        }
    }
    session.close().await.unwrap();
    rows
}
