//! Options that concern all tables.

use crate::settings::Target;

use super::path::Obstacle;

/// What keeps every table from the direct path, if anything does.
pub(super) fn obstacle(target: &Target) -> Option<Obstacle> {
    if target.changes {
        return Some(Obstacle::Unusual("changes are applied"));
    }
    target.reconcile.then_some(Obstacle::Unusual("its columns are compared with the staged ones afterwards"))
}
