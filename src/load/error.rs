//! What stops a load, and an undo. The target is as it was before, except where an error says otherwise.

use std::io;

use crate::db::DbError;
use crate::db::catalog::Misfit;
use crate::record::{EntityIndex, RowNumber};

use super::Written;
use super::proof::Difference;
use super::refused::{self, Refused};
use super::undo::Hindrance;

/// Why a load stopped. The target is as it was before, except after [`LoadError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
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
    /// The role lacks rights. Nothing has been done.
    #[error("the role lacks rights; nothing has been done. What grants them:\n{}", statements(.grants))]
    Rights {
        /// The statements that grant them.
        grants: Vec<String>,
    },
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
        "the journal (schema muster) has version {found} of an older muster, this program knows version {known}; the \
         next import brings it up to date"
    )]
    JournalOld {
        /// What the journal says.
        found: i32,
        /// What this program writes.
        known: i32,
    },
    /// A newer program made the journal.
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
    #[error("run {run} is not undone, since later work would be lost; nothing has been changed:\n{}", in_the_way(.hindrances))]
    InTheWay {
        /// The run.
        run: String,
        /// The rows.
        hindrances: Vec<Hindrance>,
    },
    /// The database refuses rows. The transaction is as it was before anything was written.
    #[error("the database refuses {} rows", .rows.len())]
    Rows {
        /// The entity, in load order.
        entity: EntityIndex,
        /// The rows, among its clean rows, and the SQLSTATE of each.
        rows: Vec<Refused>,
    },
    /// Rows that are to be deleted are referred to. The transaction is as it was before anything was written.
    #[error("{} rows that are to be deleted are referred to", .rows.len())]
    Referred {
        /// The entity, in load order.
        entity: EntityIndex,
        /// The rows, among its clean rows, and who refers to each.
        rows: Vec<(RowNumber, String)>,
    },
    /// Rows do not let go of values that others bring: the table allows nothing in their place. The transaction is
    /// as it was before anything was written.
    #[error("table {table}: values that pass from one row to another cannot be let go of first")]
    NotLetGo {
        /// The table, quoted.
        table: String,
        /// What the server said.
        #[source]
        error: DbError,
    },
    /// Rows that were deleted are there again.
    #[error(
        "table {table}: {deleted} rows were counted as deleted, and {left} of them are still there; nothing has been \
         committed. Does a trigger keep them?"
    )]
    StillThere {
        /// The table, quoted.
        table: String,
        /// What the server said.
        deleted: u64,
        /// What was read back.
        left: u64,
    },
    /// The reply to COMMIT was lost, and the server says what became of it.
    #[error(
        "the connection was lost at COMMIT, and the server says that transaction {transaction} was rolled back; \
         import again"
    )]
    RolledBack {
        /// The transaction's number.
        transaction: String,
        /// What was lost.
        source: DbError,
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

fn statements(grants: &[String]) -> String {
    grants.iter().map(|grant| format!("  {grant};")).collect::<Vec<_>>().join("\n")
}

fn differing(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "none".to_owned();
    }
    differences.iter().map(|difference| difference.column.as_str()).collect::<Vec<_>>().join(", ")
}

fn in_the_way(hindrances: &[Hindrance]) -> String {
    /// How many are named where a person reads.
    const NAMED: usize = 50;
    let mut lines: Vec<_> = hindrances.iter().take(NAMED).map(|hindrance| format!("  {hindrance}")).collect();
    if hindrances.len() > NAMED {
        lines.push(format!("  and {} more", hindrances.len() - NAMED));
    }
    lines.join("\n")
}

impl LoadError {
    /// Whether the database refused a row, on the way that cannot tell which.
    #[must_use]
    pub(crate) fn is_about_data(&self) -> bool {
        matches!(self, Self::Database(error) if refused::is_about_data(error))
    }

    /// Whether the same transaction may well succeed when it is tried again: it met another one.
    #[must_use]
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        // Serialization failure and deadlock.
        error.sqlstate().is_some_and(|state| matches!(state.code(), "40001" | "40P01"))
    }
}
