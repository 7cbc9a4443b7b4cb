//! Duplicates and unique fields: of the rows that share a value, which one stays.

use std::collections::{HashMap, HashSet};
use std::io;

use rayon::prelude::*;

use crate::fault;
use crate::record::{Code, Severity};
use crate::settings::Duplicates;

use super::Candidates;
use super::verdict::{EntityVerdict, Fate, Loss, position};

type HashSetOf<T> = HashSet<T, foldhash::fast::FixedState>;
type HashMapOf<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Hashes that more than one row has, per unique slot. A value of theirs may be shared; no other is.
pub(super) type Shared = HashSetOf<u64>;

/// What rows may have to compete for. Which of them are acceptable does not matter yet, so that this can be
/// found out beside all else.
pub(super) fn contested(candidates: &Candidates<'_>) -> Vec<Shared> {
    candidates.hashes[..candidates.unique_slots()].par_iter().map(|hashes| repeated(hashes)).collect()
}

/// Settles the rows that are still acceptable.
pub(super) fn settle(
    candidates: &Candidates<'_>,
    contested: &[Shared],
    policy: Duplicates,
    verdict: &mut EntityVerdict,
) -> io::Result<()> {
    let slots = contested.len();
    // Most rows share nothing with any other: only those that might are looked at any further.
    if contested.iter().all(HashSetOf::is_empty) {
        return Ok(());
    }
    let mut rows = Vec::new();
    for row in 0..candidates.len() as u64 {
        let is_contested = |slot: usize| contested[slot].contains(&candidates.hashes[slot][position(row)]);
        if verdict.fate(row) == Fate::Kept && (0..slots).any(is_contested) {
            let mut values = Vec::new();
            for slot in (0..slots).filter(|&slot| is_contested(slot)) {
                values.extend(candidates.rows.value(row, slot)?.map(|value| (slot, value)));
            }
            rows.push((row, values));
        }
    }
    match policy {
        Duplicates::KeepFirst => keep(rows.iter(), verdict),
        Duplicates::KeepLast => keep(rows.iter().rev(), verdict),
        Duplicates::RejectAll => reject_all(&rows, verdict),
    }
    Ok(())
}

/// The hashes that more than one row has.
///
/// Sorting them all would be the dearest step of a clean file's settling. So a bit per hash, in a table with
/// room for eight times as many, first tells the few that might repeat, and these alone are sorted.
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

type Holders = (u64, Option<u64>);
/// A set of hashes that is right about what it does not hold.
struct Bits(Vec<u64>);

impl Bits {
    /// Eight bits and more a hash: of the hashes that never repeat, one in eight at most is taken for one that
    /// might. More would be fewer to sort, but a table that does not stay in the cache.
    fn for_hashes(hashes: usize) -> Self {
        Self(vec![0; (hashes / 8).next_power_of_two()])
    }

    /// Adds a hash. Returns whether it seemed to be there already.
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

type Contested = (u64, Vec<(usize, Vec<u8>)>);

/// Goes through the rows in order of preference: a row that shares a value with a kept one is lost, and a
/// lost row takes no value.
fn keep<'r>(rows: impl Iterator<Item = &'r Contested>, verdict: &mut EntityVerdict) {
    let mut taken: HashMapOf<(usize, &[u8]), u64> = HashMap::default();
    for (row, values) in rows {
        let rival = values
            .iter()
            .find_map(|(slot, value)| taken.get(&(*slot, value.as_slice())).map(|&rival| (*slot, rival)));
        match rival {
            Some((slot, rival)) => verdict.lose(loss(*row, slot, rival, Severity::Duplicate)),
            None => taken.extend(values.iter().map(|(slot, value)| ((*slot, value.as_slice()), *row))),
        }
    }
}

/// Rejects every row that shares a value with another one.
fn reject_all(rows: &[Contested], verdict: &mut EntityVerdict) {
    // The first two rows that hold each value.
    let mut holders: HashMapOf<(usize, &[u8]), Holders> = HashMap::default();
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
        if let Some((slot, rival)) = rival {
            verdict.lose(loss(*row, slot, rival, Severity::Reject));
        }
    }
}

fn loss(row: u64, slot: usize, rival: u64, severity: Severity) -> Loss {
    Loss {
        row,
        code: Code::DuplicateKey,
        severity,
        slot: Some(slot),
        rival: Some(rival),
        related: None,
        detail: None,
    }
}
