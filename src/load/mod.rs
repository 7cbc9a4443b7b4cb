//! Rows into tables, in one transaction that the caller owns: stage, ask, write, count, commit.
//!
//! The run drives it: [`Load::begin`], [`Load::stage`], [`Load::facts`] and [`Load::answers`] (settling in
//! between, as often as needed), [`Load::write`], [`Load::commit`] or [`Load::roll_back`]. Every count of
//! [`Written`] has an origin of its own: inserted and updated are what the server says it wrote, unchanged is
//! what it counted when it compared. Nothing is computed as the rest of something else.

mod absent;
mod commit;
mod edited;
pub mod journal;
mod lock;
mod lookup;
mod merge;
mod noted;
mod proof;
mod sql;
mod stage;
mod tables;
mod undo;

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use crate::db::catalog::{Misfit, TableInfo};
use crate::db::{DbError, Session};
use crate::event::Listener;
use crate::read::{Harvest, slots};
use crate::schema::{OnUpdate, Schema};
use crate::settle::{EntityVerdict, Facts, Question};

pub use journal::{EntityNote, FileNote, RunNote, RunRecord};
pub use lock::take as load_lock;
pub use lookup::Lookup;
pub use proof::{Difference, FieldChange};
pub use undo::{Obstacle, Undo, Undone, Why};

use journal::Origin;
use sql::Statements;
use stage::Layouts;

/// What the load does beside writing.
#[derive(Debug, Clone, Copy)]
pub struct LoadOptions {
    /// What an empty cell does to a filled field unless the field says otherwise.
    pub on_empty: OnUpdate,
    /// A row that is there may change what it refers to.
    pub move_rows: bool,
    /// How long another run is waited for.
    pub patience: Duration,
    /// Before-images and provenance are kept, so that the run can be undone.
    pub undoable: bool,
    /// Rows that somebody changed in the target after muster wrote them are not overwritten.
    pub protect_edited: bool,
    /// Each column's checksum is compared with what was sent.
    pub reconcile: bool,
    /// What is planned is described, by field.
    pub foresee: bool,
}

/// Why a load stopped. The target is as it was before, except after [`LoadError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The server, or the way there.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Another run has the target.
    #[error(
        "another run is under way on this database: {holder}; wait for it, or give --lock-timeout to wait here"
    )]
    Busy {
        /// Who holds the lock.
        holder: String,
    },
    /// The tables do not fit the schema.
    #[error("the target does not fit the schema; nothing has been read:\n{}", list(.0))]
    Misfits(Vec<Misfit>),
    /// The spool could not be read back.
    #[error("the spooled rows could not be read back")]
    Spool(#[source] io::Error),
    /// COPY took another number of rows than were sent.
    #[error("staging {entity}: {sent} rows were sent and {arrived} arrived; nothing has been written")]
    Staged {
        /// The entity.
        entity: String,
        /// Rows sent.
        sent: u64,
        /// Rows that the server counted.
        arrived: u64,
    },
    /// Not every row that was written could be noted in the journal.
    #[error(
        "table {table}: {written} rows were written, but {noted} of them found again for the journal; nothing has \
         been committed. Does a trigger change the key? --no-undo does without"
    )]
    Provenance {
        /// The table, quoted.
        table: String,
        /// Rows written.
        written: u64,
        /// Rows noted.
        noted: u64,
    },
    /// The table does not hold what the server said it wrote.
    #[error(
        "table {table}: {} inserted and {} updated rows were counted, {} and {} read back; nothing has been \
         committed. Does a trigger keep rows back?", .written.inserted, .written.updated, .found.inserted, .found.updated
    )]
    ReadBack {
        /// The table, quoted.
        table: String,
        /// What the server said.
        written: Written,
        /// What was read back.
        found: Written,
    },
    /// A column does not hold what was sent.
    #[error(
        "table {table}: {accepted} rows were sent and {rows} found again; columns that differ: {}; nothing has been \
         committed. Does a trigger change values?", differing(.differences)
    )]
    Reconcile {
        /// The table, quoted.
        table: String,
        /// Rows sent.
        accepted: u64,
        /// Rows found.
        rows: u64,
        /// The columns.
        differences: Vec<Difference>,
    },
    /// The journal was made by another version.
    #[error(
        "the journal (schema muster) has version {found}, this program knows version {known}; use a newer muster"
    )]
    JournalVersion {
        /// What the journal says.
        found: i32,
        /// What this program writes.
        known: i32,
    },
    /// No run has such an id.
    #[error("no run in the journal has an id that begins with `{prefix}`; `muster runs` lists them")]
    NoRun {
        /// What was asked for.
        prefix: String,
    },
    /// More than one run has such an id.
    #[error("several runs begin with `{prefix}`: {}; give more of the id", .runs.join(", "))]
    SeveralRuns {
        /// What was asked for.
        prefix: String,
        /// Some of them.
        runs: Vec<String>,
    },
    /// A run cannot be undone.
    #[error("run {run} cannot be undone: {why}")]
    NotUndoable {
        /// The run.
        run: String,
        /// Why not.
        why: String,
    },
    /// An undo would overwrite later work.
    #[error("run {run} is not undone, since later work would be lost; nothing has been changed:\n{}", in_the_way(.obstacles))]
    InTheWay {
        /// The run.
        run: String,
        /// The rows.
        obstacles: Vec<Obstacle>,
    },
    /// COMMIT was sent, its reply was lost, and the server could not be asked.
    #[error(
        "COMMIT was sent and its reply was lost: whether transaction {transaction} was committed is not known; \
         look with `muster runs show {run}` (it is there exactly when it was committed)"
    )]
    Unknown {
        /// The transaction's number.
        transaction: String,
        /// The run.
        run: String,
    },
}

