//! Findings counted by rule and by value. Counts by rule are always exact. If a rule has very many distinct values, a
//! first pass finds the frequent ones (Misra and Gries: it misses none that more than about one in 50,000 of the
//! rule's findings has), and a second pass counts these exactly.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::path::Path;

use foldhash::fast::FixedState;

use super::blocks::{Block, Scan, parse};
use super::error::FrameError;
use super::quick::QuickLine;
use super::stored::{FindingFilter, GroupedFinding};
use super::values::{Listed, ValueCounts, ValueGroup};

/// How many characters of a value are compared.
const CHARS: usize = 200;

/// Hashes the names of rules.
const HASHER: FixedState = FixedState::with_seed(0x6d75_7374);

/// Findings by rule, sorted by severity, number (most first), entity, code, column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Groups {
    /// How many findings the filter admits.
    pub(crate) findings: u64,
    /// By rule.
    pub(crate) rules: Vec<RuleGroup>,
}

/// One rule: a code on a column with a severity.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RuleGroup {
    pub(crate) entity: String,
    pub(crate) code: String,
    /// The column's name in the file, else the field's; `None` for whole records and files.
    pub(crate) column: Option<String>,
    pub(crate) severity: String,
    /// How many findings.
    pub(crate) findings: u64,
    /// How many distinct values are known.
    pub(crate) distinct_values: u64,
    /// Whether there are more.
    pub(crate) more_values: bool,
    /// The most frequent values, most frequent first; equally frequent ones in alphabetical order.
    pub(crate) values: Vec<ValueGroup>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct RuleKey {
    entity: String,
    severity: String,
    code: String,
    column: Option<String>,
}

/// The counts of one block: its rules, how many findings each has, and how often each value occurs under which of
/// them (by position).
struct BlockCounts {
    rules: Vec<RuleKey>,
    findings: Vec<u64>,
    values: Vec<(u32, String, u64)>,
}

/// Counts the findings in `path` that `filter` admits, with the `top` most frequent values of each rule.
/// Errors: the file cannot be read, or a line is not a finding.
pub(crate) fn group(path: &Path, filter: &FindingFilter, top: usize) -> Result<Groups, FrameError> {
    group_with(path, filter, top, ValueCounts::default())
}

fn group_with(
    path: &Path,
    filter: &FindingFilter,
    top: usize,
    mut values: ValueCounts,
) -> Result<Groups, FrameError> {
    let mut index: HashMap<RuleKey, u32> = HashMap::new();
    let mut counts: Vec<u64> = Vec::new();
    let work = |block: &Block| part(path, block, filter);
    Scan::open(path)?.in_parallel(work, |part| {
        let number = |key: RuleKey| {
            let next = u32::try_from(index.len()).unwrap_or(u32::MAX);
            *index.entry(key).or_insert(next)
        };
        let numbers: Vec<u32> = part.rules.into_iter().map(number).collect();
        counts.resize(index.len(), 0);
        for (&number, findings) in numbers.iter().zip(&part.findings) {
            counts[number as usize] += findings;
        }
        values.add_all(part.values, &numbers);
        values.prune();
        Ok(())
    })?;
    if values.is_pruned() {
        values.begin_exact();
        Scan::open(path)?.in_parallel(work, |part| {
            let numbers: Vec<u32> = part.rules.iter().map(|key| index[key]).collect();
            values.add_all(part.values, &numbers);
            Ok(())
        })?;
    }
    let mut listed = values.top(index.len(), top);
    let mut rules: Vec<RuleGroup> = index
        .into_iter()
        .map(|(key, number)| {
            let Listed { distinct: distinct_values, more: more_values, values } =
                std::mem::take(&mut listed[number as usize]);
            let RuleKey { entity, severity, code, column } = key;
            let findings = counts[number as usize];
            RuleGroup { entity, code, column, severity, findings, distinct_values, more_values, values }
        })
        .collect();
    rules.sort_by(|a, b| order(a).cmp(&order(b)));
    Ok(Groups { findings: counts.iter().sum(), rules })
}

fn order(rule: &RuleGroup) -> (u8, std::cmp::Reverse<u64>, &str, &str, Option<&str>) {
    let severity = match rule.severity.as_str() {
        "reject" => 0,
        "duplicate" => 1,
        _ => 2,
    };
    (severity, std::cmp::Reverse(rule.findings), &rule.entity, &rule.code, rule.column.as_deref())
}

