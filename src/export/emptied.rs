//! Tables that give no rows although some are expected: the last export has rows, or the table has by its statistics.
//! Nothing is wrong with such an export, since its tables are locked and counted; but somebody should hear of it.

use std::path::Path;

use crate::db::DbError;
use crate::sql::literal;

use super::changes::Earlier;
use super::error::ExportError;
use super::job::Job;
use super::manifest::{EntityEntry, Manifest};
use super::options::Filter;
use super::runtime::Interruptible;
use super::write::Export;

impl Export {
    /// What is to be said about tables without rows. `last` is the folder of the export before this one.
    pub(super) fn emptied(
        &self,
        guard: &Interruptible<'_>,
        filters: &[Filter],
        entities: &[EntityEntry],
        earlier: Option<&Earlier>,
        last: Option<&Path>,
    ) -> Result<Vec<String>, ExportError> {
        let empty: Vec<_> = entities
            .iter()
            .filter(|entry| entry.is_whole() && entry.rows == 0)
            .map(|entry| &entry.entity)
            .collect();
        if empty.is_empty() {
            return Ok(Vec::new());
        }
        let last = last.and_then(Manifest::beside);
        let before: Vec<_> = last.iter().chain(earlier.map(Earlier::manifest)).collect();
        let mut warnings = Vec::new();
        for job in self.own_jobs().filter(|job| empty.contains(&&job.name)) {
            let same = before.iter().filter(|manifest| manifest.options.filters == filters);
            let rows = same.filter_map(|manifest| manifest.rows_of(&job.name)).map(|entry| entry.rows).max();
            let Job { name, query, .. } = job;
            let why = if let Some(rows) = rows.filter(|rows| *rows > 0) {
                format!("the export before has {rows}")
            } else if filters.is_empty()
                && let rows @ 1.. = guard.wait(self.estimated(&query.table))?
            {
                format!("by its statistics there are about {rows}")
            } else {
                continue;
            };
            warnings.push(format!(
                "{name}: table {} has no rows, and {why}; was it emptied on purpose?",
                query.table
            ));
        }
        Ok(warnings)
    }

    /// How many rows a table has by its statistics; those of a table with partitions are its partitions'.
    async fn estimated(&self, table: &str) -> Result<i64, ExportError> {
        let name = literal(table);
        let sql = format!(
            "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE oid = {name}::regclass \
             OR oid IN (SELECT relid FROM pg_partition_tree({name}::regclass) WHERE isleaf)"
        );
        let row = self.snapshot.session.client.query_one(&sql, &[]).await;
        Ok(row.map_err(|e| DbError::of(format!("looking at the statistics of table {table}"), e))?.get(0))
    }
}
