//! Staged rows into a table that may hold rows already: what is not kept is taken out, what is the same is
//! left alone, what is new is inserted in key order, what differs is updated.

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::event::{Event, Listener, Stage};
use crate::fault::{self, Point};
use crate::read::Layout;
use crate::settle::{EntityVerdict, Fate};

use super::journal::Origin;
use super::proof::{self, FieldChange};
use super::refused::{self, Refused};
use super::sql::Statements;
use super::stage::Layouts;
use super::{LoadError, Written, number};

/// How many row numbers are sent at a time.
const BATCH: usize = 50_000;

/// One entity's merge.
pub(super) struct Merge<'a> {
    pub client: &'a Client,
    pub statements: Statements<'a>,
    pub layouts: &'a Layouts<'a>,
    pub listener: &'a dyn Listener,
    /// Whose rows are written.
    pub origin: Origin<'a>,
    /// Provenance and before-images are kept.
    pub undoable: bool,
    /// The columns are reconciled.
    pub reconcile: bool,
    /// What is planned is described, for a dry run.
    pub foresee: bool,
}

impl Merge<'_> {
    /// Writes, and gives the changes to come where they are to be foreseen. `accepted` rows are to be there then.
    pub(super) async fn run(
        &self,
        verdict: &EntityVerdict,
        accepted: u64,
    ) -> Result<(Written, Vec<FieldChange>), LoadError> {
        let entity = &self.statements.entity.name;
        self.listener.on(Event::Started { stage: Stage::Upsert, entity, total: None });
        self.drop_losers(verdict).await?;
        fault::reach(Point::LosersDropped);
        let mut written = Written::default();
        let mut changes = Vec::new();
        if self.table_is_empty().await? {
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                written.inserted += self.insert(number, layout, false).await?;
            }
            fault::reach(Point::Inserted);
            proof::check_whole_table(self.client, self.statements.entity, written).await?;
        } else {
            self.execute(&self.statements.create_plan()).await?;
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                written.unchanged += self.count(&self.statements.compare(number, layout)).await?;
            }
            fault::reach(Point::Compared);
            if self.foresee {
                changes = self.changes().await?;
            }
            self.write_planned(&mut written).await?;
            self.check_planned(written).await?;
        }
        fault::reach(Point::ReadBack);
        if self.reconcile {
            self.reconcile_columns(accepted).await?;
        }
        self.listener.on(Event::Finished);
        Ok((written, changes))
    }

    /// The rows that the database refuses, found by writing all others. For after [`Merge::run`] failed and
    /// was rolled back; what this writes must be rolled back, too.
    pub(super) async fn find_refused(&self, verdict: &EntityVerdict) -> Result<Vec<Refused>, LoadError> {
        self.drop_losers(verdict).await?;
        let planned = !self.table_is_empty().await?;
        if planned {
            self.execute(&self.statements.create_plan()).await?;
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                self.count(&self.statements.compare(number, layout)).await?;
            }
        }
        refused::find(self.client, &self.statements, self.layouts, planned).await
    }

    async fn write_planned(&self, written: &mut Written) -> Result<(), LoadError> {
        // Without statistics the server takes the plan for a handful of rows, and joins it row by row.
        self.execute(&format!("ANALYZE {}", self.statements.plan())).await?;
        let row = self.one(&self.statements.planned()).await?;
        let (fresh, changed) = (row.get::<_, i64>(0), row.get::<_, i64>(1));
        for (number, layout) in self.layouts.distinct.iter().enumerate() {
            if changed > 0
                && let Some(update) = self.statements.update(number, layout, false)
            {
                written.updated += if self.undoable {
                    self.noted(&self.statements.update_noted(&update, number, self.origin)).await?
                } else {
                    self.execute(&update).await?
                };
            }
            fault::reach(Point::Updated);
            if fresh > 0 {
                written.inserted += self.insert(number, layout, true).await?;
            }
        }
        fault::reach(Point::Inserted);
        Ok(())
    }

    async fn insert(&self, number: usize, layout: &Layout, planned: bool) -> Result<u64, LoadError> {
        let insert = self.statements.insert(number, layout, planned, false);
        if self.undoable {
            self.noted(&self.statements.insert_noted(&insert, number, self.origin)).await
        } else {
            self.execute(&insert).await
        }
    }

    /// Runs a statement that counts what it wrote and what it noted of it.
    pub(super) async fn noted(&self, sql: &str) -> Result<u64, LoadError> {
        let row = self.one(sql).await?;
        let (written, noted) = (number(row.get(0)), number(row.get(1)));
        if written == noted {
            return Ok(written);
        }
        Err(LoadError::Provenance { table: self.statements.entity.table.to_string(), written, noted })
    }

    pub(super) async fn drop_losers(&self, verdict: &EntityVerdict) -> Result<(), LoadError> {
        let losers = (0_i64..).zip(&verdict.fates).filter(|(_, fate)| **fate != Fate::Kept);
        let losers: Vec<i64> = losers.map(|(row, _)| row).collect();
        let doing = self.doing();
        for batch in losers.chunks(BATCH) {
            let sql = format!(
                "DELETE FROM {} s USING unnest($1::bigint[]) lost (o) WHERE s.o = lost.o",
                self.statements.stage()
            );
            self.client.execute(&sql, &[&batch]).await.map_err(|e| DbError::of(&*doing, e))?;
        }
        Ok(())
    }

    async fn table_is_empty(&self) -> Result<bool, LoadError> {
        let sql = format!("SELECT NOT EXISTS (SELECT FROM {})", self.statements.entity.table);
        Ok(self.one(&sql).await?.get(0))
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<u64, LoadError> {
        Ok(self.client.execute(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?)
    }

    pub(super) async fn count(&self, sql: &str) -> Result<u64, LoadError> {
        Ok(number(self.one(sql).await?.get(0)))
    }

    pub(super) async fn one(&self, sql: &str) -> Result<Row, LoadError> {
        Ok(self.client.query_one(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?)
    }

    pub(super) fn doing(&self) -> String {
        format!("writing table {}", self.statements.entity.table)
    }
}