fn part(path: &Path, block: &Block, filter: &FindingFilter) -> Result<BlockCounts, FrameError> {
    let mut counted = Counted::default();
    // The names on the previous line and their rule; no rule if the filter does not admit it.
    let mut before: Option<(&str, &str, Option<u32>)> = None;
    for (line, bytes) in block.lines() {
        let Some(quick) = std::str::from_utf8(bytes).ok().and_then(QuickLine::of) else {
            let found: GroupedFinding<'_> = parse(path, line, bytes)?;
            let (column, field) = (found.column.as_deref(), found.field.as_deref());
            if filter.admits(&found.entity, &found.code, column, field) {
                let names = (&*found.entity, &*found.severity, &*found.code, column.or(field));
                let rule = counted.rule(names);
                counted.add(rule, found.value.map(|value| value.0));
            }
            continue;
        };
        let rule = match before {
            Some((entity, names, rule)) if (entity, names) == (quick.entity, quick.names) => rule,
            _ => {
                let QuickLine { entity, column, field, severity, code, .. } = quick;
                let asked = filter.admits(entity, code, column, field);
                let rule = asked.then(|| counted.rule((entity, severity, code, column.or(field))));
                before = Some((entity, quick.names, rule));
                rule
            }
        };
        if let Some(rule) = rule {
            counted.add(rule, quick.value.map(Cow::Borrowed));
        }
    }
    let values = counted.values.into_iter().map(|((rule, value), times)| (rule, value.into_owned(), times));
    Ok(BlockCounts { rules: counted.rules, findings: counted.findings, values: values.collect() })
}

/// The counts of a block while it is read.
#[derive(Default)]
struct Counted<'b> {
    rules: Vec<RuleKey>,
    findings: Vec<u64>,
    /// By the hash of a rule's names; rules with equal hashes share a list.
    index: HashMap<u64, Vec<u32>, FixedState>,
    /// How often each value occurs under each rule.
    values: HashMap<(u32, Cow<'b, str>), u64, FixedState>,
}

impl<'b> Counted<'b> {
    /// The block's own number for a rule: entity, severity, code, column.
    fn rule(&mut self, names: (&str, &str, &str, Option<&str>)) -> u32 {
        let same = self.index.entry(HASHER.hash_one(names)).or_default();
        let known = same.iter().copied().find(|&number| {
            let key: &RuleKey = &self.rules[number as usize];
            names == (&key.entity, &key.severity, &key.code, key.column.as_deref())
        });
        known.unwrap_or_else(|| {
            let (entity, severity, code, column) = names;
            self.rules.push(RuleKey {
                entity: entity.to_owned(),
                severity: severity.to_owned(),
                code: code.to_owned(),
                column: column.map(str::to_owned),
            });
            self.findings.push(0);
            let number = u32::try_from(self.rules.len() - 1).unwrap_or(u32::MAX);
            same.push(number);
            number
        })
    }

    fn add(&mut self, rule: u32, value: Option<Cow<'b, str>>) {
        self.findings[rule as usize] += 1;
        let Some(value) = value else { return };
        *self.values.entry((rule, shortened(value))).or_default() += 1;
    }
}

/// The part of a value that is compared: the beginning if it is long.
fn shortened(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.len() <= CHARS {
        return value;
    }
    match value.char_indices().nth(CHARS) {
        None => value,
        Some((end, _)) => format!("{}…", &value[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, findings: impl Iterator<Item = (&'static str, String)>) -> std::path::PathBuf {
        use std::fmt::Write as _;
        let path = folder.join("rejects.ndjson");
        let mut text = String::new();
        for (code, value) in findings {
            let value = serde_json::to_string(&value).unwrap();
            writeln!(
                text,
                "{{\"entity\":\"users\",\"column\":null,\"field\":\"email\",\"severity\":\"reject\",\"code\":\"{code}\",\"value\":{value}}}"
            )
            .unwrap();
        }
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn findings_are_counted_by_rule_and_value() {
        let folder = tempfile::tempdir().unwrap();
        let codes = ["invalid-email", "too-long"];
        let path =
            file(folder.path(), (0..100).map(|i| (codes[usize::from(i % 4 == 0)], format!("v{}", i % 3))));
        let groups = group(&path, &FindingFilter::default(), 2).unwrap();
        assert_eq!(groups.findings, 100);
        let rule = &groups.rules[0];
        assert_eq!(
            (rule.code.as_str(), rule.column.as_deref(), rule.findings),
            ("invalid-email", Some("email"), 75)
        );
        assert_eq!((rule.distinct_values, rule.more_values), (3, false));
        let values: Vec<_> = rule.values.iter().map(|v| (v.value.as_str(), v.findings)).collect();
        assert_eq!(values, [("v0", 25), ("v1", 25)]);
        let filter = FindingFilter { codes: vec!["too-long".into()], ..FindingFilter::default() };
        assert_eq!(group(&path, &filter, 2).unwrap().findings, 25);
    }

    #[test]
    fn the_frequent_ones_of_too_many_values_are_counted_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let values = (0..30_000).map(|i| {
            let value = if i % 10 == 0 { format!("often {}", i % 3) } else { format!("once {i}") };
            (if i % 1000 == 0 { "too-long" } else { "invalid-email" }, value)
        });
        let path = file(folder.path(), values);
        let groups = group_with(&path, &FindingFilter::default(), 3, ValueCounts::with_room(1000)).unwrap();
        let [email, long] = &groups.rules[..] else { panic!("{groups:?}") };
        assert_eq!((email.findings, email.more_values), (29_970, true));
        let counts: Vec<_> = email.values.iter().map(|v| (v.value.as_str(), v.findings)).collect();
        assert_eq!(counts, [("often 0", 990), ("often 1", 990), ("often 2", 990)]);
        assert_eq!((long.findings, long.distinct_values, long.more_values), (30, 3, false));
    }
}
