//! One entity's staged rows: what the steps of the staged path share.

use crate::db::postgres::{Client, Row};
use crate::db::{DbError, LEAVE};
use crate::event::Listener;
use crate::fault;
use crate::load::context::Context;
use crate::load::error::{LoadError, RefusedRow};
use crate::load::journal::{Image, Origin};
use crate::load::layouts::Layouts;
use crate::load::rows::{EntityRows, count};
use crate::read::{Harvest, Layout};
use crate::settings::Target;
use crate::settle::{EntityVerdict, Fate};
use crate::sql::temporary;

use super::sql::Statements;

/// How many row numbers are sent at a time.
const BATCH: usize = 50_000;

/// One entity's staged rows.
pub(crate) struct Staged<'a> {
    pub(super) client: &'a Client,
    pub(super) statements: Statements<'a>,
    pub(super) harvest: &'a Harvest,
    pub(super) layouts: &'a Layouts<'a>,
    pub(super) listener: &'a dyn Listener,
    pub(super) origin: Origin<'a>,
    pub(super) options: &'a Target,
    /// Rows that are not staged, in order.
    pub(super) unsent: &'a [RefusedRow],
}

impl<'a> Staged<'a> {
    pub(crate) fn of(context: &'a Context<'a>, item: &EntityRows<'a>, layouts: &'a Layouts<'a>) -> Self {
        Self {
            client: context.client,
            statements: context.statements(item.entity),
            harvest: item.harvest,
            layouts,
            listener: context.listener,
            origin: context.origin(item.entity),
            options: context.options,
            unsent: &context.unsent[item.entity],
        }
    }

    /// Takes the rows that were not kept out of the staging table and the plan.
    pub(super) async fn drop_unkept(&self, verdict: &EntityVerdict) -> Result<(), LoadError> {
        let unkept = (0_i64..).zip(&verdict.fates).filter(|(_, fate)| **fate != Fate::Kept);
        let unkept: Vec<i64> = unkept.map(|(row, _)| row).collect();
        let failed = |e| DbError::of(self.doing(), e);
        let (stage, plan) = (self.statements.stage(), self.statements.plan());
        if unkept.len() <= fault::number("MUSTER_TEST_UNKEPT", BATCH) {
            for rows in [stage, plan] {
                let sql = format!("DELETE FROM {rows} s USING unnest($1::bigint[]) u (o) WHERE s.o = u.o");
                self.client.execute(&sql, &[&unkept]).await.map_err(failed)?;
            }
            return Ok(());
        }
        // All at once: each deletion goes through the whole table.
        let list = temporary("unkept", &self.statements.entity.name);
        self.execute(&format!("CREATE TEMPORARY TABLE {list} (o bigint NOT NULL) ON COMMIT DROP")).await?;
        for batch in unkept.chunks(BATCH) {
            let sql = format!("INSERT INTO {list} SELECT unnest($1::bigint[])");
            self.client.execute(&sql, &[&batch]).await.map_err(failed)?;
        }
        self.execute(&format!("ANALYZE {list}")).await?;
        for rows in [stage, plan] {
            self.execute(&format!("DELETE FROM {rows} s USING {list} u WHERE s.o = u.o")).await?;
        }
        self.execute(&format!("DROP TABLE {list}")).await?;
        Ok(())
    }

    /// The layouts with their numbers.
    pub(super) fn layouts(&self) -> impl Iterator<Item = (usize, &'a Layout)> + use<'a> {
        self.layouts.distinct.iter().copied().enumerate()
    }

    pub(super) fn image(&self, layout: &Layout) -> Image {
        Image::of(self.statements.entity, self.statements.info, layout)
    }

    pub(super) fn table(&self) -> String {
        self.statements.entity.table.to_string()
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<u64, LoadError> {
        Ok(self.client.execute(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?)
    }

    /// Runs a statement that writes to the table, and for which triggers get the connection's own search path. Rules do not
    /// take a statement that is part of another, so they get the search path of all statements.
    pub(super) async fn write(&self, sql: &str) -> Result<u64, LoadError> {
        let Some(counted) = self.statements.in_path(sql) else { return self.execute(sql).await };
        let row = self.one(&counted).await?;
        self.execute(LEAVE).await?;
        Ok(count(row.get(1)))
    }

    /// Runs a statement that counts what it wrote, and for how much of it there is undo data.
    pub(super) async fn execute_noted(&self, sql: &str) -> Result<u64, LoadError> {
        let row = self.one(sql).await?;
        self.execute(LEAVE).await?;
        let (written, noted) = (count(row.get(1)), count(row.get(2)));
        if written == noted {
            return Ok(written);
        }
        Err(LoadError::UndoData { table: self.table(), written, noted })
    }

    pub(super) async fn count(&self, sql: &str) -> Result<u64, LoadError> {
        Ok(count(self.one(sql).await?.get(0)))
    }

    pub(super) async fn one(&self, sql: &str) -> Result<Row, LoadError> {
        Ok(self.client.query_one(sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?)
    }

    pub(super) fn doing(&self) -> String {
        format!("writing table {}", self.statements.entity.table)
    }
}
