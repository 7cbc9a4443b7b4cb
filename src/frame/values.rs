//! How often each value occurs under each rule, in bounded memory.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// How many distinct values of one rule are kept.
const ROOM: usize = 100_000;

/// How often each value of one rule occurs.
type Counts = HashMap<Box<str>, u64, FixedState>;

/// The values of all rules, by the rules' numbers.
pub(super) struct ValueCounts {
    room: usize,
    rules: Vec<RuleCounts>,
    /// Only known values are counted.
    exact: bool,
}

#[derive(Default)]
struct RuleCounts {
    counts: Counts,
    /// Rare values were dropped.
    pruned: bool,
}

/// One value of a rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ValueGroup {
    /// As the report shows it: masked if the column is sensitive.
    pub(crate) value: String,
    /// How many findings.
    pub(crate) findings: u64,
}

/// The listed values of one rule.
#[derive(Debug, Clone, Default)]
pub(super) struct Listed {
    /// How many distinct values are known.
    pub(super) distinct: u64,
    /// Whether there are more.
    pub(super) more: bool,
    /// The most frequent ones.
    pub(super) values: Vec<ValueGroup>,
}

impl Default for ValueCounts {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl ValueCounts {
    pub(super) fn with_room(room: usize) -> Self {
        Self { room, rules: Vec::new(), exact: false }
    }

    /// Counts `times` more findings with `value` under the rule `rule`.
    fn add(&mut self, rule: u32, value: String, times: u64) {
        let rule = rule as usize;
        if rule >= self.rules.len() {
            self.rules.resize_with(rule + 1, RuleCounts::default);
        }
        let counts = &mut self.rules[rule].counts;
        if let Some(count) = counts.get_mut(value.as_str()) {
            *count += times;
        } else if !self.exact {
            counts.insert(value.into_boxed_str(), times);
        }
    }

    /// Counts the values of a block, whose rules have these `numbers`.
    pub(super) fn add_all(&mut self, values: Vec<(u32, String, u64)>, numbers: &[u32]) {
        for (rule, value, times) in values {
            self.add(numbers[rule as usize], value, times);
        }
    }

    /// Drops the rare values of each rule that has too many. Called after each block, so that what is kept depends
    /// on the findings alone and not on the number of threads.
    pub(super) fn prune(&mut self) {
        let room = self.room;
        for rule in self.rules.iter_mut().filter(|rule| rule.counts.len() > room) {
            // The step of Misra and Gries: the median count is subtracted from all counts, and values whose count
            // becomes zero are dropped.
            let mut ordered: Vec<u64> = rule.counts.values().copied().collect();
            let (_, &mut middle, _) = ordered.select_nth_unstable_by(room / 2, |a, b| b.cmp(a));
            rule.counts.retain(|_, count| {
                *count = count.saturating_sub(middle);
                *count > 0
            });
            rule.counts.shrink_to(room);
            rule.pruned = true;
        }
    }

    /// Whether values were dropped, so that the others must be counted again.
    pub(super) fn is_pruned(&self) -> bool {
        self.rules.iter().any(|rule| rule.pruned)
    }

    /// Sets the counts to zero and from now on counts only the known values.
    pub(super) fn begin_exact(&mut self) {
        self.exact = true;
        for rule in &mut self.rules {
            rule.counts.values_mut().for_each(|count| *count = 0);
        }
    }

    /// The `top` most frequent values of each of `rules` rules.
    pub(super) fn top(mut self, rules: usize, top: usize) -> Vec<Listed> {
        self.rules.resize_with(rules, RuleCounts::default);
        self.rules.into_iter().map(|rule| rule.top(top)).collect()
    }
}

impl RuleCounts {
    fn top(self, top: usize) -> Listed {
        let distinct = self.counts.len() as u64;
        let mut values: Vec<ValueGroup> = self
            .counts
            .into_iter()
            .map(|(value, findings)| ValueGroup { value: value.into_string(), findings })
            .collect();
        let order =
            |a: &ValueGroup, b: &ValueGroup| b.findings.cmp(&a.findings).then_with(|| a.value.cmp(&b.value));
        if top < values.len() {
            values.select_nth_unstable_by(top, order);
            values.truncate(top);
        }
        values.sort_unstable_by(order);
        Listed { distinct, more: self.pruned, values }
    }
}
