//! References: does the record that a row refers to exist, and was it kept?

use std::collections::{BTreeSet, HashMap, HashSet, hash_map};
use std::io;

use rayon::prelude::*;

use crate::fault;
use crate::record::{EntityIndex, Related, RowNumber, Severity, Slot};

use super::candidates::Candidates;
use super::facts::{Facts, Known, Question};
use super::verdict::{EntityVerdict, Fate, NO_PARENT, Reason, RejectedRecord, RowFinding};

/// The keys of an entity that others refer to, and whether each is kept.
#[derive(Debug, Default)]
pub(super) struct KeyIndex<'c> {
    /// The row with a hash: of several with the same key the kept one, or the first.
    rows: HashMap<u64, Entry, foldhash::fast::FixedState>,
    /// The rows of other keys with that hash: only if hashes collide.
    more: HashMap<u64, Vec<u32>, foldhash::fast::FixedState>,
    /// The kept rows that have another key than the first row with one that the database takes for the same: by that row.
    alike: HashMap<u32, u32, foldhash::fast::FixedState>,
    /// All keys, one after another, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    kept: Vec<bool>,
    /// The keys of records that reading rejected, and these records.
    rejected: HashMap<&'c [u8], Related, foldhash::fast::FixedState>,
    records: &'c [(Vec<u8>, Related)],
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
    pub(super) fn build(
        candidates: &Candidates<'c>,
        verdict: &EntityVerdict,
        alike: Option<&HashMap<(RowNumber, Slot), RowNumber>>,
    ) -> io::Result<Self> {
        let mut index = Self { records: candidates.rejected, ..Self::default() };
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
                index.add(hash, number(row), key, kept);
            })?;
        }
        let of_key = alike.into_iter().flatten().filter(|((_, slot), _)| *slot == Slot(0));
        let goes = |row: &RowNumber| candidates.deletes.binary_search(row).is_ok();
        let kept = of_key.filter(|((row, _), _)| verdict.fates[*row] == Fate::Kept && !goes(row));
        index.alike.extend(kept.map(|((row, _), first)| (number(*first), number(*row))));
        index.rejected.reserve(candidates.rejected.len());
        for (key, related) in candidates.rejected {
            index.rejected.entry(key.as_slice()).or_insert(*related);
        }
        Ok(index)
    }

    /// Adds a row. However often a key repeats, it has one row here.
    fn add(&mut self, hash: u64, row: u32, key: &[u8], kept: bool) {
        let entry = match self.rows.entry(hash) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(Entry { row, kept, head: Head::of(key) });
                return;
            }
            hash_map::Entry::Occupied(occupied) => *occupied.get(),
        };
        if self.key(entry.row) == key {
            if kept && !entry.kept {
                self.rows.insert(hash, Entry { row, kept, ..entry });
            }
            return;
        }
        let mut more = self.more.remove(&hash).unwrap_or_default();
        match more.iter_mut().find(|other| self.key(**other) == key) {
            Some(other) if kept && !self.kept[*other as usize] => *other = row,
            Some(_) => {}
            None => more.push(row),
        }
        self.more.insert(hash, more);
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
        let mut rows = first.into_iter().chain(more.into_iter().flatten().copied());
        match (rows.find(|&row| self.key(row) == key), self.rejected.get(key)) {
            (Some(row), _) => self.of_row(row),
            (None, Some(related)) => Answer::Rejected(*related),
            (None, None) => Answer::Unknown,
        }
    }

    fn of_row(&self, row: u32) -> Answer {
        if self.kept[row as usize] { Answer::Kept(row) } else { Answer::Lost(RowNumber(u64::from(row))) }
    }

    /// The same for a key that the database takes for others of the files.
    fn look_up_alike(&self, known: &Known) -> Answer {
        let Some(first) = known.row.map(number) else {
            return known.rejected.map_or(Answer::Unknown, |at| Answer::Rejected(self.records[at].1));
        };
        self.of_row(self.alike.get(&first).copied().unwrap_or(first))
    }
}

/// A row's number as indexes have it.
fn number(row: RowNumber) -> u32 {
    u32::try_from(row.0).unwrap_or(NO_PARENT)
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
    questions: BTreeSet<Question>,
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
        let mut answer = self.index.look_up(hash, key);
        if let Answer::Kept(parent) = answer {
            return Some(parent);
        }
        let mut stored = None;
        if self.facts.database {
            let question = Question { entity: self.target, key: key.to_vec() };
            let Some(known) = self.facts.known(&question) else {
                resolved.questions.insert(question);
                return None;
            };
            if known.held {
                return None;
            }
            let alike = self.index.look_up_alike(known);
            if let Answer::Kept(parent) = alike {
                return Some(parent);
            }
            if matches!(answer, Answer::Unknown) {
                answer = alike;
            }
            stored = known.stored.as_deref();
        }
        let is_known = self.given || self.facts.database;
        let reason = match (answer, stored) {
            (Answer::Lost(row), _) => Reason::RejectedReference(RejectedRecord::Row(self.target, row)),
            (Answer::Rejected(related), _) => Reason::RejectedReference(RejectedRecord::Read(related)),
            (_, Some(stored)) => Reason::StoredOtherwise(stored.into()),
            _ if is_known => Reason::UnknownReference,
            _ => Reason::UnresolvedReference,
        };
        resolved.findings.push(RowFinding { row, slot: Some(self.slot), reason });
        None
    }
}
