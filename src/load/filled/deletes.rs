//! Rows that a file of changes says are gone. If nothing refers to their entity, they are deleted before the others are
//! written, so that their unique values are free; else after the others, when the rows that referred to them are gone
//! or moved. Whether anything still refers to one is asked of every foreign key, regardless of its ON DELETE.

use std::collections::BTreeMap;

use crate::db::DbError;
use crate::fault::{self, Point};
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::layouts::Layouts;
use crate::load::references::ForeignKey;
use crate::load::rows::{EntityRows, row_number};
use crate::record::{EntityIndex, RowNumber};
use crate::settle::{EntityVerdict, Fate};

use super::staged::Staged;

/// When rows are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the others are written.
    Before,
    /// After the others have been written.
    After,
}

/// What was deleted of one entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deleted {
    pub(crate) entity: EntityIndex,
    /// Rows that the server says it deleted.
    pub(crate) deleted: u64,
    /// Rows that the table did not have.
    pub(crate) absent: u64,
}

/// How many rows were accepted without those to be deleted.
pub(crate) fn accepted(item: &EntityRows<'_>, verdict: &EntityVerdict) -> u64 {
    let deletes = item.harvest.deletes.iter().map(|&row| verdict.fates[row]);
    verdict.accepted - deletes.filter(|fate| *fate == Fate::Kept).count() as u64
}

/// Checks that of no entity more rows are deleted than may be. Takes out what is not kept.
/// Errors: [`LoadError::MassDeletes`].
pub(crate) async fn are_few(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
    verdicts: &[EntityVerdict],
) -> Result<(), LoadError> {
    for item in entities.iter().filter(|item| !item.harvest.deletes.is_empty()) {
        let layouts = Layouts::of(item.harvest);
        let rows = Staged::of(context, item, &layouts);
        rows.drop_unkept(&verdicts[item.entity]).await?;
        let deletes = rows.count(&format!("SELECT count(*) {}", rows.statements.going())).await?;
        let (most, table) = (context.options.max_deletes, rows.table());
        let enough = i64::try_from(most.enough(deletes)).unwrap_or(i64::MAX);
        let some =
            rows.count(&format!("SELECT count(*) FROM (SELECT FROM {table} LIMIT {enough}) t")).await?;
        if most.forbids(deletes, some) {
            let all = rows.count(&format!("SELECT count(*) FROM {table}")).await?;
            return Err(LoadError::MassDeletes { table, deletes, rows: all });
        }
    }
    Ok(())
}

/// Deletes the rows whose turn it is, those of entities that refer to others first.
pub(crate) async fn delete(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
    verdicts: &[EntityVerdict],
    when: When,
) -> Result<Vec<Deleted>, LoadError> {
    let mut all = Vec::new();
    for item in entities.iter().rev() {
        if !item.harvest.deletes.is_empty() && context.is_referred_to(item.entity) == (when == When::After) {
            let layouts = Layouts::of(item.harvest);
            let rows = Staged::of(context, item, &layouts);
            rows.drop_unkept(&verdicts[item.entity]).await?;
            let referred = referred(&rows).await?;
            if !referred.is_empty() {
                return Err(LoadError::Referred { entity: item.entity, rows: referred });
            }
            all.push(delete_rows(&rows, item.entity, when).await?);
        }
    }
    Ok(all)
}

async fn delete_rows(rows: &Staged<'_>, entity: EntityIndex, when: When) -> Result<Deleted, LoadError> {
    let statements = &rows.statements;
    let absent = rows.count(&statements.absent_and_deleted()).await?;
    let deleted = if rows.options.undoable {
        rows.execute_noted(&statements.delete_noted(rows.origin, when == When::After)).await?
    } else {
        rows.write(&statements.delete()).await?
    };
    let left = rows.count(&format!("SELECT count(*) {}", statements.going())).await?;
    if left > 0 {
        return Err(LoadError::StillThere { table: rows.table(), deleted, left });
    }
    fault::reach(Point::Deleted);
    Ok(Deleted { entity, deleted, absent })
}

/// The staged rows to be deleted to which rows that stay refer, by any foreign key of the database.
async fn referred(rows: &Staged<'_>) -> Result<Vec<(RowNumber, String)>, LoadError> {
    let (client, statements, table) = (rows.client, &rows.statements, rows.table());
    let failed = |e| DbError::of(format!("looking for references to rows of table {table}"), e);
    let mut found: BTreeMap<RowNumber, String> = BTreeMap::new();
    for key in ForeignKey::to(client, &table).await.map_err(failed)? {
        // A row of the same table that is deleted, too, no longer refers to anything.
        let stays = if key.is_own {
            format!(" AND NOT EXISTS (SELECT {})", statements.leaving("c"))
        } else {
            String::new()
        };
        let sql = format!(
            "SELECT s.o {going} AND EXISTS (SELECT FROM {child} c WHERE {refers}{stays}) ORDER BY s.o",
            going = statements.going(),
            child = key.child,
            refers = key.refers(),
        );
        let by = format!("a row of {} refers to it ({})", key.child, key.constraint);
        for row in client.query(&sql, &[]).await.map_err(failed)? {
            found.entry(row_number(row.get(0))).or_insert_with(|| by.clone());
        }
    }
    Ok(found.into_iter().collect())
}
