//! Rows of the target whose keys are not in the files, for `--report-absent`. They are reported; nothing is
//! ever deleted for being absent.

use crate::db::DbError;

use super::{Cargo, Load, LoadError};

/// How many keys are fetched at a time.
const BATCH: usize = 10_000;

impl Load<'_> {
    /// Calls `each` with the keys of the entity's target rows that no record of the files has, in key order;
    /// to be called after staging and before writing. A rejected record is in the file as well: its key does
    /// not count as absent, where it has a legible one.
    ///
    /// # Errors
    ///
    /// The server refuses, or `each` fails.
    pub(crate) async fn absent<E: From<LoadError>>(
        &self,
        item: &Cargo<'_>,
        mut each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_fresh(item.entity) {
            return Ok(());
        }
        let statements = self.statements(item.entity);
        let entity = statements.entity;
        let doing = format!("looking for rows of table {} that the files lack", entity.table);
        let failed = |e| LoadError::from(DbError::of(&*doing, e));
        let rejected: Vec<String> =
            item.harvest.rejected_keys.iter().map(|rejected| rejected.key.clone()).collect();
        let client = &self.session.client;
        client
            .batch_execute(
                "CREATE TEMPORARY TABLE \"muster rejected\" (key text COLLATE \"C\") ON COMMIT DROP",
            )
            .await
            .map_err(failed)?;
        client
            .execute("INSERT INTO \"muster rejected\" SELECT unnest($1::text[])", &[&rejected])
            .await
            .map_err(failed)?;
        let sql = format!(
            "DECLARE \"muster absent\" NO SCROLL CURSOR FOR SELECT t.{key}::text FROM {table} t
             WHERE NOT EXISTS (SELECT FROM {stage} s WHERE t.{key} = {staged})
               AND NOT EXISTS (SELECT FROM \"muster rejected\" r WHERE r.key = t.{key}::text) ORDER BY t.{key}",
            key = statements.column(entity.key),
            table = entity.table,
            stage = statements.stage(),
            staged = statements.staged(entity.key),
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
}
