//! References: does the record that a row refers to exist, and was it kept?

use std::collections::{HashMap, HashSet, hash_map};
use std::io;

use rayon::prelude::*;

use crate::fault;
use crate::record::{Code, EntityIndex, Related, Severity};

use super::Candidates;
use super::facts::{Facts, Question};
use super::verdict::{EntityVerdict, Fate, Loss, NO_PARENT, Target, position};

/// The keys of an entity that others refer to, with what became of each.
#[derive(Debug, Default)]
pub(super) struct KeyIndex<'c> {
    /// The first row with a hash.
    rows: HashMap<u64, Entry, foldhash::fast::FixedState>,
    /// Further ones: only where keys repeat or hashes collide.
    more: HashMap<u64, Vec<u32>, foldhash::fast::FixedState>,
    /// All keys, one after another, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kept: Vec<bool>,
    /// The keys of records that were rejected as they were read.
    rejected: HashMap<&'c [u8], Related, foldhash::fast::FixedState>,
}

/// What nearly every look-up needs, in one place of memory, and a small one: most are not in the cache.
#[derive(Debug, Clone, Copy)]
struct Entry {
    head: Head,
    row: u32,
    kept: bool,
}

const _: () = assert!(size_of::<Entry>() == 24);

/// A key that is short enough to be compared in two steps, filled up with zeros; zeros alone for any other key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head([u64; 2]);

impl Head {
    const NONE: Self = Self([0; 2]);

    #[inline]
    fn of(key: &[u8]) -> Self {
        let mut bytes = [0; 16];
        // No text of PostgreSQL's has a zero; a key that ended in one would look like a shorter one.
        if key.last().is_none_or(|&last| last == 0) {
            return Self::NONE;
        }
        let Some(start) = bytes.get_mut(..key.len()) else { return Self::NONE };
        start.copy_from_slice(key);
        let (low, high) = bytes.split_at(8);
        let word = |half: &[u8]| half.first_chunk().map_or(0, |half| u64::from_le_bytes(*half));
        Self([word(low), word(high)])
    }
}

/// What an index says of a key.
enum Answer {
    Kept(u32),
    Row(u64),
    Record(Related),
    Unknown,
}

impl<'c> KeyIndex<'c> {
    pub(super) fn build(candidates: &Candidates<'c>, verdict: &EntityVerdict) -> io::Result<Self> {
        let mut index = Self::default();
        let hashes = &candidates.hashes[0];
        index.rows.reserve(hashes.len());
        for part in 0..candidates.rows.parts() {
            candidates.rows.scan(part, 0, &mut |row, key| {
                let key = key.unwrap_or_default();
                index.bytes.extend_from_slice(key);
                index.ends.push(index.bytes.len());
                let kept = verdict.fate(row) == Fate::Kept;
                index.kept.push(kept);
                if candidates.deletes.binary_search(&row).is_ok() {
                    return;
                }
                let hash = hashes[position(row)];
                // A row's position fits in what a parent's number has.
                let row = u32::try_from(row).unwrap_or(NO_PARENT);
                match index.rows.entry(hash) {
                    hash_map::Entry::Vacant(vacant) => {
                        vacant.insert(Entry { row, kept, head: Head::of(key) });
                    }
                    hash_map::Entry::Occupied(_) => {
                        index.more.entry(hash).or_default().push(row);
                    }
                }
            })?;
        }
        index.rejected.reserve(candidates.rejected.len());
        for (key, related) in candidates.rejected {
            index.rejected.entry(key.as_slice()).or_insert(*related);
        }
        Ok(index)
    }

    fn key(&self, row: u32) -> &[u8] {
        let row = row as usize;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    #[inline]
    fn look_up(&self, hash: u64, key: &[u8]) -> Answer {
        match self.rows.get(&hash) {
            Some(Entry { row, kept: true, head })
                if !fault::slow() && *head != Head::NONE && *head == Head::of(key) =>
            {
                Answer::Kept(*row)
            }
            first => self.look_up_slowly(first, hash, key),
        }
    }

    fn look_up_slowly(&self, first: Option<&Entry>, hash: u64, key: &[u8]) -> Answer {
        let first = first.map(|entry| entry.row);
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
    indexes: &[KeyIndex<'_>],
    facts: &Facts,
    verdict: &mut EntityVerdict,
    questions: &mut Vec<Question>,
) -> io::Result<()> {
    let mut asked = HashSet::new();
    for (slot, &field) in candidates.slots.iter().enumerate() {
        let Some(reference) = candidates.entity.fields[field].reference else { continue };
        let resolver = Resolver {
            candidates,
            slot,
            target: reference.entity,
            given: entities[reference.entity].given,
            index: &indexes[reference.entity],
            facts,
        };
        let parts = (0..candidates.rows.parts()).into_par_iter().map(|part| resolver.part(part));
        let mut parents = Vec::with_capacity(candidates.len());
        for part in parts.collect::<io::Result<Vec<_>>>()? {
            parents.extend_from_slice(&part.parents);
            part.losses.into_iter().for_each(|loss| verdict.lose(loss));
            questions.extend(part.questions.into_iter().filter(|question| asked.insert(question.clone())));
        }
        verdict.parents.push(parents);
    }
    Ok(())
}

/// Resolves one reference of an entity.
struct Resolver<'a> {
    candidates: &'a Candidates<'a>,
    slot: usize,
    /// The entity that is referred to.
    target: usize,
    /// Whether a file of it was given.
    given: bool,
    index: &'a KeyIndex<'a>,
    facts: &'a Facts,
}

/// What came of a part of the rows.
#[derive(Default)]
struct Resolved {
    parents: Vec<u32>,
    losses: Vec<Loss>,
    questions: Vec<Question>,
}

impl Resolver<'_> {
    fn part(&self, part: usize) -> io::Result<Resolved> {
        let mut resolved = Resolved::default();
        self.candidates.rows.scan(part, self.slot, &mut |row, key| {
            let parent = key.and_then(|key| self.row(row, key, &mut resolved));
            resolved.parents.push(parent.unwrap_or(NO_PARENT));
        })?;
        Ok(resolved)
    }

    /// The kept row that `row` refers to; else what that means is noted.
    fn row(&self, row: u64, key: &[u8], resolved: &mut Resolved) -> Option<u32> {
        let answer = self.index.look_up(self.candidates.hashes[self.slot][position(row)], key);
        if let Answer::Kept(parent) = answer {
            return Some(parent);
        }
        if self.facts.database {
            let question = Question { entity: EntityIndex(self.target), key: key.to_vec() };
            match self.facts.holds(&question) {
                Some(true) => return None,
                Some(false) => {}
                None => {
                    resolved.questions.push(question);
                    return None;
                }
            }
        }
        let (code, severity, related) = match answer {
            Answer::Row(lost) => {
                (Code::AccountRejected, Severity::Reject, Some(Target::Row(self.target, lost)))
            }
            Answer::Record(related) => {
                (Code::AccountRejected, Severity::Reject, Some(Target::Record(related)))
            }
            Answer::Unknown | Answer::Kept(_) if self.given || self.facts.database => {
                (Code::UnknownAccount, Severity::Reject, None)
            }
            Answer::Unknown | Answer::Kept(_) => (Code::UnresolvedReference, Severity::Warning, None),
        };
        let slot = Some(self.slot);
        resolved.losses.push(Loss { row, code, severity, slot, rival: None, related, detail: None });
        None
    }
}
