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
    let rows = contested_rows(candidates, contested, alike, verdict)?;
    match policy {
        Duplicates::KeepFirst => keep(rows.iter(), in_use, verdict),
        Duplicates::KeepLast => keep(rows.iter().rev(), in_use, verdict),
        Duplicates::RejectAll => reject_all(&rows, verdict),
    }
    let has_lost = |row: RowNumber| {
        verdict.fates[row] != Fate::Kept && rows.binary_search_by_key(&row, |(row, _)| *row).is_ok()
    };
    let others: Vec<_> = in_use.iter().filter(|(row, _)| !has_lost(*row)).collect();
    for &(row, slot) in others {
        verdict.add(row, Some(slot), Reason::KeyInUse);
    }
    Ok(())
}

/// The kept rows with values that other rows may have, in order.
fn contested_rows(
    candidates: &Candidates<'_>,
    contested: &[Shared],
    alike: Option<&HashMap<(RowNumber, Slot), RowNumber>>,
    verdict: &EntityVerdict,
) -> io::Result<Vec<Contested>> {
    let mut rows = Vec::new();
    // Most rows share no value: only those that might are read back.
    if contested.iter().all(HashSetOf::is_empty) && alike.is_none() {
        return Ok(rows);
    }
    // Values that the database takes for the same count as that of the first row that has one of them.
    let first = |row: RowNumber, slot: Slot| alike.and_then(|alike| alike.get(&(row, slot)).copied());
    for row in (0..candidates.len() as u64).map(RowNumber) {
        let is_contested = |slot: Slot| {
            contested[slot].contains(&candidates.hashes[slot][row]) || first(row, slot).is_some()
        };
        let slots = || (0..contested.len()).map(Slot);
        if verdict.fates[row] == Fate::Kept && slots().any(is_contested) {
            let mut values = Vec::new();
            for slot in slots().filter(|&slot| is_contested(slot)) {
                values.extend(
                    candidates
                        .values
                        .value(first(row, slot).unwrap_or(row), slot)?
                        .map(|value| (slot, value)),
                );
            }
            rows.push((row, values));
        }
    }
    Ok(rows)
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

/// A row and its values that may be shared, each with its slot.
type Contested = (RowNumber, Vec<(Slot, Vec<u8>)>);

/// Goes through the rows in order of preference: a row that shares a value with a kept one is skipped. A skipped row
/// takes no value, nor does one that is in use.
fn keep<'r>(
    rows: impl Iterator<Item = &'r Contested>,
    in_use: &[(RowNumber, Slot)],
    verdict: &mut EntityVerdict,
) {
    let is_in_use = |row: RowNumber| in_use.binary_search_by_key(&row, |(row, _)| *row).is_ok();
    let mut taken: HashMapOf<(Slot, &[u8]), RowNumber> = HashMap::default();
    for (row, values) in rows {
        let rival = values
            .iter()
            .find_map(|(slot, value)| taken.get(&(*slot, value.as_slice())).map(|&rival| (*slot, rival)));
        match rival {
            Some((slot, of)) => verdict.add(*row, Some(slot), Reason::Duplicate { of, kept: true }),
            None if is_in_use(*row) => {}
            None => taken.extend(values.iter().map(|(slot, value)| ((*slot, value.as_slice()), *row))),
        }
    }
}

/// The first row with a value, and the second if there is one.
type Holders = (RowNumber, Option<RowNumber>);

/// Rejects every row that shares a value with another one.
fn reject_all(rows: &[Contested], verdict: &mut EntityVerdict) {
    let mut holders: HashMapOf<(Slot, &[u8]), Holders> = HashMap::default();
    for (row, values) in rows {
        for (slot, value) in values {
            holders
                .entry((*slot, value.as_slice()))
                .and_modify(|(_, second)| {
                    second.get_or_insert(*row);
                })
                .or_insert((*row, None));
        }
    }
    for (row, values) in rows {
        let rival = values.iter().find_map(|(slot, value)| {
            let &(first, second) = holders.get(&(*slot, value.as_slice()))?;
            let other = if first == *row { second? } else { first };
            Some((*slot, other))
        });
        if let Some((slot, of)) = rival {
            verdict.add(*row, Some(slot), Reason::Duplicate { of, kept: false });
        }
    }
}
