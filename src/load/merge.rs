//! Staged rows into a table that may hold rows already: what is not kept is taken out, what is the same is
//! left alone, what is new is inserted in key order, what differs is updated.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::event::{Event, Listener, Stage};
use crate::settle::{EntityVerdict, Fate};

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
}

impl Merge<'_> {
    pub(super) async fn run(&self, verdict: &EntityVerdict) -> Result<Written, LoadError> {
        let entity = &self.statements.entity.name;
        self.listener.on(Event::Started { stage: Stage::Upsert, entity, total: None });
        self.drop_losers(verdict).await?;
        let mut written = Written::default();
        if self.table_is_empty().await? {
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                written.inserted +=
                    self.execute(&self.statements.insert(number, layout, false, false)).await?;
            }
        } else {
            self.execute(&self.statements.create_plan()).await?;
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                written.unchanged += self.count(&self.statements.compare(number, layout)).await?;
            }
            self.write_planned(&mut written).await?;
        }
        self.listener.on(Event::Finished);
        Ok(written)
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
        let doing = self.doing();
        let row = self
            .client
            .query_one(&self.statements.planned(), &[])
            .await
            .map_err(|e| DbError::of(&*doing, e))?;
        let (fresh, changed) = (row.get::<_, i64>(0), row.get::<_, i64>(1));
        for (number, layout) in self.layouts.distinct.iter().enumerate() {
            if changed > 0
                && let Some(update) = self.statements.update(number, layout, false)
            {
                written.updated += self.execute(&update).await?;
            }
            if fresh > 0 {
                written.inserted +=
                    self.execute(&self.statements.insert(number, layout, true, false)).await?;
            }
        }
        Ok(())
    }

    async fn drop_losers(&self, verdict: &EntityVerdict) -> Result<(), LoadError> {
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
        let row = self.client.query_one(&sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?;
        Ok(row.get(0))
    }

    async fn execute(&self, sql: &str) -> Result<u64, LoadError> {
        Ok(self.client.execute(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?)
    }

    async fn count(&self, sql: &str) -> Result<u64, LoadError> {
        let row = self.client.query_one(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?;
        Ok(number(row.get(0)))
    }

    fn doing(&self) -> String {
        format!("writing table {}", self.statements.entity.table)
    }
}
