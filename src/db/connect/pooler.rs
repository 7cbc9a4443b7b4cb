//! Whether a pooler between us and the server hands each transaction of a connection to another server process. The lock
//! of a run and the settings of a session would stay with processes that other programs use.
//!
//! A server process that was started for our own connection says so: the connection's name came with its start. If it did
//! not, a pooler is there, and a second connection shows how it works: while it has a transaction open, ours must still
//! be answered by the process that answered before, and the other one by another. Nothing is changed or locked meanwhile.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::super::DbError;
use super::session::Session;

/// How often the processes are compared: other clients of the pool may take one in between.
const ROUNDS: usize = 5;

/// How long to wait for a process. A pool that has none for a second connection keeps one for ours.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of an application's name the server keeps.
const NAME: usize = 63;

/// A server process, which no other has been.
const PROCESS: &str = "SELECT pid, pg_catalog.date_part('epoch', backend_start)
    FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())";

/// Where the connection's name came from, and what it is.
const ORIGIN: &str = "SELECT source, setting FROM pg_catalog.pg_settings
    WHERE name OPERATOR(pg_catalog.=) 'application_name'";

/// Errors: [`DbError::Pooled`], if the connection shares its server processes with others. `name` is what it calls itself.
pub(super) async fn refuse_shared(session: &Session, name: &str) -> Result<(), DbError> {
    let own = ["client", name.get(..NAME).unwrap_or(name)];
    let origin = first_row(&session.client, ORIGIN, "ROLLBACK").await.map_err(failed)?;
    if origin == own || !is_shared(session, name).await? {
        return Ok(());
    }
    Err(DbError::Pooled { target: session.target().to_owned() })
}

async fn is_shared(session: &Session, name: &str) -> Result<bool, DbError> {
    let process = || timeout(PATIENCE, first_row(&session.client, PROCESS, "ROLLBACK"));
    let Ok(first) = process().await else { return Ok(false) };
    let first = first.map_err(failed)?;
    // Without a second connection it cannot be known; one alone harms least.
    let Ok(Ok(other)) = timeout(PATIENCE, session.another_bare(name)).await else { return Ok(false) };
    let mut others = None;
    for _ in 0..ROUNDS {
        let holding = first_row(&other.client, PROCESS, "");
        let held = match timeout(PATIENCE, holding).await {
            Ok(Ok(held)) => held,
            // A pool in statement mode refuses transactions.
            Ok(Err(error)) => return Ok(error.code() == Some(&SqlState::PROTOCOL_VIOLATION)),
            Err(_) => return Ok(false),
        };
        // If the other connection has our process, there may be no second one to answer.
        let again = if held == first { None } else { Some(process().await) };
        // A transaction that is left open would cost the pool its process.
        let ended = other.client.batch_execute("ROLLBACK").await;
        match again {
            Some(Ok(Ok(again))) if again == first => {}
            Some(Ok(Err(error))) => return Err(failed(error)),
            _ => return Ok(true),
        }
        if *others.get_or_insert_with(|| held.clone()) != held || ended.is_err() {
            return Ok(ended.is_ok());
        }
    }
    Ok(false)
}

/// The cells of the first row of an answer, in a transaction that goes on unless `end` ends it.
async fn first_row(client: &Client, sql: &str, end: &str) -> Result<Vec<String>, Error> {
    let answers =
        client.simple_query(&format!("BEGIN; SET LOCAL statement_timeout = 0; {sql}; {end}")).await?;
    let row = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let cells = row.into_iter().flat_map(|row| (0..row.len()).map(|at| row.get(at).unwrap_or_default()));
    Ok(cells.map(str::to_owned).collect())
}

fn failed(error: Error) -> DbError {
    DbError::of("asking which process of the server answers", error)
}
