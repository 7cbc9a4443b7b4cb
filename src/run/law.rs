//! The two laws: every row that was read has exactly one result, and every row that was accepted is in the
//! database. Each side of each law was counted in another place, so the laws can fail; then nothing is committed.

use crate::fault;
use crate::report::Counts;

use super::RunError;

/// `read = accepted + rejected + duplicates`.
pub(crate) fn settled(entity: &str, counts: &Counts) -> Result<(), RunError> {
    let Counts { read, accepted, rejected, duplicates, .. } = *counts;
    if read == accepted + rejected + duplicates {
        return Ok(());
    }
    Err(RunError::Law {
        entity: entity.to_owned(),
        law: format!("{read} read, but {accepted} accepted, {rejected} rejected, {duplicates} duplicates"),
    })
}

/// `accepted = inserted + updated + unchanged`, and deleted where changes are applied.
pub(crate) fn loaded(entity: &str, counts: &Counts) -> Result<(), RunError> {
    let Counts { accepted, inserted, updated, unchanged, deleted, .. } = *counts;
    if accepted == inserted + updated + unchanged + deleted {
        return Ok(());
    }
    Err(RunError::Law {
        entity: entity.to_owned(),
        law: format!(
            "{accepted} accepted, but {inserted} inserted, {updated} updated, {unchanged} unchanged, {deleted} deleted"
        ),
    })
}

/// The findings name as many records as were counted.
pub(crate) fn written(entity: &str, counts: &Counts, rejected: u64, duplicates: u64) -> Result<(), RunError> {
    if (counts.rejected, counts.duplicates) == (rejected, duplicates) {
        return Ok(());
    }
    Err(RunError::Law {
        entity: entity.to_owned(),
        law: format!(
            "{} rejected and {} duplicates were counted, but findings name {rejected} and {duplicates}",
            counts.rejected, counts.duplicates
        ),
    })
}

/// Leaves the counts as they are, unless a test wants one of them false ([`fault::falsified`]), before or after
/// the load.
pub(crate) fn falsify(entity: &str, counts: &mut Counts, written: bool) {
    let Some(count) = fault::falsified(entity) else { return };
    match (count.as_str(), written) {
        ("read", false) => counts.read += 1,
        ("accepted", false) => counts.accepted += 1,
        ("rejected", false) => counts.rejected += 1,
        ("duplicates", false) => counts.duplicates += 1,
        ("inserted", true) => counts.inserted += 1,
        ("updated", true) => counts.updated += 1,
        ("unchanged", true) => counts.unchanged += 1,
        ("deleted", true) => counts.deleted += 1,
        _ => {}
    }
}
