//! What an undo did, counted in the tables at its end: a trigger or a rule may have kept a row, and the server counts
//! what it was asked to do.

use crate::load::error::LoadError;
use crate::load::journal::{JSON_HASH, ROW_HASH};
use crate::load::rows::count;

use super::rows::RunRows;

/// What an undo did to an entity's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    pub(crate) entity: String,
    pub(crate) deleted: u64,
    /// Rows restored, whether they had been updated or deleted.
    pub(crate) restored: u64,
    /// Rows that stay as they are, since `muster runs forget` removed their undo data.
    pub(crate) forgotten: u64,
}

/// Counts the rows of an entity that are gone, and those that are back. `differs` is the condition that a row which the
/// run updated is still to be put back.
/// Errors: a row that was to go is still there, or one that was to come back is not.
pub(super) async fn check(rows: &RunRows<'_>, differs: Option<&str>) -> Result<Undone, LoadError> {
    let (entity, list, id) = (rows.entity, &rows.list, &rows.id);
    let (table, run, name) = (&entity.table, &rows.run_id, &rows.name);
    let kept = |what, kept| LoadError::Kept { table: table.clone(), what, rows: kept };
    let inserted = rows
        .counts(&format!(
            "SELECT count(*), count(t.{id}) FROM {list} l LEFT JOIN {table} t ON t.{id} = l.id WHERE l.fresh"
        ))
        .await?;
    if inserted.1 > 0 {
        return Err(kept("were to be deleted and are still there", inserted.1));
    }
    let mut restored = 0;
    if entity.updated > 0 {
        // A trigger may change what is put back, but a row as the run left it was not put back at all.
        let hash = if rows.run.text_images { ROW_HASH } else { JSON_HASH };
        let (all, left) = rows
            .counts(&format!(
                "SELECT count(*), count(*) FILTER (WHERE t.{id} IS NULL OR ({differs}) AND u.after_hash = {hash})
                 FROM muster.updated u LEFT JOIN {table} t ON t.{id} = u.id WHERE u.run = {run} AND u.entity = {name}",
                differs = differs.unwrap_or("false"),
            ))
            .await?;
        if left > 0 {
            return Err(kept("were to be put back and are as the run left them, or gone", left));
        }
        restored += all;
    }
    if entity.deleted > 0 {
        let (all, back) = rows
            .counts(&format!(
                "SELECT count(*), count(t.{id}) FROM muster.deleted d LEFT JOIN {table} t ON t.{id} = d.id
                 WHERE d.run = {run} AND d.entity = {name}"
            ))
            .await?;
        if back < all {
            return Err(kept("that the run deleted were to come back and did not", all - back));
        }
        restored += all;
    }
    Ok(Undone { entity: entity.entity.clone(), deleted: inserted.0, restored, forgotten: entity.forgotten })
}

impl RunRows<'_> {
    /// The two counts that a query gives.
    async fn counts(&self, sql: &str) -> Result<(u64, u64), LoadError> {
        let found = self.query(sql, &[]).await?;
        Ok((count(found[0].get(0)), count(found[0].get(1))))
    }
}
