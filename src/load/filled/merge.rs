//! Staged rows into a table that may have rows already: new ones are inserted in key order, changed ones updated.

use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::load::error::{LoadError, RefusedRow};
use crate::load::rows::{FieldChange, Written, count};
use crate::read::Layout;
use crate::settle::EntityVerdict;

use super::sql::Which;
use super::staged::Staged;
use super::{append, foreign_keys, readback, refused, swaps};

/// Writes the kept rows, `accepted` of them without those to be deleted. Also returns the changes by field if they are
/// wanted.
pub(crate) async fn merge(
    rows: &Staged<'_>,
    verdict: &EntityVerdict,
    accepted: u64,
) -> Result<(Written, Vec<FieldChange>), LoadError> {
    let entity = &rows.statements.entity.name;
    rows.listener.on(Event::Started { stage: Stage::Upsert, entity, total: None });
    rows.drop_unkept(verdict).await?;
    fault::reach(Point::LosersDropped);
    let changes = if rows.options.dry_run { readback::changes(rows).await? } else { Vec::new() };
    let released = swaps::release(rows).await?;
    let written = write(rows, released).await?;
    readback::check(rows, written).await?;
    fault::reach(Point::ReadBack);
    if rows.options.reconcile {
        readback::reconcile(rows, accepted).await?;
    }
    rows.listener.on(Event::Finished);
    Ok((written, changes))
}

/// Identifies the rows that the database refuses by writing all others, after [`merge`] failed and was rolled back. What
/// this writes must be rolled back, too.
pub(crate) async fn find_refused(
    rows: &Staged<'_>,
    verdict: &EntityVerdict,
) -> Result<Vec<RefusedRow>, LoadError> {
    rows.drop_unkept(verdict).await?;
    swaps::release(rows).await?;
    refused::find(rows).await
}

async fn write(rows: &Staged<'_>, released: bool) -> Result<Written, LoadError> {
    let statements = &rows.statements;
    let row = rows.one(&statements.planned()).await?;
    let [new, changed, same] = [0, 1, 2].map(|at| count(row.get(at)));
    let mut written = Written { unchanged: same, ..Written::default() };
    for (number, layout) in rows.layouts().filter(|_| changed > 0) {
        let Some(update) = statements.update(number, layout, Which::All) else { continue };
        written.updated += if rows.options.undoable {
            let update = statements.update_noted(&update, number, rows.origin, released);
            rows.execute_noted(&update).await?
        } else {
            rows.write(&update).await?
        };
    }
    fault::reach(Point::Updated);
    if new > 0 {
        // If all rows are new, the insert need not look at the plan.
        written.inserted = insert_all(rows, new, changed + same > 0).await?;
    }
    fault::reach(Point::Inserted);
    let sent = Written { inserted: new, updated: changed, ..written };
    if written != sent {
        return Err(LoadError::Discarded { table: rows.table(), sent, written });
    }
    Ok(written)
}

/// Inserts the new rows, `new` of them.
async fn insert_all(rows: &Staged<'_>, new: u64, planned: bool) -> Result<u64, LoadError> {
    let at_once = foreign_keys::checked_at_once(rows, new).await?;
    if at_once {
        foreign_keys::lock_parents(rows).await?;
        foreign_keys::skip_triggers(rows, true).await?;
    }
    let mut inserted = 0;
    if let Some(sequence) = append::sequence(rows, new).await? {
        let table = &rows.statements.entity.table;
        tracing::info!("table {table}: {new} new rows are copied straight in");
        inserted = append::append(rows, new, &sequence).await?;
    } else {
        for (number, layout) in rows.layouts() {
            inserted += insert(rows, number, layout, planned).await?;
        }
    }
    if at_once {
        foreign_keys::skip_triggers(rows, false).await?;
    }
    Ok(inserted)
}

async fn insert(rows: &Staged<'_>, number: usize, layout: &Layout, planned: bool) -> Result<u64, LoadError> {
    let insert = rows.statements.insert(number, layout, planned, Which::All);
    if !rows.options.undoable {
        return rows.write(&insert).await;
    }
    let image = rows.image(layout);
    image.note(rows.client, rows.origin, number).await?;
    rows.execute_noted(&rows.statements.insert_noted(&insert, number, &image, rows.origin)).await
}
