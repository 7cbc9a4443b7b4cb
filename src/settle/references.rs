//! References: does the record that a row refers to exist, and was it kept?

use std::collections::{HashMap, HashSet};
use std::io;

use crate::record::{Code, Related, Severity};

use super::Candidates;
use super::facts::{Facts, Question};
use super::verdict::{EntityVerdict, Fate, Loss, NO_PARENT, Target, position};

/// The keys of an entity that others refer to, with what became of each.
#[derive(Debug, Default)]
pub(super) struct KeyIndex {
    /// The rows with a hash; more than one only where keys repeat or hashes collide.
    rows: HashMap<u64, Entry, foldhash::fast::FixedState>,
    more: HashMap<u64, Vec<u32>, foldhash::fast::FixedState>,
    /// All keys, one after another, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kept: Vec<bool>,
    rejected: HashMap<Vec<u8>, Related>,
}

type Entry = u32;

/// What an index says of a key.
enum Answer {
    Kept(u32),
    Row(u64),
    Record(Related),
    Unknown,
}

impl KeyIndex {
    pub(super) fn build(candidates: &Candidates<'_>, verdict: &EntityVerdict) -> io::Result<Self> {
        let mut index = Self::default();
        let hashes = &candidates.hashes[0];
        index.rows.reserve(hashes.len());
        candidates.rows.scan(0, &mut |row, key| {
            index.bytes.extend_from_slice(key.unwrap_or_default());
            index.ends.push(index.bytes.len());
            index.kept.push(verdict.fate(row) == Fate::Kept);
        })?;
        for (row, &hash) in (0_u32..).zip(hashes) {
            if candidates.deletes.binary_search(&u64::from(row)).is_ok() {
                continue;
            }
            match index.rows.entry(hash) {
                std::collections::hash_map::Entry::Vacant(vacant) => {
                    vacant.insert(row);
                }
                std::collections::hash_map::Entry::Occupied(_) => {
                    index.more.entry(hash).or_default().push(row);
                }
            }
        }
        for (key, related) in candidates.rejected {
            index.rejected.entry(key.clone()).or_insert(*related);
        }
        Ok(index)
    }

    fn key(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    fn look_up(&self, hash: u64, key: &[u8]) -> Answer {
        let first = self.rows.get(&hash).copied();
        let more = if first.is_some() && !self.more.is_empty() { self.more.get(&hash) } else { None };
        let same =
            first.into_iter().chain(more.into_iter().flatten().copied()).filter(|&r| self.key(r) == key);
        let mut lost = None;
        for row in same {
            if self.kept[row as usize] {
                return Answer::Kept(row);
            }
            lost.get_or_insert(row);
        }
        match (lost, self.rejected.get(key)) {
            (Some(row), _) => Answer::Row(u64::from(row)),
            (None, Some(related)) => Answer::Record(*related),
            (None, None) => Answer::Unknown,
        }
    }
}

/// Resolves the references of one entity. What only the database can tell is put to `questions`, and the
/// row counts as resolved until it has answered.
pub(super) fn resolve(
    candidates: &Candidates<'_>,
    entities: &[Candidates<'_>],
    indexes: &[KeyIndex],
    facts: &Facts,
    verdict: &mut EntityVerdict,
    questions: &mut Vec<Question>,
) -> io::Result<()> {
    let mut asked = HashSet::new();
    for (slot, &field) in candidates.slots.iter().enumerate() {
        let Some(reference) = candidates.entity.fields[field].reference else { continue };
        let target = &entities[reference.entity];
        let index = &indexes[reference.entity];
        let hashes = &candidates.hashes[slot];
        let mut losses = Vec::new();
        let mut parents = vec![NO_PARENT; candidates.len()];
        candidates.rows.scan(slot, &mut |row, key| {
            let Some(key) = key else { return };
            let answer = index.look_up(hashes[position(row)], key);
            if let Answer::Kept(parent) = answer {
                parents[position(row)] = parent;
                return;
            }
            if facts.database {
                let question = Question { entity: reference.entity, key: key.to_vec() };
                match facts.holds(&question) {
                    Some(true) => return,
                    Some(false) => {}
                    None => {
                        if asked.insert(question.clone()) {
                            questions.push(question);
                        }
                        return;
                    }
                }
            }
            let (code, severity, related) = match answer {
                Answer::Row(lost) => {
                    (Code::AccountRejected, Severity::Reject, Some(Target::Row(reference.entity, lost)))
                }
                Answer::Record(related) => {
                    (Code::AccountRejected, Severity::Reject, Some(Target::Record(related)))
                }
                Answer::Unknown | Answer::Kept(_) if target.given || facts.database => {
                    (Code::UnknownAccount, Severity::Reject, None)
                }
                Answer::Unknown | Answer::Kept(_) => (Code::UnresolvedReference, Severity::Warning, None),
            };
            losses.push(Loss { row, code, severity, slot: Some(slot), rival: None, related, detail: None });
        })?;
        verdict.parents.push(parents);
        for loss in losses {
            verdict.lose(loss);
        }
    }
    Ok(())
}
