//! The beginning of the transaction: its locks come before its snapshot, then the tables that are missing are made, and
//! how each is loaded is decided.

use crate::fault::{self, Point};
use crate::record::EntityIndex;
use crate::schema::OnUpdate;

use super::fresh::{Obstacle, obstacle};
use super::{Cargo, Load, LoadError, journal, tables};

/// Facts must stay true until they are acted on, so all is seen as of one instant. The joins of a million
/// staged rows get memory of their own: with the usual 4 MB each would be written to disk and read back. What the
/// statements compute is too little to be compiled first.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ;
    SET LOCAL work_mem = '192MB'; SET LOCAL temp_buffers = '128MB'; SET LOCAL jit = off";

/// How long the lock of an empty table is waited for.
const LOCK_PATIENCE: &str = "3s";

impl Load<'_> {
    /// Begins the transaction, makes the tables that are missing, the journal's among them, and decides how
    /// each is loaded.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub(crate) async fn begin(&mut self, cargo: &[Cargo<'_>]) -> Result<(), LoadError> {
        let client = &self.session.client;
        if !self.overwrites() {
            self.obstacles
                .fill(Some(Obstacle::Unusual("empty cells must be told apart from default values")));
        }
        // What is plainly not empty, or unusual, is not locked: its readers need not wait.
        for item in cargo {
            let entity = &self.schema.entities[item.entity];
            if self.tables[item.entity].is_some() && self.obstacles[item.entity].is_none() {
                self.obstacles[item.entity] = obstacle(client, self.schema, entity).await?;
            }
        }
        self.begin_and_lock(cargo).await?;
        fault::reach(Point::TransactionBegun);
        for index in (0..self.tables.len()).map(EntityIndex) {
            if self.tables[index].is_none() {
                let table = tables::create(&self.session.client, self.schema, index).await?;
                self.tables[index] = Some(table);
            }
        }
        journal::ensure(&self.session.client).await?;
        fault::reach(Point::TablesMade);
        for item in cargo {
            let entity = &self.schema.entities[item.entity];
            if self.obstacles[item.entity].is_none() {
                // Under the lock what is empty stays empty.
                self.obstacles[item.entity] = obstacle(&self.session.client, self.schema, entity).await?;
            }
            match self.obstacles[item.entity] {
                None => tracing::info!("table {}: rows are copied straight in", entity.table),
                Some(why) => tracing::info!("table {}: rows are staged and merged: {why}", entity.table),
            }
        }
        Ok(())
    }

    /// Locks the tables that seem empty, before the transaction's first look at any row. Where somebody else
    /// holds one for too long, the load goes the other way instead of waiting.
    async fn begin_and_lock(&mut self, cargo: &[Cargo<'_>]) -> Result<(), LoadError> {
        self.execute(BEGIN, "beginning the transaction").await?;
        self.hold_definitions(cargo).await?;
        let wanted = |item: &&Cargo<'_>| self.tables[item.entity].is_some() && self.is_fresh(item.entity);
        let wanted: Vec<EntityIndex> = cargo.iter().filter(wanted).map(|item| item.entity).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = wanted.iter().map(|&at| self.schema.entities[at].table.to_string()).collect();
        let lock = format!(
            "SET LOCAL lock_timeout = '{LOCK_PATIENCE}'; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE;
             SET LOCAL lock_timeout TO DEFAULT",
            names.join(", ")
        );
        match self.execute(&lock, "locking the empty tables").await {
            Err(LoadError::Database(error)) if error.sqlstate().is_some_and(|s| s.code() == "55P03") => {
                for at in wanted {
                    self.obstacles[at] = Some(Obstacle::InUse);
                }
                self.execute(&format!("ROLLBACK; {BEGIN}"), "beginning again").await?;
                self.hold_definitions(cargo).await
            }
            other => other,
        }
    }

    /// Whether every empty cell simply takes its default.
    fn overwrites(&self) -> bool {
        let fields = || self.schema.entities.iter().flat_map(|entity| &entity.fields);
        fields().all(|field| field.policy(self.options.on_empty) == OnUpdate::Overwrite)
    }
}
