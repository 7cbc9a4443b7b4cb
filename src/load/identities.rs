//! Whether an error that looks like a row's is the fault of what gives a table's rows their identities. The error of a
//! statement is asked first, then the tables, since a sequence may have fallen behind or run out while the run went on.

use crate::db::DbError;
use crate::db::faults::TableFault;
use crate::db::postgres::Client;
use crate::schema::Entity;
use crate::sql::ident;

use super::context::Context;
use super::error::LoadError;
use super::tables;

/// The indexes that make the column `$2` of the table `$1`, and of its partitions, unique.
const KEYS: &str = "SELECT ARRAY(
    SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indisunique AND i.indnkeyatts = 1 AND a.attname = $2
      AND (i.indrelid = to_regclass($1) OR i.indrelid IN (SELECT relid FROM pg_partition_tree(to_regclass($1)))))";

/// Errors: [`LoadError::Faults`] if a table as a whole is at fault. The transaction must be in order.
pub(super) async fn no_fault(context: &Context<'_>, error: &DbError) -> Result<(), LoadError> {
    let mut faults = tables::faults(context.client, context.schema).await?;
    if faults.is_empty() {
        for entity in &context.schema.entities {
            faults.extend(of_error(context, entity, error).await?);
        }
    }
    tables::fail_if_any(faults)
}

/// The fault that a refused row of the entity's table shows.
async fn of_error(
    context: &Context<'_>,
    entity: &Entity,
    error: &DbError,
) -> Result<Option<TableFault>, LoadError> {
    let Some(said) = error.said() else { return Ok(None) };
    let (table, id) = (entity.table.to_string(), &entity.system.id);
    let failed = |e| DbError::of(format!("looking at table {table}"), e);
    let column = ident(id);
    if said.code().code() == "23505"
        && let Some(index) = said.constraint()
        && keys(context.client, &table, id).await?.iter().any(|key| key == index)
    {
        let own = "SELECT pg_get_serial_sequence($1, $2)";
        let sequence: Option<String> =
            context.client.query_one(own, &[&table, id]).await.map_err(failed)?.get(0);
        return Ok(Some(match sequence {
            Some(sequence) => TableFault::Behind { table, column, sequence },
            None => TableFault::Repeated { table, column },
        }));
    }
    let unnumbered = said.code().code() == "23502"
        && said.column() == Some(id)
        && said.table() == Some(&entity.table.name);
    Ok(unnumbered.then_some(TableFault::Unnumbered { table, column }))
}

/// The names of the indexes that make a table's identity unique.
pub(super) async fn keys(client: &Client, table: &str, id: &str) -> Result<Vec<String>, LoadError> {
    let found = client.query_one(KEYS, &[&table, &id]).await;
    Ok(found.map_err(|e| DbError::of(format!("looking at table {table}"), e))?.get(0))
}
