//! Rows that are rejected because of what the database knows: values in use, rows that it refused, edited rows,
//! deletions of rows that are still referred to.

use std::collections::{HashMap, HashSet};

use crate::record::{EntityIndex, RowNumber, Slot};

use super::facts::{Facts, InUse, StoredOtherwise, Unheld};
use super::verdict::{EntityVerdict, Fate, Reason};

/// The rows of an entity with a value that is in use, and its slot, in order. A value counts as free if a row may free
/// it, unless it is in `held`.
pub(super) fn in_use(
    facts: &Facts,
    entity: EntityIndex,
    held: &HashSet<(RowNumber, Slot)>,
) -> Vec<(RowNumber, Slot)> {
    let is_held = |found: &&InUse| found.freed_by.is_empty() || held.contains(&(found.row, found.slot));
    let mut rows: Vec<_> =
        facts.in_use(entity).iter().filter(is_held).map(|found| (found.row, found.slot)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Rejects rows of an entity for what is not about values that other rows have.
pub(super) fn reject(facts: &Facts, entity: EntityIndex, verdict: &mut EntityVerdict) {
    for StoredOtherwise { row, slot, stored } in facts.stored(entity) {
        verdict.add(*row, Some(*slot), Reason::StoredOtherwise(stored.clone()));
    }
    for Unheld { row, field, declared } in facts.unheld(entity) {
        verdict.add(*row, None, Reason::Unheld { field: *field, declared: declared.clone() });
    }
    let refused = facts.refused(entity).iter().map(|(row, detail)| (row, Reason::Refused(detail.clone())));
    let referred =
        facts.referred(entity).iter().map(|(row, detail)| (row, Reason::StillReferred(detail.clone())));
    let edited = facts.edited(entity).iter().map(|(row, detail)| (row, Reason::Edited(detail.clone())));
    for (row, reason) in refused.chain(referred).chain(edited) {
        verdict.add(*row, None, reason);
    }
}

/// Adds to `held` the values that no kept row frees, and those that are in use because of these. Returns whether
/// there are new ones.
pub(super) fn hold(in_use: &[InUse], verdict: &EntityVerdict, held: &mut HashSet<(RowNumber, Slot)>) -> bool {
    let mut lost: HashSet<RowNumber> = HashSet::new();
    let before = held.len();
    // In a chain of rows, each taking the value of the next, one lost row is followed to the chain's end at once.
    let mut waiting: HashMap<RowNumber, Vec<&InUse>> = HashMap::new();
    for found in in_use.iter().filter(|found| !found.freed_by.is_empty()) {
        for &row in &found.freed_by {
            waiting.entry(row).or_default().push(found);
        }
    }
    let is_gone =
        |row: RowNumber, lost: &HashSet<RowNumber>| verdict.fates[row] != Fate::Kept || lost.contains(&row);
    let mut next: Vec<RowNumber> =
        waiting.keys().copied().filter(|&row| verdict.fates[row] != Fate::Kept).collect();
    while let Some(gone) = next.pop() {
        for found in waiting.get(&gone).into_iter().flatten() {
            let is_held = found.freed_by.iter().all(|&row| is_gone(row, &lost));
            if is_held && !is_gone(found.row, &lost) {
                held.insert((found.row, found.slot));
                lost.insert(found.row);
                next.push(found.row);
            }
        }
    }
    held.len() > before
}
