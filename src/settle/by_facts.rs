//! Rows that are rejected because of what the database knows: values in use, rows that it refused, edited rows,
//! deletions of rows that are still referred to.

use std::collections::{HashMap, HashSet};

use crate::record::{EntityIndex, RowNumber, Slot};

use super::facts::{Facts, InUse, StoredOtherwise};
use super::verdict::{EntityVerdict, Fate, Reason};

/// The rows of an entity with a value that is in use, and its slot, in order. A value counts as free if a row may free
/// it, unless it is in `held`.
pub(super) fn in_use(
    facts: &Facts,
    entity: EntityIndex,
    held: &HashSet<(RowNumber, Slot)>,
) -> Vec<(RowNumber, Slot)> {
    let is_held =
        |found: &&InUse| facts.freeing(entity, found).is_empty() || held.contains(&(found.row, found.slot));
    let mut rows: Vec<_> =
        facts.in_use(entity).iter().filter(is_held).map(|found| (found.row, found.slot)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Rejects rows of an entity for what is not about values that other rows have.
pub(super) fn reject(facts: &Facts, entity: EntityIndex, verdict: &mut EntityVerdict) {
    for StoredOtherwise { row, slot, stored } in facts.stored(entity) {
        verdict.add(*row, Some(*slot), Reason::StoredOtherwise(stored.as_str().into()));
    }
    for unheld in facts.unheld(entity) {
        verdict.add(unheld.row, None, Reason::Unheld(Box::new(unheld.clone())));
    }
    let refused =
        facts.refused(entity).iter().map(|(row, detail)| (row, Reason::Refused(detail.as_str().into())));
    let referred = facts
        .referred(entity)
        .iter()
        .map(|(row, detail)| (row, Reason::StillReferred(detail.as_str().into())));
    let edited =
        facts.edited(entity).iter().map(|(row, detail)| (row, Reason::Edited(detail.as_str().into())));
    for (row, reason) in refused.chain(referred).chain(edited) {
        verdict.add(*row, None, reason);
    }
}

/// Adds to `held` the values that no kept row frees, and those that are in use because of these. Returns whether
/// there are new ones.
pub(super) fn hold(
    facts: &Facts,
    entity: EntityIndex,
    verdict: &EntityVerdict,
    held: &mut HashSet<(RowNumber, Slot)>,
) -> bool {
    let before = held.len();
    // Many rows may wait for one value, and many free it: for each value they are listed once.
    let mut values: HashMap<(Slot, i64), Value<'_>> = HashMap::new();
    let mut frees: HashMap<RowNumber, Vec<(Slot, i64)>> = HashMap::new();
    let mut lost: HashSet<RowNumber> = HashSet::new();
    for found in facts.in_use(entity) {
        let (Some(holder), by) = (found.holder, facts.freeing(entity, found)) else { continue };
        if by.is_empty() {
            continue;
        }
        let place = (found.slot, holder);
        let value = values.entry(place).or_insert_with(|| {
            let kept: HashSet<_> = by.iter().filter(|row| verdict.fates[**row] == Fate::Kept).collect();
            for row in &kept {
                frees.entry(**row).or_default().push(place);
            }
            Value { kept: kept.len(), waiting: Vec::new() }
        });
        value.waiting.push(found);
    }
    // In a chain of rows, each taking the value of the next, one lost row is followed to the chain's end at once.
    let mut in_use: Vec<_> =
        values.iter().filter(|(_, value)| value.kept == 0).map(|(place, _)| *place).collect();
    while let Some(place) = in_use.pop() {
        let waiting = values.get_mut(&place).map(|value| std::mem::take(&mut value.waiting));
        for found in waiting.into_iter().flatten() {
            let fate = verdict.fates[found.row];
            if fate == Fate::Rejected {
                continue;
            }
            // One that loses to others now would be next.
            held.insert((found.row, found.slot));
            if fate == Fate::Duplicate || !lost.insert(found.row) {
                continue;
            }
            for place in frees.remove(&found.row).into_iter().flatten() {
                let Some(value) = values.get_mut(&place) else { continue };
                value.kept -= 1;
                if value.kept == 0 {
                    in_use.push(place);
                }
            }
        }
    }
    held.len() > before
}

/// A value of the database that rows free and others wait for.
struct Value<'f> {
    /// How many of the rows that free it are kept.
    kept: usize,
    waiting: Vec<&'f InUse>,
}
