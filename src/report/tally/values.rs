//! The distinct values of one rule, each with its counts, up to a cap in memory.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;

use crate::record::Finding;
use crate::width::first_chars;

/// How many distinct values of a rule are listed. Counts stay exact: a value is listed from its first row on, or
/// never.
pub(crate) const DISTINCT: usize = 5_000;

/// How many characters of a value are kept for people.
const CHARS: usize = 80;

/// Distinct values with their counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValueCounts {
    list: Vec<Value>,
    index: HashMap<u128, u32, foldhash::fast::RandomState>,
    more: bool,
}

/// One value.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    /// Its beginning, as in the file: to be masked before it is shown.
    pub(crate) text: String,
    /// Findings with it.
    pub(crate) rows: u64,
    /// Records that are rejected for it alone.
    pub(crate) alone: u64,
    /// Records of other entities that are rejected because of those.
    pub(crate) knock_on: u64,
}

/// One value within a chunk.
#[derive(Debug)]
pub(super) struct ValuePart {
    pub(super) hash: u128,
    /// A finding of the chunk that has it.
    pub(super) finding: u32,
    pub(super) rows: u64,
    pub(super) alone: u64,
}

/// A value as 128 bits: two independent hashes, so that no two of some thousand values collide.
pub(super) fn hash(value: &str) -> u128 {
    let one = FixedState::with_seed(0x6d75_7374).hash_one(value);
    let two = FixedState::with_seed(0x6572_2121).hash_one(value);
    u128::from(one) << 64 | u128::from(two)
}

impl ValueCounts {
    /// How many are listed, and whether there are more.
    pub(crate) fn distinct(&self) -> (usize, bool) {
        (self.list.len(), self.more)
    }

    /// The values that occur most often, most first, earlier ones first among equals.
    pub(crate) fn top(&self, count: usize) -> Vec<&Value> {
        self.top_by(count, |value| value.rows)
    }

    /// The values for which `weight` is greatest.
    pub(crate) fn top_by(&self, count: usize, weight: impl Fn(&Value) -> u64) -> Vec<&Value> {
        let mut list: Vec<_> = self.list.iter().collect();
        list.sort_by_key(|value| std::cmp::Reverse(weight(value)));
        list.truncate(count);
        list
    }

    pub(super) fn add(&mut self, part: &ValuePart, findings: &[Finding]) -> Option<u32> {
        let at = match self.index.get(&part.hash) {
            Some(&at) => at,
            None if self.list.len() < DISTINCT => {
                let text = first_chars(&findings[part.finding as usize].value, CHARS).into_owned();
                let at = u32::try_from(self.list.len()).ok()?;
                self.list.push(Value { text, rows: 0, alone: 0, knock_on: 0 });
                self.index.insert(part.hash, at);
                at
            }
            None => {
                self.more = true;
                return None;
            }
        };
        let value = &mut self.list[at as usize];
        value.rows += part.rows;
        value.alone += part.alone;
        Some(at)
    }

    pub(super) fn knock_on(&mut self, at: u32) {
        self.list[at as usize].knock_on += 1;
    }
}
