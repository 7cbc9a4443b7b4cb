//! One snapshot for all connections: the leader's transaction exports it, and every reader's transaction adopts it
//! before its first query.

use crate::db::catalog::{self, Misfit, TableInfo};
use crate::db::postgres::Client;
use crate::db::{DbError, Session, connect, hold, located};
use crate::schema::Schema;
use crate::sql::literal;

use super::error::ExportError;

/// The advisory lock's key of `--lock`: `export` in ASCII.
const KEY: i64 = 0x6578_706F_7274;

/// With row security off the server refuses the query instead of leaving out rows.
const SETTINGS: &str = "SET LOCAL row_security = off; SET LOCAL jit = off";

/// The leader's session with its transaction open.
pub(crate) struct Snapshot {
    pub(crate) session: Session,
    /// The schema with the places of its tables.
    pub(crate) schema: Schema,
    /// The name by which a reader's transaction adopts it.
    name: String,
    /// Which transactions it sees.
    pub(crate) position: String,
    /// When it was taken, by the server's clock.
    pub(crate) taken: String,
    /// Whether the server orders texts by their bytes in UTF-8.
    pub(crate) by_bytes: bool,
}

impl Snapshot {
    /// Connects, holds the tables of the chosen entities and of those they refer to, and takes the snapshot.
    pub(crate) async fn take(
        url: Option<&str>,
        name: &str,
        lock: bool,
        (schema, chosen): (&Schema, &[usize]),
    ) -> Result<Self, ExportError> {
        let session = connect(url, name).await?;
        let doing = "taking the snapshot";
        let failed = |e| DbError::of(doing, e);
        if lock {
            let asked = session.client.query_one("SELECT pg_try_advisory_lock($1)", &[&KEY]).await;
            if !asked.map_err(|e| DbError::of("taking the export's lock", e))?.get::<_, bool>(0) {
                return Err(ExportError::Locked);
            }
        }
        let schema = located(&session.client, &session.path, schema).await?;
        let tables = needed(&schema, chosen).into_iter().map(|entity| &schema.entities[entity].table);
        let hold = hold::statement(&session.client, tables).await?;
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS}; {hold}");
        session.client.batch_execute(&begin).await.map_err(failed)?;
        let asked = "SELECT pg_export_snapshot(), txid_current_snapshot()::text, \
             to_char(transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
             current_setting('server_encoding') = 'UTF8'";
        let row = session.client.query_one(asked, &[]).await.map_err(failed)?;
        let (name, position, taken, by_bytes) = (row.get(0), row.get(1), row.get(2), row.get(3));
        Ok(Self { session, schema, name, position, taken, by_bytes })
    }

    /// Opens another connection that sees the same snapshot.
    pub(crate) async fn reader(&self, name: &str) -> Result<Session, DbError> {
        let session = self.session.another(name).await?;
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}; {SETTINGS}",
            literal(&self.name)
        );
        session.client.batch_execute(&begin).await.map_err(|e| DbError::of("joining the snapshot", e))?;
        Ok(session)
    }

    /// The tables of the chosen entities and of those they refer to. They are checked only as far as reading needs.
    pub(crate) async fn tables(&self, chosen: &[usize]) -> Result<Vec<Option<TableInfo>>, ExportError> {
        tables(&self.session.client, &self.schema, chosen).await
    }
}

/// The chosen entities and all that they refer to.
fn needed(schema: &Schema, chosen: &[usize]) -> Vec<usize> {
    let mut needed = chosen.to_vec();
    let mut at = 0;
    while let Some(&index) = needed.get(at) {
        let more = schema.entities[index].references().map(|(_, reference)| reference.entity);
        needed.extend(more.filter(|more| !needed.contains(more)).collect::<Vec<_>>());
        at += 1;
    }
    needed
}

/// See [`Snapshot::tables`].
pub(super) async fn tables(
    client: &Client,
    schema: &Schema,
    chosen: &[usize],
) -> Result<Vec<Option<TableInfo>>, ExportError> {
    let needed = needed(schema, chosen);
    let mut tables = Vec::new();
    let mut misfits = Vec::new();
    for (index, entity) in schema.entities.iter().enumerate() {
        if !needed.contains(&index) {
            tables.push(None);
            continue;
        }
        let Some(table) = catalog::look_up(client, &entity.table).await? else {
            let (entity, table) = (entity.name.clone(), entity.table.to_string());
            return Err(ExportError::NoTable { entity, table });
        };
        misfits.extend(catalog::misfits(entity, &table).into_iter().filter(|misfit| match misfit {
            Misfit::MissingColumn { .. } | Misfit::Type { .. } => true,
            Misfit::Right { right, .. } => *right == "SELECT",
            Misfit::Default { .. }
            | Misfit::Computed { .. }
            | Misfit::NoUniqueIndex { .. }
            | Misfit::Unfilled { .. } => false,
        }));
        tables.push(Some(table));
    }
    if misfits.is_empty() { Ok(tables) } else { Err(ExportError::Misfits(misfits)) }
}
