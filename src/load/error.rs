//! What stops a load, and an undo.

use std::io;
use std::time::Duration;

use crate::db::DbError;
use crate::db::catalog::Misfit;
use crate::db::faults::TableFault;
use crate::record::{EntityIndex, RowNumber};
use crate::schema::{Entity, Table};

use super::rows::Written;
use super::undo::blocking::BlockingRow;

/// A row that the database refused, and the SQLSTATE.
pub(crate) type RefusedRow = (RowNumber, String);

/// A column whose checksums differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) column: String,
    /// The checksum of what was sent.
    pub(crate) sent: String,
    /// The checksum of what the table has.
    pub(crate) found: String,
}

/// Why a load stopped. The target is as it was before, except after [`LoadError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    /// The server, or the connection to it.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The database refused a row on the direct path, which cannot identify it.
    #[error(transparent)]
    DirectPath(DbError),
    /// Another session wrote values of new rows after the transaction's snapshot was taken.
    #[error("table {table}: another session wrote keys of {} new rows at the same time (SQLSTATE 23505)", .rows.len())]
    Overtaken {
        entity: EntityIndex,
        table: String,
        /// The rows, among its clean rows.
        rows: Vec<RowNumber>,
    },
    /// Another session created a table that the run found missing.
    #[error("table {table}: another session created it at the same time")]
    Appeared {
        /// The table, quoted.
        table: String,
        source: DbError,
    },
    /// Every attempt met another session's.
    #[error(
        "other sessions wrote the same rows in each of {tries} attempts, over {} s; nothing has been written; import again \
         when they write less, in smaller files, or while they are paused", .waited.as_secs().max(1)
    )]
    Conflicts {
        tries: u32,
        /// From the first attempt to the last.
        waited: Duration,
        #[source]
        last: Box<Self>,
    },
    /// Another session changed a table after the run had looked at it.
    #[error(
        "table {table}: another session {what} while this run went on; nothing has been written; import again if the \
         table is as it should be"
    )]
    Altered {
        /// The table, quoted.
        table: String,
        what: &'static str,
    },
    /// Another run has the lock.
    #[error(
        "another run is in progress on this database: {holder}; wait for it, or give --lock-timeout to wait here"
    )]
    Busy { holder: String },
    /// The tables do not fit the schema.
    #[error("the target does not fit the schema; nothing has been read:\n{}", list(.0))]
    Misfits(Vec<Misfit>),
    /// Something about a table as a whole keeps rows out.
    #[error("the target cannot take rows as it is; nothing has been written:\n{}", list(.0))]
    Faults(Vec<TableFault>),
    /// The role lacks rights. Nothing has been done.
    #[error("the role lacks rights; nothing has been done. What grants them:\n{}", statements(.grants))]
    Rights { grants: Vec<String> },
    /// The spool could not be read back.
    #[error("the spooled rows could not be read back")]
    Spool(#[source] io::Error),
    /// COPY took another number of rows than were sent.
    #[error("staging {entity}: {sent} rows were sent and {arrived} arrived; nothing has been written")]
    Staged { entity: String, sent: u64, arrived: u64 },
    /// The journal has undo data for another number of rows than were written.
    #[error(
        "table {table}: {written} rows were written, but {noted} of them found again for the undo data; nothing has \
         been committed. Does a trigger change the key? --no-undo does without"
    )]
    UndoData { table: String, written: u64, noted: u64 },
    /// The server wrote fewer rows than were sent.
    #[error(
        "table {table}: {} rows were sent to be inserted and {} to be updated, and {} and {} were; nothing has been \
         committed. Does a trigger or a rule discard rows?", .sent.inserted, .sent.updated, .written.inserted, .written.updated
    )]
    Discarded { table: String, sent: Written, written: Written },
    /// The table does not hold what the server said it wrote.
    #[error(
        "table {table}: {} inserted and {} updated rows were counted, {} and {} read back; nothing has been \
         committed. Does a trigger discard rows?", .written.inserted, .written.updated, .found.inserted, .found.updated
    )]
    ReadBack { table: String, written: Written, found: Written },
    /// A column does not hold what was sent.
    #[error(
        "table {table}: {accepted} rows were sent and {rows} found again; columns that differ: {}; nothing has been \
         committed. Does a trigger change values?", differing(.differences)
    )]
    Reconcile { table: String, accepted: u64, rows: u64, differences: Vec<Difference> },
    /// An older program created the journal.
    #[error(
        "the journal (schema muster) has version {found} of an older muster, this program knows version {known}; the \
         next import brings it up to date"
    )]
    JournalOld { found: i32, known: i32 },
    /// A newer program created the journal.
    #[error(
        "the journal (schema muster) has version {found}, this program knows version {known}; use a newer muster"
    )]
    JournalVersion { found: i32, known: i32 },
    /// No run has such an id.
    #[error("no run in the journal has an id that begins with `{prefix}`; `muster runs` lists them")]
    NoRun { prefix: String },
    /// More than one run has such an id.
    #[error("several runs begin with `{prefix}`: {}; give more of the id", .runs.join(", "))]
    SeveralRuns { prefix: String, runs: Vec<String> },
    /// A run cannot be undone.
    #[error("run {run} cannot be undone: {why}")]
    NotUndoable { run: String, why: String },
    /// An undo would overwrite later work.
    #[error("run {run} is not undone, since later work would be lost; nothing has been changed:\n{}", blocking(.rows))]
    Blocked { run: String, rows: Vec<BlockingRow> },
    /// The database refuses rows. The transaction is as it was before anything was written.
    #[error("the database refuses {} rows", .rows.len())]
    Rows {
        entity: EntityIndex,
        /// The rows, among its clean rows, and the SQLSTATE of each.
        rows: Vec<RefusedRow>,
    },
    /// Rows that must be deleted are referred to. The transaction is as it was before anything was written.
    #[error("{} rows that must be deleted are referred to", .rows.len())]
    Referred {
        entity: EntityIndex,
        /// The rows, among its clean rows, and who refers to each.
        rows: Vec<(RowNumber, String)>,
    },
    /// More rows would be deleted than may be.
    #[error(
        "table {table}: {deletes} of its {rows} rows would be deleted; nothing has been written. If that is right, \
         give --allow-mass-deletes"
    )]
    MassDeletes { table: String, deletes: u64, rows: u64 },
    /// Rows cannot release values that other rows need: the table allows nothing in their place. The transaction is
    /// as it was before anything was written.
    #[error("table {table}: values that pass from one row to another cannot be released first")]
    NotReleased {
        table: String,
        #[source]
        error: Option<DbError>,
    },
    /// Rows that were deleted are still there.
    #[error(
        "table {table}: {deleted} rows were counted as deleted, and {left} of them are still there; nothing has been \
         committed. Does a trigger keep them?"
    )]
    StillThere { table: String, deleted: u64, left: u64 },
    /// Rows are not as an undo was to put them.
    #[error(
        "table {table}: {rows} rows {what}; nothing has been changed. Does a trigger or a rule keep them?"
    )]
    Kept { table: String, what: &'static str, rows: u64 },
    /// The reply to COMMIT was lost, and the server says that the transaction was rolled back.
    #[error(
        "the connection was lost at COMMIT, and the server says that transaction {transaction} was rolled back; \
         import again"
    )]
    RolledBack { transaction: String, source: DbError },
    /// COMMIT was sent, its reply was lost, and the server could not be asked.
    #[error(
        "COMMIT was sent and its reply was lost: whether transaction {transaction} was committed is not known; \
         look with `muster runs show {run}` (it is there exactly when it was committed)"
    )]
    Unknown { transaction: String, run: String },
}

