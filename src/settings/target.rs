//! The database, and what is done there.

use std::time::Duration;

use crate::schema::OnUpdate;

use super::rules::Limit;

/// The database, and what is done there.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
pub(crate) struct Target {
    /// `--database-url`; see [`crate::db::connect()`] for what is tried without.
    pub(crate) database_url: Option<String>,
    /// `--against-database`: a check looks up keys and references.
    pub(crate) against_database: bool,
    /// `--empty`: what an empty cell does to a filled field, unless the field says otherwise.
    pub(crate) on_empty: OnUpdate,
    /// `--move-users`: a row that exists may change what it refers to.
    pub(crate) move_rows: bool,
    /// `--dry-run`: do everything in the database, then roll back.
    pub(crate) dry_run: bool,
    /// `--apply-changes`: the files list changes, deletions among them.
    pub(crate) changes: bool,
    /// `--allow-deletes`.
    pub(crate) allow_deletes: bool,
    /// `--allow-mass-deletes`: how many of an entity's rows they may be.
    pub(crate) max_deletes: Limit,
    /// Undo data is kept; not with `--no-undo`.
    pub(crate) undoable: bool,
    /// `--protect-edited`: rows that somebody changed in the database since the last import are not overwritten.
    pub(crate) protect_edited: bool,
    /// `--report-absent`: the keys that only the database has are written beside the reports.
    pub(crate) report_absent: bool,
    /// `--reconcile`: each column's checksum is compared with what was sent.
    pub(crate) reconcile: bool,
    /// `--lock-timeout`: how long another run is waited for.
    pub(crate) lock_timeout: Duration,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            database_url: None,
            against_database: false,
            on_empty: OnUpdate::Overwrite,
            move_rows: false,
            dry_run: false,
            changes: false,
            allow_deletes: false,
            max_deletes: Limit::DELETES,
            undoable: true,
            protect_edited: false,
            report_absent: false,
            reconcile: false,
            lock_timeout: Duration::ZERO,
        }
    }
}
