//! Rows into tables, in one transaction that the caller owns: stage, ask, write, count, commit.
//!
//! The run drives it: [`Load::begin`], [`Load::stage`], [`Load::facts`] and [`Load::answers`] (settling in
//! between, as often as needed), [`Load::write`], [`Load::commit`] or [`Load::roll_back`]. Every count of
//! [`Written`] has an origin of its own: inserted and updated are what the server says it wrote, unchanged is
//! what it counted when it compared. Nothing is computed as the rest of something else.

mod absent;
mod append;
mod asked;
mod begin;
mod commit;
mod delete;
mod edited;
mod error;
mod foreign;
mod fresh;
pub(crate) mod journal;
mod let_go;
mod lock;
mod lookup;
mod merge;
mod noted;
mod options;
mod proof;
mod refused;
mod rights;
mod sql;
mod stage;
mod tables;
mod undo;

use std::collections::{HashMap, HashSet};

use crate::db::catalog::TableInfo;
use crate::db::{DbError, Session};
use crate::event::Listener;
use crate::fault::{self, Point};
use crate::read::Harvest;
use crate::record::{EntityIndex, RowNumber, RunId};
use crate::schema::Schema;
use crate::settings::Target;
use crate::settle::{EntityVerdict, Question};

pub(crate) use journal::{EntityNote, FileNote, RunNote, RunRecord};
pub(crate) use lock::take as load_lock;
pub(crate) use lookup::Lookup;
pub(crate) use proof::FieldChange;
pub(crate) use undo::{Undo, Undone};

pub(crate) use error::LoadError;
use fresh::{Fresh, Obstacle};
use journal::Origin;
use sql::Statements;
use stage::Layouts;

/// What the load must know of one entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cargo<'a> {
    /// Its position in load order.
    pub(crate) entity: EntityIndex,
    /// Its clean rows.
    pub(crate) harvest: &'a Harvest,
}

/// What was written for one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// Rows that the server says it inserted.
    pub(crate) inserted: u64,
    /// Rows that the server says it updated.
    pub(crate) updated: u64,
    /// Rows that the server found to be there already, field for field, or gone already.
    pub(crate) unchanged: u64,
    /// Rows that the server says it deleted.
    pub(crate) deleted: u64,
}

/// A load under way on one session.
pub(crate) struct Load<'a> {
    session: &'a Session,
    schema: &'a Schema,
    options: &'a Target,
    listener: &'a dyn Listener,
    /// The run's id, for the journal.
    run: RunId,
    /// Per entity in load order; `None` where there is no table yet.
    tables: Vec<Option<TableInfo>>,
    /// Per entity what keeps it from being loaded the empty-target way.
    obstacles: Vec<Option<Obstacle>>,
}

impl<'a> Load<'a> {
    /// Takes the run's lock and looks at the tables. Nothing is changed.
    ///
    /// # Errors
    ///
    /// Another run has the target, or its tables do not fit the schema.
    pub(crate) async fn prepare(
        session: &'a Session,
        schema: &'a Schema,
        options: &'a Target,
        listener: &'a dyn Listener,
        run: &RunId,
    ) -> Result<Self, LoadError> {
        lock::take(&session.client, options.lock_timeout).await?;
        let tables = tables::look(&session.client, schema).await?;
        rights::import(&session.client, schema, &tables).await?;
        let mut obstacles = vec![None; tables.len()];
        obstacles.fill(options::obstacle(options));
        Ok(Self { session, schema, options, listener, run: run.clone(), tables, obstacles })
    }

    /// Has all tables staged and merged from now on: a row was refused, and it must be found.
    pub(crate) fn find_refused(&mut self) {
        self.obstacles.fill(Some(Obstacle::Refused));
    }

    fn is_fresh(&self, entity: EntityIndex) -> bool {
        self.obstacles[entity].is_none()
    }

