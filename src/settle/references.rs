//! References: does the record that a row refers to exist, and was it kept?

use std::collections::{HashMap, HashSet, hash_map};
use std::io;

use rayon::prelude::*;

use crate::fault;
use crate::record::{EntityIndex, Related, RowNumber, Severity, Slot};

use super::candidates::Candidates;
use super::facts::{Facts, Question};
use super::verdict::{EntityVerdict, Fate, NO_PARENT, Reason, RejectedRecord, RowFinding};

/// The keys of an entity that others refer to, and whether each is kept.
#[derive(Debug, Default)]
pub(super) struct KeyIndex<'c> {
    /// The first row with a hash.
    rows: HashMap<u64, Entry, foldhash::fast::FixedState>,
    /// Further rows with that hash: only if keys repeat or hashes collide.
    more: HashMap<u64, Vec<u32>, foldhash::fast::FixedState>,
    /// All keys, one after another, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kept: Vec<bool>,
    /// The keys of records that reading rejected.
    rejected: HashMap<&'c [u8], Related, foldhash::fast::FixedState>,
}

/// What nearly every look-up needs, together and small: most entries are not in the cache.
#[derive(Debug, Clone, Copy)]
struct Entry {
    head: Head,
    row: u32,
    kept: bool,
}

const _: () = assert!(size_of::<Entry>() == 24);

/// A key of at most 16 bytes, padded with zeros, so that it is compared as two numbers; all zeros for other keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head([u64; 2]);

impl Head {
    const NONE: Self = Self([0; 2]);

    #[inline]
    fn of(key: &[u8]) -> Self {
        let mut bytes = [0; 16];
        // PostgreSQL's text has no zero byte; a key that ended in one would be taken for a shorter one.
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

/// Where a key was found.
enum Answer {
    /// In this kept row.
    Kept(u32),
    /// In this clean row, which is not kept.
    Lost(RowNumber),
    /// In this record, which reading rejected.
    Rejected(Related),
    /// Nowhere.
    Unknown,
}

impl<'c> KeyIndex<'c> {
    pub(super) fn build(candidates: &Candidates<'c>, verdict: &EntityVerdict) -> io::Result<Self> {
        let mut index = Self::default();
        let hashes = &candidates.hashes[0];
        index.rows.reserve(hashes.len());
        for part in 0..candidates.values.parts() {
            candidates.values.scan(part, Slot(0), &mut |row, key| {
                let key = key.unwrap_or_default();
                index.bytes.extend_from_slice(key);
                index.ends.push(index.bytes.len());
                let kept = verdict.fates[row] == Fate::Kept;
                index.kept.push(kept);
                if candidates.deletes.binary_search(&row).is_ok() {
                    return;
                }
                let hash = hashes[row];
                // Parents are kept as 32-bit numbers.
                let row = u32::try_from(row.0).unwrap_or(NO_PARENT);
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
            (Some(row), _) => Answer::Lost(RowNumber(u64::from(row))),
            (None, Some(related)) => Answer::Rejected(*related),
            (None, None) => Answer::Unknown,
        }
    }
}

/// Resolves the references of one entity, also those of rows that reading rejected. What only the database knows is
/// added to `questions`; until they are answered, the row counts as resolved.
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
            slot: Slot(slot),
            target: EntityIndex(reference.entity),
            given: entities[reference.entity].given,
            index: &indexes[reference.entity],
            facts,
        };
        let parts = (0..candidates.values.parts()).into_par_iter().map(|part| resolver.part(part));
        let mut parents = Vec::with_capacity(candidates.len());
        for part in parts.collect::<io::Result<Vec<_>>>()? {
            parents.extend_from_slice(&part.parents);
            part.findings.into_iter().for_each(|found| verdict.add(found.row, found.slot, found.reason));
            questions.extend(part.questions.into_iter().filter(|question| asked.insert(question.clone())));
        }
        verdict.parents.push(parents);
        let parts = (0..candidates.values.rejected_parts()).into_par_iter();
        for part in parts.map(|part| resolver.rejected_part(part)).collect::<io::Result<Vec<_>>>()? {
            verdict.of_rejected.extend(part.findings);
            questions.extend(part.questions.into_iter().filter(|question| asked.insert(question.clone())));
        }
    }
    Ok(())
}

/// Resolves one reference of an entity.
struct Resolver<'a> {
    candidates: &'a Candidates<'a>,
    slot: Slot,
    /// The entity that is referred to.
    target: EntityIndex,
    /// Whether a file of it was given.
    given: bool,
    index: &'a KeyIndex<'a>,
    facts: &'a Facts,
}

/// The result for a part of the rows.
#[derive(Default)]
struct Resolved {
    parents: Vec<u32>,
    findings: Vec<RowFinding>,
    questions: Vec<Question>,
}

impl Resolver<'_> {
    fn part(&self, part: usize) -> io::Result<Resolved> {
        let mut resolved = Resolved::default();
        self.candidates.values.scan(part, self.slot, &mut |row, key| {
            let hash = self.candidates.hashes[self.slot][row];
            let parent = key.and_then(|key| self.row(row, hash, key, &mut resolved));
            resolved.parents.push(parent.unwrap_or(NO_PARENT));
        })?;
        Ok(resolved)
    }

    /// The same for rows that are rejected anyway. A warning about a reference would be about nothing.
    fn rejected_part(&self, part: usize) -> io::Result<Resolved> {
        let mut resolved = Resolved::default();
        self.candidates.values.scan_rejected(part, self.slot, &mut |row, hash, key| {
            self.row(row, hash, key, &mut resolved);
        })?;
        resolved.findings.retain(|found| found.reason.severity() == Severity::Reject);
        Ok(resolved)
    }

    /// The kept row that `row` refers to. If there is none, adds a finding or a question.
    fn row(&self, row: RowNumber, hash: u64, key: &[u8], resolved: &mut Resolved) -> Option<u32> {
        let answer = self.index.look_up(hash, key);
        if let Answer::Kept(parent) = answer {
            return Some(parent);
        }
        if self.facts.database {
            let question = Question { entity: self.target, key: key.to_vec() };
            match self.facts.holds(&question) {
                Some(true) => return None,
                Some(false) => {}
                None => {
                    resolved.questions.push(question);
                    return None;
                }
            }
        }
        let is_known = self.given || self.facts.database;
        let reason = match answer {
            Answer::Lost(row) => Reason::RejectedReference(RejectedRecord::Row(self.target, row)),
            Answer::Rejected(related) => Reason::RejectedReference(RejectedRecord::Read(related)),
            Answer::Unknown | Answer::Kept(_) if is_known => Reason::UnknownReference,
            Answer::Unknown | Answer::Kept(_) => Reason::UnresolvedReference,
        };
        resolved.findings.push(RowFinding { row, slot: Some(self.slot), reason });
        None
    }
}
