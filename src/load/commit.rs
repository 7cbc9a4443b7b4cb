//! The end of a transaction, known for certain. If the reply to COMMIT is lost, the server is asked for the
//! transaction's status (`pg_xact_status`, <https://www.postgresql.org/docs/current/functions-info.html>). If the
//! server no longer knows it, the journal is asked: it has the run exactly if the transaction was committed. That it was
//! not committed, only the server itself can say.

use std::time::Duration;

use crate::db::postgres::Client;
use crate::db::{DbError, Session};
use crate::fault::{self, Point};
use crate::record::RunId;

use super::error::LoadError;

/// How often the server is asked.
const TRIES: u32 = 35;

/// The pauses between two questions: short at first, while the server is most likely still ending the transaction.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How long a reply may take without a word.
const QUIET: Duration = Duration::from_secs(4);

/// See [`identity`]. A standby refuses to say it.
const IDENTITY: &str = "SELECT concat_ws(' ', inet_server_addr(), current_setting('port'),
    left(pg_walfile_name(pg_current_wal_lsn()), 8))";

/// How many of the pauses are short.
const SHORT: u32 = 5;

/// A transaction's status.
enum Status {
    Committed,
    RolledBack,
    InProgress,
}

/// Commits the transaction, in which `run` was written to the journal.
/// Errors: [`LoadError::Unknown`] if the reply was lost and the server could not be asked; with any other error the
/// transaction was rolled back.
pub(super) async fn commit(session: &Session, run: &RunId) -> Result<(), LoadError> {
    let transaction = transaction_id(&session.client).await?;
    let server = identity(&session.client).await?;
    // For what triggers do at the end of the transaction.
    let entered = session.client.batch_execute(&session.path.enter()).await;
    entered.map_err(|e| DbError::of("committing", e))?;
    fault::reach(Point::BeforeCommit);
    let sent = fault::sent(Point::CommitSent, session.client.batch_execute("COMMIT"));
    let Err(error) = told(sent).await else {
        return Ok(());
    };
    let error = DbError::of("committing", error);
    // A server that says why it refuses has rolled back; one that ended the session may have committed.
    let refused = error.sqlstate().is_some() && !matches!(error, DbError::Lost { .. });
    let (false, Some(transaction)) = (refused, transaction) else { return Err(error.into()) };
    tracing::warn!(
        "the reply to COMMIT was lost; asking the server for the status of transaction {transaction}"
    );
    for turn in 0..fault::number("MUSTER_TEST_TRIES", TRIES) {
        match ask(session, server.as_deref(), &transaction, run).await {
            Ok(Status::Committed) => {
                tracing::warn!("the server says that transaction {transaction} was committed");
                return Ok(());
            }
            Ok(Status::RolledBack) => {
                return Err(LoadError::RolledBack { transaction, source: error });
            }
            Ok(Status::InProgress) => tracing::debug!("transaction {transaction} is still in progress"),
            Err(error) => tracing::debug!("{error}"),
        }
        tokio::time::sleep(PAUSES[usize::from(turn >= SHORT)]).await;
    }
    Err(LoadError::Unknown { transaction, run: run.to_string() })
}

/// The number of the current transaction; it has one only once it has written something.
async fn transaction_id(client: &Client) -> Result<Option<String>, DbError> {
    let row = client.query_one("SELECT pg_current_xact_id_if_assigned()::text", &[]).await;
    Ok(row.map_err(|e| DbError::of("asking for the transaction's number", e))?.get(0))
}

/// Waits for an answer, and says after a moment what is waited for.
async fn told<T>(answer: impl Future<Output = T>) -> T {
    tokio::pin!(answer);
    if let Ok(answer) = tokio::time::timeout(QUIET, &mut answer).await {
        return answer;
    }
    tracing::warn!("COMMIT was sent; waiting for the server's reply");
    answer.await
}

/// What tells the server that takes the COMMIT from every other one, also from a standby that takes its place: its address,
/// and the timeline of its log. NULL if it does not say.
async fn identity(client: &Client) -> Result<Option<String>, DbError> {
    let failed = |e| DbError::of("asking which server this is", e);
    client.batch_execute("SAVEPOINT identity").await.map_err(failed)?;
    let found = client.query_one(IDENTITY, &[]).await;
    client.batch_execute("ROLLBACK TO identity; RELEASE identity").await.map_err(failed)?;
    Ok(found.ok().and_then(|row| row.get(0)))
}

/// Asks the server that took the COMMIT, else the others. Only that one knows that there was none: another may be a standby
/// that has not got so far, or one that took its place without.
async fn ask(
    session: &Session,
    server: Option<&str>,
    transaction: &str,
    run: &RunId,
) -> Result<Status, DbError> {
    let name = "muster: status of a COMMIT";
    let own = session.another(name).await;
    let others = if own.is_ok() { Vec::new() } else { session.elsewhere(name).await };
    for other in own.iter().chain(&others) {
        let status = status(other, transaction, run).await;
        if matches!(status, Ok(Status::Committed)) {
            return status;
        }
        let found = other.client.query_one(IDENTITY, &[]).await;
        let found: Option<String> = found.ok().and_then(|row| row.get(0));
        if found.is_some() && found.as_deref() == server {
            return status;
        }
    }
    own.map(|_| Status::InProgress)
}

async fn status(other: &Session, transaction: &str, run: &RunId) -> Result<Status, DbError> {
    let failed = |e| DbError::of("asking for the transaction's status", e);
    let status = other.client.query_one("SELECT pg_xact_status($1::text::xid8)", &[&transaction]).await;
    let status: Option<String> = match status.map_err(failed) {
        Ok(row) => row.get(0),
        // Invalid parameter: after a crash, a server gives out again the numbers that it has no durable trace of.
        Err(error) if error.sqlstate().is_some_and(|state| state.code() == "22023") => None,
        Err(error) => return Err(error),
    };
    match status.as_deref() {
        Some("committed") => return Ok(Status::Committed),
        Some("aborted") => return Ok(Status::RolledBack),
        Some(_) => return Ok(Status::InProgress),
        None => {}
    }
    // The server knows only recent transactions; one that it does not know is over.
    let row = other.client.query_one("SELECT to_regclass('muster.runs') IS NOT NULL", &[]).await;
    let mut committed: bool = row.map_err(failed)?.get(0);
    if committed {
        let sql = "SELECT EXISTS (SELECT FROM muster.runs WHERE id = $1::text::uuid)";
        committed = other.client.query_one(sql, &[&run.as_str()]).await.map_err(failed)?.get(0);
    }
    Ok(if committed { Status::Committed } else { Status::RolledBack })
}