    /// Brings the clean rows into staging tables, where they are needed.
    ///
    /// # Errors
    ///
    /// The server refuses, or the spool cannot be read.
    pub(crate) async fn stage(&self, cargo: &[Cargo<'_>]) -> Result<(), LoadError> {
        for item in cargo.iter().filter(|item| !self.is_fresh(item.entity)) {
            let layouts = Layouts::of(item.harvest);
            let statements = self.statements(item.entity);
            stage::stage(&self.session.client, &statements, item.harvest, &layouts, self.listener).await?;
            self.merge(item, &layouts).plan().await?;
        }
        fault::reach(Point::Staged);
        Ok(())
    }

    /// Asks which of the keys in question the database holds.
    ///
    /// # Errors
    ///
    /// The server could not be asked.
    pub(crate) async fn answers(&self, questions: &[Question]) -> Result<HashSet<Question>, LoadError> {
        tables::held(&self.session.client, self.schema, &self.tables, questions).await
    }

    /// Writes the rows that were kept: first of the entities that are referred to.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub(crate) async fn write(
        &self,
        cargo: &[Cargo<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<(Written, Vec<FieldChange>)>, LoadError> {
        self.execute("SAVEPOINT before_writing", "marking the transaction").await?;
        let error = match self.write_all(cargo, verdicts).await {
            Err(LoadError::Database(error)) if refused::is_about_data(&error) => error,
            Err(error @ (LoadError::Referred { .. } | LoadError::NotLetGo { .. })) => {
                self.execute("ROLLBACK TO SAVEPOINT before_writing", "going back").await?;
                return Err(error);
            }
            other => return other,
        };
        if cargo.iter().any(|item| self.is_fresh(item.entity)) {
            // Which row it was is found the other way, on another connection: see `Load::find_refused`.
            return Err(error.into());
        }
        tracing::info!("{error}; finding the rows");
        self.execute("ROLLBACK TO SAVEPOINT before_writing", "going back").await?;
        self.delete(cargo, verdicts, delete::When::Before).await?;
        for item in cargo {
            let layouts = Layouts::of(item.harvest);
            let rows = self.merge(item, &layouts).find_refused(&verdicts[item.entity]).await?;
            if !rows.is_empty() {
                self.execute("ROLLBACK TO SAVEPOINT before_writing", "going back").await?;
                return Err(LoadError::Rows { entity: item.entity, rows });
            }
        }
        Err(error.into())
    }

    async fn write_all(
        &self,
        cargo: &[Cargo<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<(Written, Vec<FieldChange>)>, LoadError> {
        let mut written = Vec::new();
        let mut loaded = HashMap::new();
        journal::stamp(&self.session.client, self.run.as_str()).await?;
        fault::reach(Point::Stamped);
        let before = self.delete(cargo, verdicts, delete::When::Before).await?;
        for item in cargo {
            let verdict = &verdicts[item.entity];
            let origin = self.origin(item.entity);
            if self.options.undoable {
                journal::note_records(&self.session.client, origin, item.harvest).await?;
                fault::reach(Point::RecordsNoted);
            }
            if self.is_fresh(item.entity) {
                let fresh = self.fresh(item);
                let (inserted, identifiers, hashes) = fresh.run(verdict, &loaded).await?;
                if self.options.undoable {
                    fresh.note(origin, &identifiers, &verdict.fates, hashes).await?;
                    fault::reach(Point::RangeNoted);
                }
                loaded.insert(item.entity, identifiers);
                let written_now = Written { inserted, ..Written::default() };
                proof::check_whole_table(
                    &self.session.client,
                    &self.schema.entities[item.entity],
                    written_now,
                )
                .await?;
                fault::reach(Point::ReadBack);
                written.push((written_now, Vec::new()));
                continue;
            }
            let layouts = Layouts::of(item.harvest);
            let accepted = verdict.accepted - delete::kept(item, verdict);
            written.push(self.merge(item, &layouts).run(verdict, accepted).await?);
        }
        let after = self.delete(cargo, verdicts, delete::When::After).await?;
        for (index, item) in cargo.iter().enumerate() {
            for gone in before.iter().chain(&after).filter(|gone| gone.entity == item.entity) {
                written[index].0.deleted += gone.deleted;
                written[index].0.unchanged += gone.absent;
            }
        }
        self.execute("SET CONSTRAINTS ALL IMMEDIATE", "checking the constraints").await?;
        fault::reach(Point::Checked);
        self.prove_again(cargo, written.iter().map(|(written, _)| written)).await?;
        Ok(written)
    }

    /// Notes the run in the journal, as the last thing before [`Load::commit`].
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub(crate) async fn note(&self, note: &RunNote) -> Result<(), LoadError> {
        journal::note(&self.session.client, self.schema, self.run.as_str(), note, self.options.undoable).await
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// See [`LoadError::Unknown`]; with any other error the transaction was rolled back.
    pub(crate) async fn commit(&self) -> Result<(), LoadError> {
        let transaction = commit::transaction_id(&self.session.client).await?;
        commit::commit(self.session, transaction.as_deref(), self.run.as_str()).await
    }

    /// Takes everything back.
    ///
    /// # Errors
    ///
    /// The connection is gone; then the server does it by itself.
    pub(crate) async fn roll_back(&mut self) -> Result<(), LoadError> {
        self.execute("ROLLBACK", "rolling back").await?;
        self.tables = tables::look(&self.session.client, self.schema).await?;
        self.obstacles.fill(options::obstacle(self.options));
        Ok(())
    }

    /// Whose rows are written.
    fn origin(&self, entity: EntityIndex) -> Origin<'_> {
        Origin { run: self.run.as_str(), entity: &self.schema.entities[entity].name }
    }

    fn merge<'l>(&'l self, item: &Cargo<'l>, layouts: &'l Layouts<'l>) -> merge::Merge<'l> {
        merge::Merge {
            client: &self.session.client,
            statements: self.statements(item.entity),
            harvest: item.harvest,
            layouts,
            listener: self.listener,
            origin: self.origin(item.entity),
            options: self.options,
        }
    }

    fn fresh<'l>(&'l self, item: &Cargo<'l>) -> Fresh<'l> {
        Fresh {
            client: &self.session.client,
            schema: self.schema,
            entity: &self.schema.entities[item.entity],
            info: self.table(item.entity),
            harvest: item.harvest,
            listener: self.listener,
            hashed: self.options.undoable,
        }
    }

    fn table(&self, entity: EntityIndex) -> &TableInfo {
        self.tables[entity].as_ref().expect("begin made the missing tables")
    }

    fn statements(&self, entity: EntityIndex) -> Statements<'_> {
        Statements {
            schema: self.schema,
            entity: &self.schema.entities[entity],
            info: self.table(entity),
            on_empty: self.options.on_empty,
        }
    }

    async fn execute(&self, sql: &str, doing: &str) -> Result<(), LoadError> {
        Ok(self.session.client.batch_execute(sql).await.map_err(|e| DbError::of(doing, e))?)
    }

    async fn query(&self, sql: &str, doing: &str) -> Result<Vec<crate::db::postgres::Row>, LoadError> {
        Ok(self.session.client.query(sql, &[]).await.map_err(|e| DbError::of(doing, e))?)
    }
}

/// A row's number as the server sends it.
fn row_number(value: i64) -> RowNumber {
    RowNumber(number(value))
}

/// A count as the server sends it: never negative.
fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
