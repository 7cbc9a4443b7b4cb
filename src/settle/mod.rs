//! Which rows are kept: references, unique fields and duplicates, resolved over the whole input at once, in input
//! order. A pure function of the harvest and of what the database said: it asks no database itself, may run
//! again with more facts, and gives the same answer for any number of threads.
//!
//! Entities are settled in load order. Within one, rows are first rejected for what the database refuses
//! (`database-rejected`) and for their references; only the rows that are left compete for keys, so a rejected row takes
//! no key. A row that loses to another one is a duplicate, even if the database has its value by now: files that are
//! imported twice give the same counts. A row that does not lose, and whose value is in use there, is `key-in-use`. Rows
//! are compared by 64-bit hashes, and by the keys themselves if the hashes are equal: a collision costs time, never a
//! row.

mod by_facts;
mod candidates;
mod duplicates;
mod facts;
mod references;
mod verdict;

use std::collections::HashSet;
use std::io;

use crate::record::EntityIndex;

pub(crate) use candidates::{Candidates, SlotValues};
pub(crate) use facts::{Answers, Facts, InUse, Known, Question, StoredOtherwise, Unheld};
pub(crate) use verdict::{EntityVerdict, Fate, NO_PARENT, Reason, RejectedRecord, RowFinding, Verdicts};

use crate::settings::Duplicates;

use references::KeyIndex;

/// Settles all entities, which are given in load order.
pub(crate) fn settle(entities: &[Candidates<'_>], facts: &Facts, policy: Duplicates) -> io::Result<Verdicts> {
    let mut verdicts = Verdicts::default();
    let mut indexes: Vec<KeyIndex<'_>> = Vec::new();
    for (at, candidates) in entities.iter().enumerate() {
        let index = EntityIndex(at);
        let asked = verdicts.questions.len();
        // The values that stay in use, because every row that would free them is lost.
        let mut held = HashSet::new();
        let mut contested = None;
        let mut verdict = loop {
            let mut verdict = EntityVerdict::new(candidates.len());
            by_facts::reject(facts, index, &mut verdict);
            verdicts.questions.truncate(asked);
            let questions = &mut verdicts.questions;
            let (resolved, found) = rayon::join(
                || references::resolve(candidates, entities, &indexes, facts, &mut verdict, questions),
                || contested.take().unwrap_or_else(|| duplicates::contested(candidates)),
            );
            resolved?;
            let in_use = by_facts::in_use(facts, index, &held);
            let alike = facts.alike(index);
            duplicates::resolve(candidates, &found, &in_use, alike, policy, &mut verdict)?;
            contested = Some(found);
            if !by_facts::hold(facts, index, &verdict, &mut held) {
                break verdict;
            }
        };
        verdict.finish();
        let referred_to = entities
            .iter()
            .any(|other| other.entity.references().any(|(_, reference)| reference.entity == at));
        indexes.push(if referred_to {
            KeyIndex::build(candidates, &verdict, facts.alike(index))?
        } else {
            KeyIndex::default()
        });
        verdicts.entities.push(verdict);
    }
    Ok(verdicts)
}

#[cfg(test)]
#[path = "settle_tests.rs"]
mod tests;
