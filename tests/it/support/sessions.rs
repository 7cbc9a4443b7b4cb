//! The tests' own sessions with a database. A connection costs fifty times as much as a query, so a session that has
//! only been asked is kept for the next question.

use std::fmt;
use std::sync::Mutex;

use muster::internals::db::postgres::{Error, SimpleQueryMessage};
use muster::internals::db::{Session, connect};
use tokio::runtime::Runtime;

/// Rows: each cell as text, NULL as `None`.
pub type Rows = Vec<Vec<Option<String>>>;

/// The open sessions with one database, for any number of threads.
#[derive(Default)]
pub struct Sessions(Mutex<Vec<Open>>);

struct Open {
    session: Session,
    runtime: Runtime,
}

impl Sessions {
    /// Runs statements and gives the rows of the last query. Statements that could leave something in
    /// their session (a setting, a lock, a transaction) run in a separate one.
    pub fn rows(&self, url: &str, sql: &str) -> Rows {
        let leaves_nothing =
            ["SELECT ", "CREATE DATABASE ", "DROP DATABASE "].iter().any(|start| sql.starts_with(start))
                && ![";", "advisory", "set_config"].iter().any(|word| sql.contains(word));
        // On another thread: a test may ask from inside its runtime.
        std::thread::scope(|scope| {
            let answer =
                scope.spawn(|| if leaves_nothing { self.kept(url, sql) } else { Open::new(url).close(sql) });
            answer.join().unwrap()
        })
    }

    fn kept(&self, url: &str, sql: &str) -> Rows {
        let idle = self.0.lock().unwrap().pop();
        // A test may have ended an idle session, or restarted its server.
        let answer = idle.map(|open| (open.rows(sql), open)).filter(|(rows, _)| !is_lost(rows));
        let (rows, open) = answer.unwrap_or_else(|| {
            let open = Open::new(url);
            (open.rows(sql), open)
        });
        self.0.lock().unwrap().push(open);
        rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// Closes all, for a statement that needs a database without sessions.
    pub fn close(&self) {
        for open in self.0.lock().unwrap().drain(..) {
            // The server's side is gone when this returns.
            let _ = open.runtime.block_on(open.session.close());
        }
    }
}

fn is_lost(rows: &Result<Rows, Error>) -> bool {
    rows.as_ref()
        .is_err_and(|error| error.is_closed() || error.code().is_none_or(|code| code.code() == "57P01"))
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions")
    }
}

impl Open {
    fn new(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let session = runtime.block_on(connect(Some(url), "muster tests")).unwrap();
        Self { session, runtime }
    }

    fn rows(&self, sql: &str) -> Result<Rows, Error> {
        let answers = self.runtime.block_on(self.session.client.simple_query(sql))?;
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
        Ok(rows)
    }

    /// The rows, with the session closed.
    fn close(self, sql: &str) -> Rows {
        let rows = self.rows(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        self.runtime.block_on(self.session.close()).unwrap();
        rows
    }
}
