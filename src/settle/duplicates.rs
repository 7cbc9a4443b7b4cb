//! Duplicates and unique fields: which of the rows that share a value is kept.

use std::collections::{HashMap, HashSet};
use std::io;

use rayon::prelude::*;

use crate::fault;
use crate::record::{RowNumber, Slot};
use crate::settings::Duplicates;

use super::candidates::Candidates;
use super::verdict::{EntityVerdict, Fate, Reason};

type HashSetOf<T> = HashSet<T, foldhash::fast::FixedState>;
type HashMapOf<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// The hashes of a slot that more than one row has: only values with these hashes may be shared.
pub(super) type Shared = HashSetOf<u64>;

/// The hashes that several rows have, per unique slot. Rejected rows are included, so that this can run while
/// references are resolved.
pub(super) fn contested(candidates: &Candidates<'_>) -> Vec<Shared> {
    candidates.hashes[..candidates.unique_slots()].par_iter().map(|hashes| repeated(hashes)).collect()
}

/// Resolves duplicates among the rows that are still kept, and rejects those that do not lose, but are `in_use` by their
/// slot; these are in order.
pub(super) fn resolve(
    candidates: &Candidates<'_>,
    contested: &[Shared],
    in_use: &[(RowNumber, Slot)],
    alike: Option<&HashMap<(RowNumber, Slot), RowNumber>>,
    policy: Duplicates,
    verdict: &mut EntityVerdict,
) -> io::Result<()> {
    let claims = Claims::of(candidates, contested, alike, verdict)?;
    match policy {
        Duplicates::KeepFirst => keep(claims.rows(), claims.values, in_use, verdict),
        Duplicates::KeepLast => keep(claims.rows().rev(), claims.values, in_use, verdict),
        Duplicates::RejectAll => reject_all(&claims, verdict),
    }
    let has_lost = |row: RowNumber| {
        verdict.fates[row] != Fate::Kept && claims.all.binary_search_by_key(&row, |claim| claim.row).is_ok()
    };
    let others: Vec<_> = in_use.iter().filter(|(row, _)| !has_lost(*row)).collect();
    for &(row, slot) in others {
        verdict.add(row, Some(slot), Reason::KeyInUse);
    }
    Ok(())
}

/// A row's value that other rows may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    row: RowNumber,
    slot: u32,
    /// The value's number.
    value: u32,
}

const _: () = assert!(size_of::<Claim>() == 16);

/// The values of kept rows that other rows may have. Every duplicate has one here, so they are small.
#[derive(Debug, Default)]
struct Claims {
    /// In order.
    all: Vec<Claim>,
    /// How many different values there are.
    values: usize,
}

impl Claims {
    fn of(
        candidates: &Candidates<'_>,
        contested: &[Shared],
        alike: Option<&HashMap<(RowNumber, Slot), RowNumber>>,
        verdict: &EntityVerdict,
    ) -> io::Result<Self> {
        let mut claims = Self::default();
        // Values that the database takes for the same count as that of the first row that has one of them.
        let first = |row: RowNumber, slot: Slot| alike.and_then(|alike| alike.get(&(row, slot)).copied());
        for (slot, shared) in contested.iter().enumerate() {
            let slot = Slot(slot);
            // Most rows share no value: only those that might are read back.
            if shared.is_empty() && alike.is_none() {
                continue;
            }
            let hashes = &candidates.hashes[slot];
            let (mut rows, mut of_first) = (Vec::new(), HashMapOf::default());
            for row in (0..candidates.len() as u64).map(RowNumber) {
                if verdict.fates[row] != Fate::Kept {
                    continue;
                }
                if let Some(first) = first(row, slot) {
                    let value = *of_first.entry(first).or_insert_with(|| claims.number());
                    claims.add(row, slot, value);
                } else if shared.contains(&hashes[row]) {
                    rows.push(row);
                }
            }
            let mut numbers: HashMapOf<Box<[u8]>, u32> = HashMap::default();
            candidates.values.values(&rows, slot, &mut |row, value| {
                let Some(value) = value else { return };
                let number = if let Some(&number) = numbers.get(value) {
                    number
                } else {
                    let number = claims.number();
                    numbers.insert(value.into(), number);
                    number
                };
                claims.add(row, slot, number);
            })?;
        }
        claims.all.sort_unstable();
        Ok(claims)
    }

