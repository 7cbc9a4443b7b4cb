//! What is checked before a merge may be committed: rows read back from the tables, columns compared with what was sent.
//! Also, for a dry run, the changes by field.

use crate::db::DbError;
use crate::load::context::Context;
use crate::load::empty::check_count;
use crate::load::error::{Difference, LoadError};
use crate::load::layouts::Layouts;
use crate::load::rows::{EntityRows, FieldChange, Written, count};

use super::staged::Staged;

/// How many changes of a field are shown.
const SAMPLES: u32 = 3;

/// Whether one of these tables has the owner's triggers, which may remove rows after they were counted.
const TRIGGERS: &str = "SELECT EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
    AND tgrelid = ANY (ARRAY(SELECT to_regclass(t)::oid FROM unnest($1::text[]) t)))";

/// Checks that the table has the written rows, as this transaction's.
pub(super) async fn check(rows: &Staged<'_>, written: Written) -> Result<(), LoadError> {
    if written.inserted + written.updated == 0 {
        return Ok(());
    }
    let statements = &rows.statements;
    // By ids only if they have an index.
    let by_id = rows.options.undoable && statements.info.unique.contains(&statements.entity.system.id);
    let sql = if by_id { statements.read_back_noted(rows.origin) } else { statements.read_back(rows.origin) };
    compare(rows, written, &sql).await
}

async fn compare(rows: &Staged<'_>, written: Written, sql: &str) -> Result<(), LoadError> {
    let row = rows.one(sql).await?;
    let found = Written { inserted: count(row.get(0)), updated: count(row.get(1)), ..written };
    LoadError::unless_found(rows.statements.entity, written, found)
}

/// Counts what was written again, after all that waits for the end of the transaction has been done.
pub(crate) async fn check_again(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
    written: impl Iterator<Item = Written>,
) -> Result<(), LoadError> {
    let names: Vec<_> = context.schema.entities.iter().map(|entity| entity.table.to_string()).collect();
    let row = context.client.query_one(TRIGGERS, &[&names]).await;
    if !row.map_err(|e| DbError::of("looking for triggers", e))?.get::<_, bool>(0) {
        return Ok(());
    }
    for (item, written) in entities.iter().zip(written) {
        if !context.is_staged(item.entity) {
            check_count(context, item.entity, written).await?;
        } else if written.inserted + written.updated > 0 {
            let layouts = Layouts::of(item.harvest);
            let rows = Staged::of(context, item, &layouts);
            compare(&rows, written, &rows.statements.still_there()).await?;
        }
    }
    Ok(())
}

/// Compares each column's checksum, and the number of rows, with what was sent.
pub(super) async fn reconcile(staged: &Staged<'_>, accepted: u64) -> Result<(), LoadError> {
    let entity = staged.statements.entity;
    let mut rows = 0;
    let mut differences = Vec::new();
    for (number, layout) in staged.layouts() {
        let row = staged.one(&staged.statements.reconcile(number, layout)).await?;
        rows += count(row.get(0));
        for (at, &field) in layout.fields.iter().enumerate() {
            let sum = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
            let (sent, found) = (sum(1 + 2 * at), sum(2 + 2 * at));
            if sent != found {
                differences.push(Difference { column: entity.fields[field].column.clone(), sent, found });
            }
        }
    }
    if rows == accepted && differences.is_empty() {
        return Ok(());
    }
    Err(LoadError::Reconcile { table: staged.table(), accepted, rows, differences })
}

/// What updates change, by field.
pub(super) async fn changes(staged: &Staged<'_>) -> Result<Vec<FieldChange>, LoadError> {
    let statements = &staged.statements;
    let mut changes: Vec<FieldChange> = Vec::new();
    for (number, layout) in staged.layouts() {
        let fields: Vec<_> = statements.compared(layout).collect();
        if fields.is_empty() {
            continue;
        }
        let row = staged.one(&statements.changes(number, layout)).await?;
        for (at, field) in fields.into_iter().enumerate() {
            let rows = count(row.get(at));
            if rows == 0 {
                continue;
            }
            let sql = statements.samples(number, layout, field, SAMPLES);
            let found = staged.client.query(&sql, &[]).await.map_err(|e| DbError::of(staged.doing(), e))?;
            let samples = found.iter().map(|row| (row.get(0), row.get(1), row.get(2)));
            if let Some(known) = changes.iter_mut().find(|change| change.field == field) {
                known.rows += rows;
                known.samples.extend(samples);
                known.samples.truncate(SAMPLES as usize);
            } else {
                changes.push(FieldChange { field, rows, samples: samples.collect() });
            }
        }
    }
    changes.sort_by_key(|change| change.field);
    Ok(changes)
}
