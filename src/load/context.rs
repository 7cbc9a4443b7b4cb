//! What the steps of a load share: the connection, the schema, the tables, and which path each table takes.

use crate::db::catalog::TableInfo;
use crate::db::postgres::{Client, Row};
use crate::db::{DbError, SearchPath};
use crate::event::Listener;
use crate::record::{EntityIndex, RunId};
use crate::schema::{Entity, Schema};
use crate::settings::Target;

use super::error::{LoadError, RefusedRow};
use super::filled::sql::Statements;
use super::journal::Origin;
use super::path::Obstacle;
use super::repertoire::Repertoire;

/// What the steps of a load share.
pub(super) struct Context<'a> {
    pub(super) client: &'a Client,
    /// What the owner's triggers get.
    pub(super) path: &'a SearchPath,
    pub(super) schema: &'a Schema,
    pub(super) options: &'a Target,
    pub(super) listener: &'a dyn Listener,
    /// The run, for the journal.
    pub(super) run: RunId,
    /// Per entity in load order; `None` if the table does not exist yet.
    pub(super) tables: Vec<Option<TableInfo>>,
    /// Per entity what keeps it from the direct path, if anything does.
    pub(super) obstacles: Vec<Option<Obstacle>>,
    pub(super) repertoire: Repertoire,
    /// Per entity the rows that are not sent, since the database's encoding lacks a character of them; in order.
    pub(super) unsent: Vec<Vec<RefusedRow>>,
}

impl Context<'_> {
    pub(super) fn entity(&self, index: EntityIndex) -> &Entity {
        &self.schema.entities[index]
    }

    /// Whether the entity's rows are staged, and not copied straight into the table.
    pub(super) fn is_staged(&self, entity: EntityIndex) -> bool {
        self.obstacles[entity].is_some()
    }

    /// Whether another entity, or the entity itself, refers to it.
    pub(super) fn is_referred_to(&self, entity: EntityIndex) -> bool {
        let all = self.schema.entities.iter();
        all.flat_map(Entity::references).any(|(_, reference)| reference.entity == entity.0)
    }

    pub(super) fn origin(&self, entity: EntityIndex) -> Origin<'_> {
        Origin { run: &self.run, entity: &self.entity(entity).name }
    }

    pub(super) fn table(&self, entity: EntityIndex) -> &TableInfo {
        self.tables[entity].as_ref().expect("begin created the missing tables")
    }

    pub(super) fn statements(&self, entity: EntityIndex) -> Statements<'_> {
        Statements {
            path: self.path,
            schema: self.schema,
            entity: self.entity(entity),
            info: self.table(entity),
            tables: &self.tables,
            on_empty: self.options.on_empty,
        }
    }

    pub(super) async fn execute(&self, sql: &str, doing: &str) -> Result<(), LoadError> {
        Ok(self.client.batch_execute(sql).await.map_err(|e| DbError::of(doing, e))?)
    }

    /// Executes statements that name nothing in the connection's own search path, so that what they call finds its names.
    pub(super) async fn execute_in_path(&self, sql: &str, doing: &str) -> Result<(), LoadError> {
        self.execute(&self.path.around(sql), doing).await
    }

    pub(super) async fn query(&self, sql: &str, doing: &str) -> Result<Vec<Row>, LoadError> {
        Ok(self.client.query(sql, &[]).await.map_err(|e| DbError::of(doing, e))?)
    }
}
