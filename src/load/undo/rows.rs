//! The rows of a run that is undone, locked in a temporary table, and what the undo's statements share.

use crate::db::postgres::types::ToSql;
use crate::db::postgres::{Client, Row};
use crate::db::{DbError, LEAVE, SearchPath, Session};
use crate::load::error::LoadError;
use crate::load::journal::{EntityRecord, RunRecord};
use crate::sql::{dollar_quoted, ident, literal, temporary};

/// The rows of one entity of a run.
pub(super) struct RunRows<'a> {
    pub(super) client: &'a Client,
    /// What the owner's triggers get.
    pub(super) path: &'a SearchPath,
    pub(super) run: &'a RunRecord,
    pub(super) entity: &'a EntityRecord,
    /// A row that has the run's stamp in `xmin` is as the run left it.
    pub(super) stamped: bool,
    /// The temporary table that lists them.
    pub(super) list: String,
    /// As SQL: the run's id, the entity's name, the table's name and identity.
    pub(super) run_id: String,
    pub(super) name: String,
    pub(super) table_name: String,
    pub(super) id: String,
}

impl<'a> RunRows<'a> {
    pub(super) fn of(
        session: &'a Session,
        run: &'a RunRecord,
        entity: &'a EntityRecord,
        stamped: bool,
    ) -> Self {
        Self {
            client: &session.client,
            path: &session.path,
            run,
            entity,
            stamped,
            list: list(entity),
            run_id: format!("{}::uuid", literal(&run.run)),
            name: literal(&entity.entity),
            table_name: literal(&entity.table),
            id: ident(&entity.id_column),
        }
    }

    /// Lists the rows and locks those that are there, in the order of their ids.
    pub(super) async fn lock(&self) -> Result<(), LoadError> {
        let Self { list, run_id, name, id, .. } = self;
        let table = &self.entity.table;
        self.execute(&format!(
            "CREATE TEMPORARY TABLE {list} ON COMMIT DROP AS
             SELECT r.id, true AS fresh, NULL::bigint AS after_hash, b.ctid AS block, r.n AS place
             FROM muster.inserted b
             CROSS JOIN LATERAL (
                SELECT i.id, i.n FROM unnest(b.ids) WITH ORDINALITY i (id, n) WHERE b.ids IS NOT NULL
                UNION ALL SELECT b.first_id + n - 1, n FROM generate_series(1, b.rows) n WHERE b.ids IS NULL) r
             WHERE b.run = {run_id} AND b.entity = {name}
             UNION ALL SELECT id, false, after_hash, NULL, NULL FROM muster.updated WHERE run = {run_id} AND entity = {name};
             ALTER TABLE {list} ADD PRIMARY KEY (id);
             ANALYZE {list}"
        ))
        .await?;
        let lock = format!(
            "BEGIN PERFORM FROM {table} t JOIN {list} l ON l.id = t.{id} ORDER BY t.{id} FOR UPDATE OF t; END"
        );
        self.execute(&format!("DO {}", dollar_quoted(&lock))).await
    }

    /// The transaction that a row counts as written by once it is put back. After a restored dump that is none: the
    /// numbers of another server's transactions may be used again here.
    pub(super) fn writer<'s>(&self, before: &'s str) -> &'s str {
        if self.stamped { before } else { "'0'::xid" }
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, LoadError> {
        Ok(self.client.query(sql, values).await.map_err(|e| failed(&self.run.run, e))?)
    }

    /// Executes a statement that only writes to the table; see `filled::Staged::write`.
    pub(super) async fn write_alone(&self, sql: &str) -> Result<(), LoadError> {
        let ruled = "SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1::text) AND relhasrules)";
        if self.query(ruled, &[&self.entity.table]).await?.iter().any(|row| row.get(0)) {
            return self.execute(sql).await;
        }
        self.write(&self.path.counted(sql)).await
    }

    /// Executes a statement that writes to the table, of which the first value is [`SearchPath::set`].
    pub(super) async fn write(&self, sql: &str) -> Result<(), LoadError> {
        self.execute(&format!("{sql}; {LEAVE}")).await
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<(), LoadError> {
        Ok(self.client.batch_execute(sql).await.map_err(|e| failed(&self.run.run, e))?)
    }
}

/// The temporary table of an entity's rows.
pub(super) fn list(entity: &EntityRecord) -> String {
    temporary("undo", &entity.entity)
}

pub(super) fn failed(run: &str, error: crate::db::postgres::Error) -> DbError {
    DbError::of(format!("undoing run {run}"), error)
}
