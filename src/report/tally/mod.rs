//! What the summary and the page need of the findings, gathered while they are written: counts by rule,
//! by value and by place, samples, groups of duplicates. All counts are exact; what is listed by value is
//! capped in memory and says so. A chunk of findings is tallied by any thread (`chunk`); chunks are
//! merged in their order, so the result is the same for any number of threads.

mod causes;
mod chunk;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use crate::frame::RuleRows;
use crate::record::{Code, Finding, Related, Severity};

use super::context::Context;

pub(crate) use causes::{Cause, RECORDS};
pub(crate) use chunk::ChunkTally;
pub(crate) use values::ValueCounts;

use causes::Causes;

/// How many findings of each rule are kept as samples.
pub(crate) const SAMPLES: usize = 3;
/// How many survivors of duplicates are kept with their losers.
pub(crate) const GROUPS: usize = 50;
/// How many losers are kept for each of them.
pub(crate) const LOSERS: usize = 5;
/// Into how many parts a file is cut for the chart of rejects over its length.
pub(crate) const BUCKETS: usize = 80;

/// Everything gathered about a run's findings.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) entities: Vec<EntityTally>,
    causes: Causes,
    groups: Vec<Group>,
    group_index: HashMap<Related, usize>,
}

/// One entity's part.
#[derive(Debug, Default)]
pub(crate) struct EntityTally {
    columns: Arc<Columns>,
    rules: Vec<RuleTally>,
    index: HashMap<RuleKey, usize>,
    /// For each file, how many of its records are rejected in each part of its length.
    pub(crate) positions: Vec<Vec<u64>>,
    /// Findings of all severities.
    pub(crate) findings: u64,
    /// Findings that are warnings.
    pub(crate) warnings: u64,
    /// Records with a rejecting finding.
    pub(crate) rejected: u64,
}

/// What is known of one rule: a code on a column with a severity.
#[derive(Debug, Clone)]
pub(crate) struct RuleTally {
    /// The code.
    pub(crate) code: Code,
    /// The column's name in the file, else the field's; none for whole records and files.
    pub(crate) column: Option<Arc<str>>,
    /// What it did.
    pub(crate) severity: Severity,
    /// Distinct records (a whole file counts as one).
    pub(crate) rows: u64,
    /// Records that nothing else holds back.
    pub(crate) alone: u64,
    /// Records of other entities that wait for the latter.
    pub(crate) knock_on: u64,
    /// Its distinct values.
    pub(crate) values: ValueCounts,
    /// The first few, in their order.
    pub(crate) samples: Vec<Finding>,
}

/// The losers of one survivor.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Who stays.
    pub(crate) survivor: Related,
    /// The losers' entity.
    pub(crate) entity: usize,
    /// How many losers there are.
    pub(crate) count: u64,
    /// The first few of them.
    pub(crate) losers: Vec<Finding>,
}

/// A rule's identity within an entity. The column is an index into [`Columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RuleKey {
    code: Code,
    severity: Severity,
    column: Option<u32>,
}

/// The distinct column names of an entity's files and fields.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    names: Vec<Arc<str>>,
    /// For each file, for each column of its header.
    headers: Vec<Vec<u32>>,
    fields: Vec<u32>,
}

impl Columns {
    fn key(&self, finding: &Finding) -> RuleKey {
        let header = finding.column.and_then(|column| {
            self.headers.get(usize::from(finding.location.file))?.get(usize::from(column))
        });
        let column = header.or_else(|| self.fields.get(usize::from(finding.field?))).copied();
        RuleKey { code: finding.code, severity: finding.severity, column }
    }
}

impl Tally {
    /// An empty tally for a run with these names.
    #[must_use]
    pub(crate) fn new(context: &Context) -> Self {
        let entities = context.entities.iter().map(|entity| {
            let mut columns = Columns::default();
            let mut known = HashMap::new();
            let mut id = |name: &str| {
                *known.entry(name.to_owned()).or_insert_with(|| {
                    columns.names.push(Arc::from(name));
                    u32::try_from(columns.names.len() - 1).unwrap_or(u32::MAX)
                })
            };
            let headers: Vec<Vec<u32>> =
                entity.files.iter().map(|file| file.header.iter().map(|name| id(name)).collect()).collect();
            let fields = entity.fields.iter().map(|field| id(&field.name)).collect();
            columns.headers = headers;
            columns.fields = fields;
            let positions = vec![vec![0; BUCKETS]; entity.files.len()];
            EntityTally { columns: Arc::new(columns), positions, ..EntityTally::default() }
        });
        Self { entities: entities.collect(), ..Self::default() }
    }

    /// The entity's rules: rejects first, then duplicates, then warnings, each by its rows, most first, then
    /// by code and column.
    #[must_use]
    pub(crate) fn rules(&self, entity: usize) -> Vec<&RuleTally> {
        let mut rules: Vec<_> = self.entities[entity].rules.iter().collect();
        rules.sort_by(|a, b| {
            let order = |rule: &RuleTally| (rule.severity, std::cmp::Reverse(rule.rows), rule.code.as_str());
            order(a).cmp(&order(b)).then_with(|| a.column.cmp(&b.column))
        });
        rules
    }

