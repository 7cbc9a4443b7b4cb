//! Staged rows into a table that may hold rows already: what is not kept is taken out, what is the same is
//! left alone, what is new is inserted in key order, what differs is updated.

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::event::{Event, Listener, Stage};
use crate::fault::{self, Point};
use crate::read::{Harvest, Layout};
use crate::settings::Target;
use crate::settle::{EntityVerdict, Fate};

use super::journal::{Image, Origin};
use super::proof::FieldChange;
use super::refused::{self, Refused};
use super::sql::Statements;
use super::stage::{Layouts, analyze};
use super::{LoadError, Written, number};

/// How many row numbers are sent at a time.
const BATCH: usize = 50_000;

/// One entity's merge.
pub(super) struct Merge<'a> {
    pub(crate) client: &'a Client,
    pub(crate) statements: Statements<'a>,
    /// The rows that are staged.
    pub(crate) harvest: &'a Harvest,
    pub(crate) layouts: &'a Layouts<'a>,
    pub(crate) listener: &'a dyn Listener,
    /// Whose rows are written.
    pub(crate) origin: Origin<'a>,
    pub(crate) options: &'a Target,
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
        if self.options.dry_run {
            changes = self.changes().await?;
        }
        let let_go = self.let_go().await?;
        self.write_planned(&mut written, let_go).await?;
        self.check_planned(written).await?;
        fault::reach(Point::ReadBack);
        if self.options.reconcile {
            self.reconcile_columns(accepted).await?;
        }
        self.listener.on(Event::Finished);
        Ok((written, changes))
    }

    /// The rows that the database refuses, found by writing all others. For after [`Merge::run`] failed and
    /// was rolled back; what this writes must be rolled back, too.
    pub(super) async fn find_refused(&self, verdict: &EntityVerdict) -> Result<Vec<Refused>, LoadError> {
        self.drop_losers(verdict).await?;
        self.let_go().await?;
        refused::find(self.client, &self.statements, self.layouts).await
    }

    /// Compares the staged rows with the table, and notes what is to happen to each. This comes before the
    /// settling, which asks for what is found here: one join answers both.
    pub(super) async fn plan(&self) -> Result<(), LoadError> {
        self.execute(&self.statements.create_plan()).await?;
        for (number, layout) in self.layouts.distinct.iter().enumerate() {
            self.execute(&self.statements.compare(number, layout)).await?;
        }
        // Without statistics the server takes the plan for a handful of rows, and joins it row by row.
        analyze(self.client, &self.statements.plan()).await.map_err(|e| DbError::of(self.doing(), e))?;
        fault::reach(Point::Compared);
        Ok(())
    }

    async fn write_planned(&self, written: &mut Written, let_go: bool) -> Result<(), LoadError> {
        let row = self.one(&self.statements.planned()).await?;
        let [fresh, changed, same] = [0, 1, 2].map(|at| number(row.get(at)));
        written.unchanged = same;
        for (at, layout) in self.layouts.distinct.iter().enumerate() {
            if changed > 0
                && let Some(update) = self.statements.update(at, layout, false)
            {
                written.updated += if self.options.undoable {
                    self.noted(&self.statements.update_noted(&update, at, self.origin, let_go)).await?
                } else {
                    self.execute(&update).await?
                };
            }
        }
        fault::reach(Point::Updated);
        if fresh > 0 {
            // Where all are fresh the plan says nothing.
            written.inserted = self.insert_all(fresh, changed + same > 0).await?;
        }
        fault::reach(Point::Inserted);
        Ok(())
    }

    /// Inserts the new rows, `rows` of them.
    async fn insert_all(&self, rows: u64, planned: bool) -> Result<u64, LoadError> {
        let at_once = self.checks_at_once(rows).await?;
        if at_once {
            for (at, layout) in self.layouts.distinct.iter().enumerate() {
                self.lock_parents(at, layout).await?;
            }
            self.pass_over_triggers(true).await?;
        }
        let mut inserted = 0;
        if let Some(sequence) = self.appends(rows).await? {
            let table = &self.statements.entity.table;
            tracing::info!("table {table}: {rows} new rows are copied straight in");
            inserted = self.append(rows, &sequence).await?;
        } else {
            for (at, layout) in self.layouts.distinct.iter().enumerate() {
                inserted += self.insert(at, layout, planned).await?;
            }
        }
        if at_once {
            self.pass_over_triggers(false).await?;
        }
        Ok(inserted)
    }

    async fn insert(&self, number: usize, layout: &Layout, planned: bool) -> Result<u64, LoadError> {
        let insert = self.statements.insert(number, layout, planned, false);
        if self.options.undoable {
            let image = Image::of(self.statements.entity, self.statements.info, layout);
            image.note(self.client, self.origin, number).await?;
            self.noted(&self.statements.insert_noted(&insert, number, &image, self.origin)).await
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
            for rows in [self.statements.stage(), self.statements.plan()] {
                let sql =
                    format!("DELETE FROM {rows} s USING unnest($1::bigint[]) lost (o) WHERE s.o = lost.o");
                self.client.execute(&sql, &[&batch]).await.map_err(|e| DbError::of(&*doing, e))?;
            }
        }
        Ok(())
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
