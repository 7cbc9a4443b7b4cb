//! What an attempt at the transaction leaves to the next one, and what other sessions did meanwhile.

use std::collections::HashSet;

use crate::db::{DbError, Session};
use crate::record::{EntityIndex, RowNumber};
use crate::schema::Schema;

use super::context::Context;
use super::error::{LoadError, RefusedRow};

/// What the attempts before this one found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Earlier {
    /// Per entity, whether its table existed when the run began.
    existed: Vec<bool>,
    /// Rows that were refused because another session had just written their value.
    overtaken: HashSet<(EntityIndex, RowNumber)>,
    /// The database refused a row on the direct path.
    pub(super) find_refused: bool,
    /// A table that was to be created was there.
    appeared: bool,
}

/// The SQLSTATEs of a value that another row has.
const TAKEN: [&str; 2] = ["23505", "23P01"];

impl Earlier {
    /// Takes what an error tells the next attempt. Whether that may succeed.
    pub(crate) fn take(&mut self, error: &LoadError) -> bool {
        match error {
            LoadError::Database(DbError::Conflict { .. }) => true,
            LoadError::Overtaken { entity, rows, .. } => {
                self.overtaken.extend(rows.iter().map(|&row| (*entity, row)));
                true
            }
            LoadError::DirectPath(_) => !std::mem::replace(&mut self.find_refused, true),
            LoadError::Appeared { .. } => !std::mem::replace(&mut self.appeared, true),
            _ => false,
        }
    }

    /// Notes which tables exist, or fails if one is gone.
    pub(super) fn compare<T>(&mut self, schema: &Schema, tables: &[Option<T>]) -> Result<(), LoadError> {
        let known = self.existed.iter().zip(tables).zip(&schema.entities);
        for ((existed, now), entity) in known {
            if *existed && now.is_none() {
                return Err(LoadError::gone(&entity.table));
            }
        }
        self.existed = tables.iter().map(Option::is_some).collect();
        Ok(())
    }

    /// Fails if rows were refused that another session may have overtaken: it wrote a value of theirs since the
    /// transaction's snapshot, in which they are new. The next attempt sees that value. What is refused again then, was
    /// refused for a reason of its own.
    pub(super) async fn unless_overtaken(
        &self,
        (session, context): (&Session, &Context<'_>),
        entity: EntityIndex,
        refused: &[RefusedRow],
    ) -> Result<(), LoadError> {
        let is_new = |(row, state): &&RefusedRow| {
            TAKEN.contains(&state.as_str()) && !self.overtaken.contains(&(entity, *row))
        };
        let rows: Vec<RowNumber> = refused.iter().filter(is_new).map(|(row, _)| *row).collect();
        let table = context.entity(entity).table.to_string();
        if rows.is_empty() || !is_written_by_others(session, context, &table).await? {
            return Ok(());
        }
        Err(LoadError::Overtaken { entity, table, rows })
    }
}

/// Whether another session may have written to the table since the oldest transaction that the current one's snapshot
/// does not see.
async fn is_written_by_others(
    session: &Session,
    context: &Context<'_>,
    table: &str,
) -> Result<bool, LoadError> {
    let failed = |e| DbError::of(format!("asking whether others write to table {table}"), e);
    // As rows have it: without the epoch.
    let oldest = "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % 4294967296)::text";
    let oldest: String = context.client.query_one(oldest, &[]).await.map_err(failed)?.get(0);
    let Ok(other) = session.another("muster: rows of others").await else { return Ok(true) };
    let sql = format!("SELECT EXISTS (SELECT FROM {table} t WHERE age(t.xmin) <= age('{oldest}'::xid))");
    let found = other.client.query_one(&sql, &[]).await.map_err(failed)?.get(0);
    Ok(found)
}