fn list(misfits: &[Misfit]) -> String {
    misfits.iter().map(|misfit| format!("  {misfit}")).collect::<Vec<_>>().join("\n")
}

fn differing(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "none".to_owned();
    }
    differences.iter().map(|difference| difference.column.as_str()).collect::<Vec<_>>().join(", ")
}

fn in_the_way(obstacles: &[Obstacle]) -> String {
    /// How many are named where a person reads.
    const NAMED: usize = 50;
    let mut lines: Vec<_> = obstacles.iter().take(NAMED).map(|obstacle| format!("  {obstacle}")).collect();
    if obstacles.len() > NAMED {
        lines.push(format!("  and {} more", obstacles.len() - NAMED));
    }
    lines.join("\n")
}

impl LoadError {
    /// Whether the same transaction may well succeed when it is tried again: it met another one.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // Serialization failure, deadlock, and a key that another session took in the meantime.
        error.sqlstate().is_some_and(|state| matches!(state.code(), "40001" | "40P01" | "23505"))
    }
}

/// What the load must know of one entity.
#[derive(Debug, Clone, Copy)]
pub struct Cargo<'a> {
    /// Its position in load order.
    pub entity: usize,
    /// Its clean rows.
    pub harvest: &'a Harvest,
}

/// What was written for one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that the server says it inserted.
    pub inserted: u64,
    /// Rows that the server says it updated.
    pub updated: u64,
    /// Rows that the server found to be there already, field for field.
    pub unchanged: u64,
}

/// A load under way on one session.
pub struct Load<'a> {
    session: &'a Session,
    schema: &'a Schema,
    options: LoadOptions,
    listener: &'a dyn Listener,
    /// The run's id, for the journal.
    run: String,
    /// Per entity in load order; `None` where there is no table yet.
    tables: Vec<Option<TableInfo>>,
}

impl<'a> Load<'a> {
    /// Takes the run's lock and looks at the tables. Nothing is changed.
    ///
    /// # Errors
    ///
    /// Another run has the target, or its tables do not fit the schema.
    pub async fn prepare(
        session: &'a Session,
        schema: &'a Schema,
        options: LoadOptions,
        listener: &'a dyn Listener,
        run: &str,
    ) -> Result<Self, LoadError> {
        lock::take(&session.client, options.patience).await?;
        let tables = tables::look(&session.client, schema).await?;
        Ok(Self { session, schema, options, listener, run: run.to_owned(), tables })
    }

