//! Tables that keep their definition and their rows' versions for a whole transaction.
//!
//! Rows that another session rewrites after a snapshot was taken are invisible to it: `ALTER TABLE … TYPE`, `TRUNCATE`
//! and their like are not MVCC-safe (PostgreSQL's documentation, section 13.6, "Caveats"). A table that is being rewritten
//! would seem empty. So the tables are locked first, as by `pg_dump`; in REPEATABLE READ the snapshot is taken by the first
//! query after that.

use crate::schema::Table;

use super::DbError;
use super::postgres::Client;

/// Those of the tables that exist, have rows of their own, and may be locked by the role.
const HOLDABLE: &str = "SELECT format('%I.%I', n.nspname, c.relname)
    FROM (SELECT DISTINCT to_regclass(t) FROM unnest($1::text[]) t) named (oid)
    JOIN pg_class c ON c.oid = named.oid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1";

/// The statement that holds the tables from now to the end of a transaction: ACCESS SHARE, the lock of every reader. It
/// is empty if there is nothing to hold. Must be asked for before the transaction begins, and executed as its first.
pub(crate) async fn statement<'t>(
    client: &Client,
    tables: impl IntoIterator<Item = &'t Table>,
) -> Result<String, DbError> {
    let names: Vec<String> = tables.into_iter().map(ToString::to_string).collect();
    let rows = client.query(HOLDABLE, &[&names]).await;
    let rows = rows.map_err(|e| DbError::of("looking for the tables to lock", e))?;
    let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    if names.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))
}
