//! The tables of the invitations, in the schema `muster` like the journal's, and the lock that keeps two invitations
//! apart.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::load::{LoadError, journal, journal_readable};

/// The version of the tables that this program writes.
const VERSION: i32 = 1;
/// The tables' schema.
pub(super) const PLACE: &str = "muster";
/// The advisory lock's key: `musteri` in ASCII. An import's is another one: the two do not wait for each other.
const KEY: i64 = 0x006D_7573_7465_7269;

/// Whether the tables exist, in the version that this program knows.
/// Errors: a newer program created them.
pub(super) async fn exist(client: &Client) -> Result<bool, LoadError> {
    let failed = |e| DbError::of("looking for the invitations (schema muster)", e);
    let there = "SELECT to_regclass('muster.invite_version') IS NOT NULL";
    if !client.query_one(there, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(false);
    }
    let row =
        client.query_one("SELECT max(version) FROM muster.invite_version", &[]).await.map_err(failed)?;
    match row.get::<_, Option<i32>>(0) {
        Some(VERSION) => Ok(true),
        other => Err(LoadError::JournalVersion { found: other.unwrap_or(0), known: VERSION }),
    }
}

/// The schema of the tables, or of tables that stand in for them within the current transaction, if there are none: for a
/// role that may only read.
/// Errors: the role may not read the tables, or a newer program created them.
pub(super) async fn place_or_stand_in(client: &Client) -> Result<&'static str, LoadError> {
    journal_readable(client).await?;
    if exist(client).await? {
        return Ok(PLACE);
    }
    let tables = include_str!("tables.sql").replace("muster.", "pg_temp.");
    let tables = tables.replace("CREATE TABLE", "CREATE TEMPORARY TABLE");
    client.batch_execute(&tables).await.map_err(|e| DbError::of("creating temporary tables", e))?;
    Ok("pg_temp")
}

/// Creates the tables if there are none, within the current transaction; also the journal.
/// Errors: the server refuses, or a newer program created them.
pub(super) async fn ensure(client: &Client) -> Result<(), LoadError> {
    journal::ensure(client).await?;
    if !exist(client).await? {
        let doing = "creating the tables of the invitations (schema muster)";
        client.batch_execute(include_str!("tables.sql")).await.map_err(|e| DbError::of(doing, e))?;
    }
    Ok(())
}

/// Takes the lock until the session ends; false if another session has it.
pub(super) async fn lock(client: &Client) -> Result<bool, LoadError> {
    let taken = client.query_one("SELECT pg_try_advisory_lock($1)", &[&KEY]).await;
    Ok(taken.map_err(|e| DbError::of("taking the invitations' lock", e))?.get(0))
}