    /// Begins the transaction and makes the tables that are missing, the journal's among them.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub async fn begin(&mut self) -> Result<(), LoadError> {
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ", "beginning the transaction").await?;
        for index in 0..self.tables.len() {
            if self.tables[index].is_none() {
                let table = tables::create(&self.session.client, self.schema, index).await?;
                self.tables[index] = Some(table);
            }
        }
        journal::ensure(&self.session.client).await?;
        Ok(())
    }

    /// Brings all clean rows into staging tables.
    ///
    /// # Errors
    ///
    /// The server refuses, or the spool cannot be read.
    pub async fn stage(&self, cargo: &[Cargo<'_>]) -> Result<(), LoadError> {
        for item in cargo {
            let layouts = Layouts::of(item.harvest);
            let statements = self.statements(item.entity);
            stage::stage(&self.session.client, &statements, item.harvest, &layouts, self.listener).await?;
        }
        Ok(())
    }

    /// Asks which staged rows the table does not allow as it stands.
    ///
    /// # Errors
    ///
    /// The server could not be asked.
    pub async fn facts(&self, cargo: &[Cargo<'_>]) -> Result<Facts, LoadError> {
        let mut facts = Facts::of_a_database();
        for item in cargo {
            let statements = self.statements(item.entity);
            let entity = statements.entity;
            let layouts = Layouts::of(item.harvest);
            let present = |field: &usize| layouts.distinct.iter().any(|layout| layout.fields.contains(field));
            for (slot, field) in slots(entity).into_iter().enumerate().filter(|(_, field)| present(field)) {
                let sql = if entity.fields[field].reference.is_some() {
                    if self.options.move_rows {
                        continue;
                    }
                    statements.moved(field)
                } else if field == entity.key {
                    continue;
                } else {
                    statements.in_use(field)
                };
                let rows = self.query(&sql, &format!("asking table {} about keys", entity.table)).await?;
                facts.take_in_use(item.entity, rows.iter().map(|row| (number(row.get(0)), slot)));
            }
            if self.options.protect_edited {
                self.find_edited(item, &layouts, &mut facts).await?;
            }
        }
        Ok(facts)
    }

    async fn find_edited(
        &self,
        item: &Cargo<'_>,
        layouts: &Layouts<'_>,
        facts: &mut Facts,
    ) -> Result<(), LoadError> {
        let statements = self.statements(item.entity);
        let doing = format!("looking for edited rows of table {}", statements.entity.table);
        for (number_of, layout) in layouts.distinct.iter().enumerate() {
            if let Some(sql) = statements.edited(number_of, layout) {
                let rows = self.query(&sql, &doing).await?;
                facts.take_edited(item.entity, rows.iter().map(|row| (number(row.get(0)), row.get(1))));
            }
        }
        Ok(())
    }

    /// Asks which of the keys in question the database holds.
    ///
    /// # Errors
    ///
    /// The server could not be asked.
    pub async fn answers(&self, questions: &[Question]) -> Result<HashSet<Question>, LoadError> {
        tables::held(&self.session.client, self.schema, &self.tables, questions).await
    }

    /// Writes the rows that were kept: first of the entities that are referred to.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub async fn write(
        &self,
        cargo: &[Cargo<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<(Written, Vec<FieldChange>)>, LoadError> {
        let mut written = Vec::new();
        for item in cargo {
            let layouts = Layouts::of(item.harvest);
            let origin = self.origin(item.entity);
            if let Some(origin) = origin {
                journal::note_records(&self.session.client, origin, item.harvest).await?;
            }
            let merge = merge::Merge {
                client: &self.session.client,
                statements: self.statements(item.entity),
                layouts: &layouts,
                listener: self.listener,
                origin,
                reconcile: self.options.reconcile,
                foresee: self.options.foresee,
            };
            written.push(merge.run(&verdicts[item.entity]).await?);
        }
        self.execute("SET CONSTRAINTS ALL IMMEDIATE", "checking the constraints").await?;
        Ok(written)
    }

    /// Notes the run in the journal, as the last thing before [`Load::commit`].
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub async fn note(&self, note: &RunNote) -> Result<(), LoadError> {
        journal::note(&self.session.client, self.schema, &self.run, note, self.options.undoable).await
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// See [`LoadError::Unknown`]; with any other error the transaction was rolled back.
    pub async fn commit(&self) -> Result<(), LoadError> {
        let transaction = commit::transaction_id(&self.session.client).await?;
        commit::commit(self.session, transaction.as_deref(), &self.run).await
    }

    /// Takes everything back.
    ///
    /// # Errors
    ///
    /// The connection is gone; then the server does it by itself.
    pub async fn roll_back(&mut self) -> Result<(), LoadError> {
        self.execute("ROLLBACK", "rolling back").await?;
        self.tables = tables::look(&self.session.client, self.schema).await?;
        Ok(())
    }

    /// Whose provenance is kept; nobody's with `--no-undo`.
    fn origin(&self, entity: usize) -> Option<Origin<'_>> {
        let entity = &self.schema.entities[entity].name;
        self.options.undoable.then_some(Origin { run: &self.run, entity })
    }

    fn statements(&self, entity: usize) -> Statements<'_> {
        Statements {
            schema: self.schema,
            entity: &self.schema.entities[entity],
            info: self.tables[entity].as_ref().expect("begin made the missing tables"),
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

/// A count or a row's number as the server sends it: never negative.
fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
