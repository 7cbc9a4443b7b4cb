//! What the load is asked to do beside writing.

use std::time::Duration;

use crate::schema::OnUpdate;

use super::fresh::Obstacle;

/// What the load does beside writing.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
pub(crate) struct LoadOptions {
    /// What an empty cell does to a filled field unless the field says otherwise.
    pub(crate) on_empty: OnUpdate,
    /// A row that is there may change what it refers to.
    pub(crate) move_rows: bool,
    /// How long another run is waited for.
    pub(crate) patience: Duration,
    /// Before-images and provenance are kept, so that the run can be undone.
    pub(crate) undoable: bool,
    /// Rows that somebody changed in the target after muster wrote them are not overwritten.
    pub(crate) protect_edited: bool,
    /// Each column's checksum is compared with what was sent.
    pub(crate) reconcile: bool,
    /// What is planned is described, by field.
    pub(crate) foresee: bool,
    /// The files list changes, deletions among them.
    pub(crate) changes: bool,
}

/// Why a table is staged although it may be empty.
const RECONCILED: Obstacle = Obstacle::Unusual("its columns are to be reconciled with what is staged");

/// Why a table is staged when changes are applied to it.
const CHANGED: Obstacle = Obstacle::Unusual("changes are applied");

impl LoadOptions {
    /// What keeps every table from being loaded the empty-target way.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        match (self.changes, self.reconcile) {
            (true, _) => Some(CHANGED),
            (false, true) => Some(RECONCILED),
            (false, false) => None,
        }
    }
}
