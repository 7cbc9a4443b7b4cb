//! The end of a transaction, known for certain: when the reply to COMMIT is lost, the server is asked what
//! became of the transaction (<https://www.postgresql.org/docs/current/functions-info.html>,
//! `pg_xact_status`), and the journal where the server no longer knows: the run is in it exactly when it was
//! committed.

use std::time::Duration;

use crate::db::postgres::Client;
use crate::db::{DbError, Session};

use super::LoadError;

/// How often the server is asked, a second apart.
const TRIES: u32 = 30;

/// Commits. `transaction` is its number, as [`transaction_id`] gave it; `run` stands in the journal.
///
/// # Errors
///
/// [`LoadError::Unknown`] when the reply was lost and the server could not be asked; otherwise the
/// transaction was rolled back.
pub(crate) async fn commit(session: &Session, transaction: Option<&str>, run: &str) -> Result<(), LoadError> {
    let Err(error) = session.client.batch_execute("COMMIT").await else { return Ok(()) };
    let error = DbError::of("committing", error);
    let (DbError::Lost { .. }, Some(transaction)) = (&error, transaction) else { return Err(error.into()) };
    tracing::warn!("the reply to COMMIT was lost; asking the server what became of the transaction");
    for _ in 0..TRIES {
        match ask(session, transaction, run).await {
            Ok(Some(status)) if status == "committed" => return Ok(()),
            Ok(Some(status)) if status == "aborted" => return Err(error.into()),
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    Err(LoadError::Unknown { transaction: transaction.to_owned(), run: run.to_owned() })
}

/// The number of the transaction at hand; it has one only once it has written something.
pub(crate) async fn transaction_id(client: &Client) -> Result<Option<String>, DbError> {
    let row = client.query_one("SELECT pg_current_xact_id_if_assigned()::text", &[]).await;
    Ok(row.map_err(|e| DbError::of("asking for the transaction's number", e))?.get(0))
}

async fn ask(session: &Session, transaction: &str, run: &str) -> Result<Option<String>, DbError> {
    let failed = |e| DbError::of("asking what became of the transaction", e);
    let other = session.another("muster: what became of a COMMIT").await?;
    let sql = "SELECT pg_xact_status($1::text::xid8), to_regclass('muster.runs') IS NOT NULL";
    let row = other.client.query_one(sql, &[&transaction]).await.map_err(failed)?;
    if let Some(status) = row.get(0) {
        return Ok(Some(status));
    }
    // The server knows only of recent transactions; an older one is not under way any more.
    let committed = if row.get(1) {
        let sql = "SELECT EXISTS (SELECT FROM muster.runs WHERE id = $1::text::uuid)";
        other.client.query_one(sql, &[&run]).await.map_err(failed)?.get(0)
    } else {
        false
    };
    Ok(Some(if committed { "committed" } else { "aborted" }.to_owned()))
}