    /// A number for one more value.
    fn number(&mut self) -> u32 {
        self.values += 1;
        // Each value has a row, and rows are numbered with 32 bits.
        u32::try_from(self.values - 1).unwrap_or(u32::MAX)
    }

    fn add(&mut self, row: RowNumber, slot: Slot, value: u32) {
        self.all.push(Claim { row, slot: u32::try_from(slot.0).unwrap_or(u32::MAX), value });
    }

    /// The claims of each row, in order.
    fn rows(&self) -> impl DoubleEndedIterator<Item = &[Claim]> {
        self.all.chunk_by(|one, next| one.row == next.row)
    }
}

/// The hashes that more than one row has.
///
/// Sorting all hashes would be the most expensive step for a clean file. So a table with a bit for each hash, and
/// room for eight times as many, finds the few that might repeat, and only these are sorted.
fn repeated(hashes: &[u64]) -> Shared {
    if fault::slow() {
        let mut seen = HashSetOf::default();
        return hashes.iter().copied().filter(|&hash| hash != 0 && !seen.insert(hash)).collect();
    }
    let present = || hashes.iter().copied().filter(|&hash| hash != 0);
    let mut once = Bits::for_hashes(hashes.len());
    let mut again = Bits::for_hashes(hashes.len());
    for hash in present() {
        if once.set(hash) {
            again.set(hash);
        }
    }
    drop(once);
    let mut sorted: Vec<u64> = present().filter(|&hash| again.has(hash)).collect();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// A set of hashes that may contain more than was added, but never less (a Bloom filter with one hash function).
struct Bits(Vec<u64>);

impl Bits {
    /// At least eight bits a hash: at most one in eight of the hashes that never repeat is sorted in vain. A
    /// larger table would leave fewer, but not stay in the cache.
    fn for_hashes(hashes: usize) -> Self {
        Self(vec![0; (hashes / 8).next_power_of_two()])
    }

    /// Adds a hash. Returns whether its bit was set before.
    fn set(&mut self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        let was = self.0[word] & bit != 0;
        self.0[word] |= bit;
        was
    }

    fn has(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.0[word] & bit != 0
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        ((hash >> 6) as usize & (self.0.len() - 1), 1 << (hash & 63))
    }
}

/// Goes through the rows in order of preference: a row that shares one of the `values` with a kept one is skipped. A
/// skipped row takes no value, nor does one that is in use.
fn keep<'c>(
    rows: impl Iterator<Item = &'c [Claim]>,
    values: usize,
    in_use: &[(RowNumber, Slot)],
    verdict: &mut EntityVerdict,
) {
    let is_in_use = |row: RowNumber| in_use.binary_search_by_key(&row, |(row, _)| *row).is_ok();
    let mut taken: Vec<Option<RowNumber>> = vec![None; values];
    for claims in rows {
        let row = claims[0].row;
        let rival = claims.iter().find_map(|claim| Some((claim.slot, taken[claim.value as usize]?)));
        match rival {
            Some((slot, of)) => verdict.add(row, Some(slot_of(slot)), Reason::Duplicate { of, kept: true }),
            None if is_in_use(row) => {}
            None => claims.iter().for_each(|claim| taken[claim.value as usize] = Some(row)),
        }
    }
}

/// Rejects every row that shares a value with another one.
fn reject_all(claims: &Claims, verdict: &mut EntityVerdict) {
    // The first row with a value, and the second if there is one.
    let mut holders: Vec<[Option<RowNumber>; 2]> = vec![[None; 2]; claims.values];
    for claim in &claims.all {
        let [first, second] = &mut holders[claim.value as usize];
        if first.is_none() {
            *first = Some(claim.row);
        } else if second.is_none() {
            *second = Some(claim.row);
        }
    }
    for own in claims.rows() {
        let row = own[0].row;
        let rival = own.iter().find_map(|claim| {
            let [first, second] = holders[claim.value as usize];
            Some((claim.slot, if first == Some(row) { second? } else { first? }))
        });
        if let Some((slot, of)) = rival {
            verdict.add(row, Some(slot_of(slot)), Reason::Duplicate { of, kept: false });
        }
    }
}

fn slot_of(slot: u32) -> Slot {
    Slot(slot as usize)
}
