//! The end of a transaction, known for certain: when the reply to COMMIT is lost, the server is asked what
//! became of the transaction (<https://www.postgresql.org/docs/current/functions-info.html>,
//! `pg_xact_status`), and the journal where the server no longer knows: the run is in it exactly when it was
//! committed.

use std::time::Duration;

use crate::db::postgres::Client;
use crate::db::{DbError, Session};
use crate::fault::{self, Point};

use super::LoadError;

/// How often the server is asked.
const TRIES: u32 = 35;

/// How long between two questions: at first the server is most likely still seeing what happened.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How many of the pauses are short.
const SHORT: u32 = 5;

/// What became of a transaction.
enum Fate {
    Committed,
    RolledBack,
    UnderWay,
}

/// Commits. `transaction` is its number, as [`transaction_id`] gave it; `run` stands in the journal.
///
/// # Errors
///
/// [`LoadError::Unknown`] when the reply was lost and the server could not be asked; otherwise the
/// transaction was rolled back.
pub(crate) async fn commit(session: &Session, transaction: Option<&str>, run: &str) -> Result<(), LoadError> {
    fault::reach(Point::BeforeCommit);
    let Err(error) = fault::sent(Point::CommitSent, session.client.batch_execute("COMMIT")).await else {
        return Ok(());
    };
    let error = DbError::of("committing", error);
    // A server that says why it refuses has rolled back; one that ended the session may have committed.
    let refused = error.sqlstate().is_some() && !matches!(error, DbError::Lost { .. });
    let (false, Some(transaction)) = (refused, transaction) else { return Err(error.into()) };
    tracing::warn!(
        "the reply to COMMIT was lost; asking the server what became of transaction {transaction}"
    );
    for turn in 0..fault::tries(TRIES) {
        match ask(session, transaction, run).await {
            Ok(Fate::Committed) => {
                tracing::warn!("the server says that transaction {transaction} was committed");
                return Ok(());
            }
            Ok(Fate::RolledBack) => {
                return Err(LoadError::RolledBack { transaction: transaction.to_owned(), source: error });
            }
            Ok(Fate::UnderWay) => tracing::debug!("transaction {transaction} is still under way"),
            Err(error) => tracing::debug!("{error}"),
        }
        tokio::time::sleep(PAUSES[usize::from(turn >= SHORT)]).await;
    }
    Err(LoadError::Unknown { transaction: transaction.to_owned(), run: run.to_owned() })
}

/// The number of the transaction at hand; it has one only once it has written something.
pub(crate) async fn transaction_id(client: &Client) -> Result<Option<String>, DbError> {
    let row = client.query_one("SELECT pg_current_xact_id_if_assigned()::text", &[]).await;
    Ok(row.map_err(|e| DbError::of("asking for the transaction's number", e))?.get(0))
}

async fn ask(session: &Session, transaction: &str, run: &str) -> Result<Fate, DbError> {
    let failed = |e| DbError::of("asking what became of the transaction", e);
    let other = session.another("muster: what became of a COMMIT").await?;
    let status = other.client.query_one("SELECT pg_xact_status($1::text::xid8)", &[&transaction]).await;
    let status: Option<String> = match status.map_err(failed) {
        Ok(row) => row.get(0),
        // Invalid parameter: a server that crashed meanwhile gives numbers out again that nothing durable bears.
        Err(error) if error.sqlstate().is_some_and(|state| state.code() == "22023") => None,
        Err(error) => return Err(error),
    };
    match status.as_deref() {
        Some("committed") => return Ok(Fate::Committed),
        Some("aborted") => return Ok(Fate::RolledBack),
        Some(_) => return Ok(Fate::UnderWay),
        None => {}
    }
    // The server knows only of recent transactions; another one is not under way any more.
    let row = other.client.query_one("SELECT to_regclass('muster.runs') IS NOT NULL", &[]).await;
    let mut committed: bool = row.map_err(failed)?.get(0);
    if committed {
        let sql = "SELECT EXISTS (SELECT FROM muster.runs WHERE id = $1::text::uuid)";
        committed = other.client.query_one(sql, &[&run]).await.map_err(failed)?.get(0);
    }
    Ok(if committed { Fate::Committed } else { Fate::RolledBack })
}
