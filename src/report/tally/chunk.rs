//! The tally of one chunk of findings: a pure function of the chunk, so that any thread can make it.

use std::collections::HashMap;

use crate::record::{Code, Finding, Related, Severity};

use super::super::context::Entity;
use super::columns::{BUCKETS, Columns, RuleKey};
use super::values::{ValuePart, hash};

/// How many findings of each rule are kept as samples.
pub(super) const SAMPLES: usize = 3;

/// The counts of a chunk, in the chunk's own numbers. A chunk holds whole records.
#[derive(Debug, Default)]
pub(crate) struct ChunkTally {
    pub(super) rules: Vec<RulePart>,
    pub(super) findings: u64,
    pub(super) warnings: u64,
    /// The rejected records, in order.
    pub(super) records: Vec<Rejected>,
    /// File and part of its length, once for each rejected record.
    pub(super) places: Vec<(usize, usize)>,
    /// The findings that are duplicates.
    pub(super) duplicates: Vec<u32>,
}

#[derive(Debug)]
pub(super) struct RulePart {
    pub(super) key: RuleKey,
    pub(super) rows: u64,
    pub(super) alone: u64,
    pub(super) samples: Vec<u32>,
    pub(super) values: Vec<ValuePart>,
    index: HashMap<u128, u32, foldhash::fast::RandomState>,
}

/// A rejected record.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) file: u16,
    pub(super) record: u64,
    /// Its rule and value, if it has only one rejecting rule.
    pub(super) alone: Option<(u32, u32)>,
    /// The record that it is rejected for, if that is the only reason.
    pub(super) depends_on: Option<Related>,
}

impl ChunkTally {
    /// Tallies `findings`, which are of one entity and in order.
    pub(crate) fn of(columns: &Columns, entity: &Entity, findings: &[Finding]) -> Self {
        let mut tally = Self::default();
        let mut rules: HashMap<RuleKey, u32, foldhash::fast::RandomState> = HashMap::default();
        let mut seen: Vec<(u32, u32, u32)> = Vec::new();
        let mut start = 0;
        for group in findings.chunk_by(same_record) {
            seen.clear();
            for (offset, finding) in group.iter().enumerate() {
                let at = u32::try_from(start + offset).unwrap_or(u32::MAX);
                if finding.severity == Severity::Ignore {
                    continue;
                }
                let key = columns.key(finding);
                let rule = *rules.entry(key).or_insert_with(|| {
                    tally.rules.push(RulePart::new(key));
                    u32::try_from(tally.rules.len() - 1).unwrap_or(u32::MAX)
                });
                let part = &mut tally.rules[rule as usize];
                let first = !seen.iter().any(|&(other, ..)| other == rule);
                let value = part.add(finding, at, first);
                seen.push((rule, value, at));
                tally.findings += 1;
                match finding.severity {
                    Severity::Warning => tally.warnings += 1,
                    Severity::Duplicate => tally.duplicates.push(at),
                    Severity::Reject | Severity::Ignore => {}
                }
            }
            tally.record(entity, group, &seen, start);
            start += group.len();
        }
        tally
    }

    /// Adds one record if it is rejected, with its only rejecting rule if it has only one.
    fn record(&mut self, entity: &Entity, group: &[Finding], seen: &[(u32, u32, u32)], start: usize) {
        let location = group[0].location;
        let mut rejecting =
            seen.iter().filter(|(rule, ..)| self.rules[*rule as usize].key.severity == Severity::Reject);
        let Some(&(rule, value, at)) = rejecting.next() else { return };
        if location.record == 0 {
            return;
        }
        let alone = rejecting.all(|&(other, ..)| other == rule);
        if alone {
            let part = &mut self.rules[rule as usize];
            part.alone += 1;
            part.values[value as usize].alone += 1;
        }
        let finding = &group[at as usize - start];
        let depends = alone && finding.code == Code::AccountRejected;
        self.records.push(Rejected {
            file: location.file,
            record: location.record,
            alone: alone.then_some((rule, value)),
            depends_on: finding.related.filter(|_| depends),
        });
        let file = usize::from(location.file);
        let bytes = entity.files.get(file).map_or(0, |file| file.bytes).max(1);
        let bucket = u128::from(location.byte_start) * BUCKETS as u128 / u128::from(bytes);
        self.places.push((file, usize::try_from(bucket).unwrap_or(0).min(BUCKETS - 1)));
    }
}

impl RulePart {
    fn new(key: RuleKey) -> Self {
        let (samples, values, index) = (Vec::new(), Vec::new(), HashMap::default());
        Self { key, rows: 0, alone: 0, samples, values, index }
    }

    /// Counts one finding; `first` if it is the record's first of this rule. Returns its value's number.
    fn add(&mut self, finding: &Finding, at: u32, first: bool) -> u32 {
        if first {
            self.rows += 1;
            if self.samples.len() < SAMPLES {
                self.samples.push(at);
            }
        }
        let hash = hash(&finding.value);
        let value = *self.index.entry(hash).or_insert_with(|| {
            self.values.push(ValuePart { hash, finding: at, rows: 0, alone: 0 });
            u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
        });
        self.values[value as usize].rows += 1;
        value
    }
}

/// Whether two neighbours are about one record.
fn same_record(a: &Finding, b: &Finding) -> bool {
    (a.location.file, a.location.record) == (b.location.file, b.location.record)
}
