//! What keeps all tables from being loaded the empty-target way.

use crate::settings::Target;

use super::fresh::Obstacle;

/// Why a table is staged although it may be empty.
const RECONCILED: Obstacle = Obstacle::Unusual("its columns are to be reconciled with what is staged");

/// Why a table is staged when changes are applied to it.
const CHANGED: Obstacle = Obstacle::Unusual("changes are applied");

/// What keeps every table from being loaded the empty-target way.
pub(super) fn obstacle(target: &Target) -> Option<Obstacle> {
    match (target.changes, target.reconcile) {
        (true, _) => Some(CHANGED),
        (false, true) => Some(RECONCILED),
        (false, false) => None,
    }
}
