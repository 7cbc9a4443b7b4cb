//! Rows of the target whose keys are not in the files, for `--report-absent`. They are only reported; nothing is
//! deleted for being absent.

use crate::db::DbError;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::rows::EntityRows;

/// How many keys are fetched at a time.
const BATCH: usize = 10_000;

/// Calls `each` with the keys of the entity's rows in the target that no record of the files has, in key order, after
/// staging and before writing. A rejected record is in the file as well: its key does not count as absent, if it can be
/// read.
pub(crate) async fn absent<E: From<LoadError>>(
    context: &Context<'_>,
    item: &EntityRows<'_>,
    mut each: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), E> {
    if !context.is_staged(item.entity) {
        return Ok(());
    }
    let statements = context.statements(item.entity);
    let table = &statements.entity.table;
    let doing = format!("looking for rows of table {table} that the files lack");
    let failed = |e| LoadError::from(DbError::of(&*doing, e));
    let rejected = item.harvest.rejected_keys.iter().map(|rejected| rejected.key.clone());
    let rejected: Vec<String> = rejected.filter(|key| context.repertoire.has(key.as_bytes())).collect();
    let client = context.client;
    let create = "CREATE TEMPORARY TABLE \"muster rejected\" (key text COLLATE \"C\") ON COMMIT DROP";
    client.batch_execute(create).await.map_err(failed)?;
    let fill = "INSERT INTO \"muster rejected\" SELECT unnest($1::text[])";
    client.execute(fill, &[&rejected]).await.map_err(failed)?;
    let sql = format!(
        "DECLARE \"muster absent\" NO SCROLL CURSOR FOR SELECT t.{key}::text FROM {table} t
         WHERE NOT EXISTS (SELECT FROM {stage} s WHERE {has_key})
           AND NOT EXISTS (SELECT FROM \"muster rejected\" r WHERE {rejected}) ORDER BY t.{key}",
        key = statements.key_column(),
        stage = statements.stage(),
        has_key = statements.has_key("t"),
        rejected =
            statements.info.has_text("t", &statements.entity.fields[statements.entity.key].column, "r.key"),
    );
    client.batch_execute(&sql).await.map_err(failed)?;
    let fetch = format!("FETCH {BATCH} FROM \"muster absent\"");
    loop {
        let rows = client.query(&fetch, &[]).await.map_err(failed)?;
        for row in &rows {
            each(row.get(0))?;
        }
        if rows.len() < BATCH {
            break;
        }
    }
    let close = "CLOSE \"muster absent\"; DROP TABLE \"muster rejected\"";
    Ok(client.batch_execute(close).await.map_err(failed)?)
}