    /// All rules with their rows, as they are compared with another run's.
    #[must_use]
    pub(crate) fn rule_rows(&self, context: &Context) -> Vec<RuleRows> {
        let of = |(entity, names): (usize, &super::Entity)| {
            let name = names.name.clone();
            self.rules(entity).into_iter().map(move |rule| RuleRows {
                entity: name.clone(),
                code: rule.code.as_str().to_owned(),
                column: rule.column.as_deref().map(str::to_owned),
                severity: rule.severity.as_str().to_owned(),
                rows: rule.rows,
            })
        };
        context.entities.iter().enumerate().flat_map(of).collect()
    }

    /// What is known of one entity.
    #[must_use]
    pub(crate) fn entity(&self, entity: usize) -> &EntityTally {
        &self.entities[entity]
    }

    /// Findings of all entities and severities.
    #[must_use]
    pub(crate) fn findings(&self) -> u64 {
        self.entities.iter().map(|entity| entity.findings).sum()
    }

    /// Whether some rows that wait for others are not in any cause's knock-on ([`RECORDS`]).
    #[must_use]
    pub(crate) fn forgot_causes(&self) -> bool {
        self.causes.forgot()
    }

    /// The first survivors of duplicates, with their first losers.
    #[must_use]
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What tallying a chunk of an entity's findings needs to know.
    pub(crate) fn columns(&self, entity: usize) -> Arc<Columns> {
        Arc::clone(&self.entities[entity].columns)
    }

    /// Takes in what a chunk's tally holds. Chunks come in the order of their findings.
    pub(crate) fn merge(&mut self, entity: usize, chunk: ChunkTally, findings: &[Finding]) {
        let own = &mut self.entities[entity];
        own.findings += chunk.findings;
        own.warnings += chunk.warnings;
        own.rejected += chunk.records.len() as u64;
        for (file, bucket) in chunk.places {
            if let Some(count) = own.positions.get_mut(file).and_then(|file| file.get_mut(bucket)) {
                *count += 1;
            }
        }
        // A chunk's own numbers for rules and values, translated to those of the whole.
        let mut translated = Vec::with_capacity(chunk.rules.len());
        for part in chunk.rules {
            let at = *own.index.entry(part.key).or_insert_with(|| {
                own.rules.push(RuleTally {
                    code: part.key.code,
                    column: part.key.column.map(|id| Arc::clone(&own.columns.names[id as usize])),
                    severity: part.key.severity,
                    rows: 0,
                    alone: 0,
                    knock_on: 0,
                    values: ValueCounts::default(),
                    samples: Vec::new(),
                });
                own.rules.len() - 1
            });
            let rule = &mut own.rules[at];
            rule.rows += part.rows;
            rule.alone += part.alone;
            let room = SAMPLES - rule.samples.len();
            rule.samples.extend(part.samples.iter().take(room).map(|&i| findings[i as usize].clone()));
            let values: Vec<_> = part.values.iter().map(|value| rule.values.add(value, findings)).collect();
            translated.push((at, values));
        }
        let last = entity + 1 == self.entities.len();
        for record in chunk.records {
            let cause = record.alone.map(|(rule, value)| {
                let (rule, values) = &translated[rule as usize];
                Cause { entity, rule: *rule, value: values[value as usize] }
            });
            let cause = match record.waits_for {
                Some(related) => {
                    let root = self.causes.of(related);
                    self.knock_on(root);
                    root
                }
                None => cause,
            };
            // Nothing refers to the last entity, so nobody will ask for its causes.
            if !last {
                self.causes.push(entity, record.file, record.record, cause);
            }
        }
        for at in chunk.duplicates {
            self.duplicate(entity, &findings[at as usize]);
        }
    }

    fn knock_on(&mut self, cause: Option<Cause>) {
        let Some(cause) = cause else { return };
        let rule = &mut self.entities[cause.entity].rules[cause.rule];
        rule.knock_on += 1;
        if let Some(value) = cause.value {
            rule.values.knock_on(value);
        }
    }

    fn duplicate(&mut self, entity: usize, finding: &Finding) {
        let Some(survivor) = finding.related else { return };
        let at = match self.group_index.get(&survivor) {
            Some(&at) => at,
            None if self.groups.len() < GROUPS => {
                self.groups.push(Group { survivor, entity, count: 0, losers: Vec::new() });
                self.group_index.insert(survivor, self.groups.len() - 1);
                self.groups.len() - 1
            }
            None => return,
        };
        let group = &mut self.groups[at];
        let again = group.losers.last().is_some_and(|last| last.location == finding.location);
        if again {
            return;
        }
        group.count += 1;
        if group.losers.len() < LOSERS {
            group.losers.push(finding.clone());
        }
    }

    #[cfg(test)]
    pub(crate) fn add_for_test(&mut self, context: &Context, entity: usize, findings: &[Finding]) {
        let chunk = ChunkTally::of(&self.columns(entity), &context.entities[entity], findings);
        self.merge(entity, chunk, findings);
    }
}
