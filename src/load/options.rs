//! The options of a load.

use std::time::Duration;

use crate::schema::OnUpdate;

use super::path::Obstacle;

/// The options of a load.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
pub(crate) struct LoadOptions {
    /// What an empty cell does to a filled field unless the field says otherwise.
    pub(crate) on_empty: OnUpdate,
    /// A row that is there may change what it refers to.
    pub(crate) move_rows: bool,
    /// How long to wait for another run.
    pub(crate) patience: Duration,
    /// Undo data is kept, so that the run can be undone.
    pub(crate) undoable: bool,
    /// Rows that were edited in the target after muster wrote them are not overwritten.
    pub(crate) protect_edited: bool,
    /// Each column's checksum is compared with what was sent.
    pub(crate) reconcile: bool,
    /// The changes are described by field.
    pub(crate) foresee: bool,
    /// The files list changes, deletions among them.
    pub(crate) changes: bool,
}

impl LoadOptions {
    /// What keeps every table from the direct path, if anything does.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        if self.changes {
            return Some(Obstacle::Unusual("changes are applied"));
        }
        self.reconcile
            .then_some(Obstacle::Unusual("its columns are compared with the staged ones afterwards"))
    }
}
