//! The journal's tables: whether they exist, and creating or upgrading them.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::load::rights;

/// The version of the journal's tables that this program writes.
const VERSION: i32 = 4;

/// From each version to the next.
static UPGRADES: [&str; 3] =
    [include_str!("from_1_to_2.sql"), include_str!("from_2_to_3.sql"), include_str!("from_3_to_4.sql")];

/// Whether the database has a journal of the version that this program knows.
/// Errors: it has another version, or the role lacks one of these rights on it.
pub(super) async fn exists(client: &Client, rights: &[&str]) -> Result<bool, LoadError> {
    rights::journal(client, rights).await?;
    let failed = |e| DbError::of("looking for the journal (schema muster)", e);
    let there = "SELECT to_regclass('muster.version') IS NOT NULL";
    if !client.query_one(there, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(false);
    }
    let row = client.query_one("SELECT max(version) FROM muster.version", &[]).await.map_err(failed)?;
    match row.get::<_, Option<i32>>(0) {
        Some(VERSION) => Ok(true),
        Some(found) if found < VERSION => Err(LoadError::JournalOld { found, known: VERSION }),
        other => Err(LoadError::JournalVersion { found: other.unwrap_or(0), known: VERSION }),
    }
}

/// Creates the journal if there is none, and upgrades an older one, within the current transaction.
pub(crate) async fn ensure(client: &Client) -> Result<(), LoadError> {
    let doing = format!("bringing the journal (schema muster) up to version {VERSION}");
    let (doing, steps) = match exists(client, rights::JOURNAL_IMPORT).await {
        Ok(true) => return Ok(()),
        Ok(false) => ("creating the journal (schema muster)", &[include_str!("tables.sql")][..]),
        Err(error) => {
            let LoadError::JournalOld { found, .. } = &error else { return Err(error) };
            let done = usize::try_from(found - 1).ok();
            match done.and_then(|done| UPGRADES.get(done..)) {
                Some(steps) => (doing.as_str(), steps),
                None => return Err(error),
            }
        }
    };
    for sql in steps {
        client.batch_execute(sql).await.map_err(|e| DbError::of(doing, e))?;
    }
    Ok(())
}