fn list(all: &[impl std::fmt::Display]) -> String {
    all.iter().map(|one| format!("  {one}")).collect::<Vec<_>>().join("\n")
}

fn statements(grants: &[String]) -> String {
    grants.iter().map(|grant| format!("  {grant};")).collect::<Vec<_>>().join("\n")
}

fn differing(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "none".to_owned();
    }
    differences.iter().map(|difference| difference.column.as_str()).collect::<Vec<_>>().join(", ")
}

fn blocking(rows: &[BlockingRow]) -> String {
    /// How many are named in the message.
    const NAMED: usize = 50;
    let mut lines: Vec<_> = rows.iter().take(NAMED).map(|row| format!("  {row}")).collect();
    if rows.len() > NAMED {
        lines.push(format!("  and {} more", rows.len() - NAMED));
    }
    lines.join("\n")
}

impl LoadError {
    /// Fails unless the table has what the server said it wrote.
    pub(super) fn unless_found(entity: &Entity, written: Written, found: Written) -> Result<(), Self> {
        if written == found {
            return Ok(());
        }
        Err(Self::ReadBack { table: entity.table.to_string(), written, found })
    }

    /// The error that a table which the run has seen is there no longer.
    pub(super) fn gone(table: &Table) -> Self {
        Self::Altered { table: table.to_string(), what: "has dropped or renamed it" }
    }
}
