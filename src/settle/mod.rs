//! Which rows stay: references, unique fields and duplicates, settled over the whole input at once, in input
//! order. A function of the harvest and of what the database said; it does no work on any database, may run
//! again with more facts, and gives the same answer for any number of threads.
//!
//! Entities are settled in load order. Within one, a row is first rejected for what the database knows
//! (`key-in-use`, `database-rejected`) or for its references; only then do the rows that are left compete
//! for keys: a rejected row takes no key. Rows are compared by 64-bit hashes, and where these are equal by
//! the keys themselves, so a collision costs time, never a row.

mod duplicates;
mod facts;
mod references;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::io;

use crate::record::{Code, EntityIndex, Related, RowNumber, Severity, Slot};
use crate::schema::{Entity, FieldIndex};
use crate::settings::Duplicates;

pub(crate) use facts::{Facts, InUse, Question};
pub(crate) use verdict::{EntityVerdict, Fate, Loss, NO_PARENT, Target, Verdicts};

use references::KeyIndex;

/// What settling must know of one entity's clean rows. Values are the raw bytes of COPY's text format, which
/// are equal exactly when the values are.
pub(crate) trait Rows: Sync {
    /// The value of `slot` in `row`; `None` where it has none.
    ///
    /// # Errors
    ///
    /// The rows could not be read back.
    fn value(&self, row: u64, slot: usize) -> io::Result<Option<Vec<u8>>>;

    /// Into how many parts the rows fall, one behind the other, each of which can be scanned by itself.
    fn parts(&self) -> usize;

    /// Calls `each` with the value of `slot` for the rows of a part in order.
    ///
    /// # Errors
    ///
    /// The rows could not be read back.
    fn scan(&self, part: usize, slot: usize, each: &mut dyn FnMut(u64, Option<&[u8]>)) -> io::Result<()>;
}

/// One entity's clean rows, waiting to be settled.
#[derive(Clone, Copy)]
pub(crate) struct Candidates<'a> {
    /// Its schema.
    pub(crate) entity: &'a Entity,
    /// Whether a file of it was given at all.
    pub(crate) given: bool,
    /// The fields behind the hashes: unique ones first (the key at 0), then references.
    pub(crate) slots: &'a [FieldIndex],
    /// Per slot and row the value's hash, 0 where there is none.
    pub(crate) hashes: &'a [Vec<u64>],
    /// The values.
    pub(crate) rows: &'a dyn Rows,
    /// The rows that are to be deleted, in order: nothing can refer to them.
    pub(crate) deletes: &'a [u64],
    /// The keys of rejected records, in input order.
    pub(crate) rejected: &'a [(Vec<u8>, Related)],
}

impl Candidates<'_> {
    /// How many rows there are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.hashes.first().map_or(0, Vec::len)
    }

    fn unique_slots(&self) -> usize {
        self.entity.unique_fields().count()
    }
}

/// Settles all entities, which stand in load order.
///
/// # Errors
///
/// The rows could not be read back.
pub(crate) fn settle(entities: &[Candidates<'_>], facts: &Facts, policy: Duplicates) -> io::Result<Verdicts> {
    let mut verdicts = Verdicts::default();
    let mut indexes: Vec<KeyIndex<'_>> = Vec::new();
    for (at, candidates) in entities.iter().enumerate() {
        let index = EntityIndex(at);
        let asked = verdicts.questions.len();
        // Which values are not freed after all, since the row that would free them is lost.
        let mut held = HashSet::new();
        let mut contested = None;
        let verdict = loop {
            let mut verdict = EntityVerdict::new(candidates.len());
            reject_by_facts(facts, index, &held, &mut verdict);
            verdicts.questions.truncate(asked);
            let questions = &mut verdicts.questions;
            let ((), found) = both(
                || references::resolve(candidates, entities, &indexes, facts, &mut verdict, questions),
                || Ok(contested.take().unwrap_or_else(|| duplicates::contested(candidates))),
            )?;
            duplicates::settle(candidates, &found, policy, &mut verdict)?;
            contested = Some(found);
            if !still_held(facts.in_use(index), &verdict, &mut held) {
                break verdict;
            }
        };
        let mut verdict = verdict;
        verdict.finish();
        let referred_to = entities
            .iter()
            .any(|other| other.entity.references().any(|(_, reference)| reference.entity == at));
        indexes.push(if referred_to { KeyIndex::build(candidates, &verdict)? } else { KeyIndex::default() });
        verdicts.entities.push(verdict);
    }
    Ok(verdicts)
}

/// Does two things at once, where there are threads for it.
fn both<A: Send, B: Send>(
    one: impl FnOnce() -> io::Result<A> + Send,
    other: impl FnOnce() -> io::Result<B> + Send,
) -> io::Result<(A, B)> {
    let (one, other) = rayon::join(one, other);
    Ok((one?, other?))
}

/// Adds the values that a kept row counts on and that no kept row frees, and those that are held because of
/// these. Whether there are any.
fn still_held(in_use: &[InUse], verdict: &EntityVerdict, held: &mut HashSet<(RowNumber, Slot)>) -> bool {
    let mut lost: HashSet<RowNumber> = HashSet::new();
    let before = held.len();
    // A chain of rows, each of which takes what the next one had, falls in one go where it falls.
    let mut waiting: HashMap<RowNumber, Vec<&InUse>> = HashMap::new();
    for found in in_use.iter().filter(|found| !found.freed_by.is_empty()) {
        for &row in &found.freed_by {
            waiting.entry(row).or_default().push(found);
        }
    }
    let is_gone =
        |row: RowNumber, lost: &HashSet<RowNumber>| verdict.fate(row.0) != Fate::Kept || lost.contains(&row);
    let mut next: Vec<RowNumber> =
        waiting.keys().copied().filter(|&row| verdict.fate(row.0) != Fate::Kept).collect();
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

fn reject_by_facts(
    facts: &Facts,
    entity: EntityIndex,
    held: &HashSet<(RowNumber, Slot)>,
    verdict: &mut EntityVerdict,
) {
    let in_use = facts.in_use(entity).iter();
    for found in in_use.filter(|found| found.freed_by.is_empty() || held.contains(&(found.row, found.slot))) {
        verdict.lose(Loss {
            row: found.row.0,
            code: Code::KeyInUse,
            severity: Severity::Reject,
            slot: Some(found.slot.0),
            rival: None,
            related: None,
            detail: None,
        });
    }
    let refused = facts.refused(entity).iter().map(|(row, sqlstate)| (row, Code::DatabaseRejected, sqlstate));
    let referred = facts.referred(entity).iter().map(|(row, by)| (row, Code::StillReferred, by));
    let edited = facts.edited(entity).iter().map(|(row, values)| (row, Code::EditedInTarget, values));
    for (row, code, detail) in refused.chain(referred).chain(edited) {
        verdict.lose(Loss {
            row: row.0,
            code,
            severity: Severity::Reject,
            slot: None,
            rival: None,
            related: None,
            detail: Some(detail.clone()),
        });
    }
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
