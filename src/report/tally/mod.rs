//! What the summary and the page need of the findings, gathered while they are written: counts by rule,
//! by value and by place, samples, groups of duplicates. All counts are exact; the list of values is
//! limited in memory and says so. Any thread tallies a chunk of findings (`chunk`); chunks are
//! merged in their order, so the result is the same for any number of threads.

mod causes;
mod chunk;
mod columns;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use crate::frame::RuleRows;
use crate::record::{Code, Finding, Related, Severity};

use super::context::Context;

pub(crate) use causes::{Cause, RECORDS};
pub(crate) use chunk::ChunkTally;
pub(crate) use columns::{BUCKETS, Columns};
pub(crate) use values::ValueCounts;

use causes::Causes;
use chunk::SAMPLES;
use columns::RuleKey;

/// How many groups of duplicates are listed.
pub(crate) const GROUPS: usize = 50;
/// How many skipped records are listed for each of them.
pub(crate) const SKIPPED: usize = 5;

/// Everything gathered about a run's findings.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) entities: Vec<EntityTally>,
    causes: Causes,
    groups: Vec<Group>,
    group_index: HashMap<Related, usize>,
}

/// The findings of one entity.
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

/// One rule: a code on a column with a severity.
#[derive(Debug, Clone)]
pub(crate) struct RuleTally {
    pub(crate) code: Code,
    /// The column's name in the file, else the field's; none for whole records and files.
    pub(crate) column: Option<Arc<str>>,
    /// What it did to the rows.
    pub(crate) severity: Severity,
    /// Distinct records (a whole file counts as one).
    pub(crate) rows: u64,
    /// Records that only this rule rejects.
    pub(crate) alone: u64,
    /// Records of other entities that are rejected because of those.
    pub(crate) knock_on: u64,
    /// Its distinct values.
    pub(crate) values: ValueCounts,
    /// The first few, in their order.
    pub(crate) samples: Vec<Finding>,
}

/// The duplicates of one record.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// The record that was kept.
    pub(crate) kept: Related,
    /// The entity of the skipped records.
    pub(crate) entity: usize,
    /// How many were skipped.
    pub(crate) count: u64,
    /// The first few of them.
    pub(crate) skipped: Vec<Finding>,
}

impl Tally {
    /// An empty tally for a run with these names.
    pub(crate) fn new(context: &Context) -> Self {
        let entities = context.entities.iter().map(|entity| EntityTally {
            columns: Arc::new(Columns::of(entity)),
            positions: vec![vec![0; BUCKETS]; entity.files.len()],
            ..EntityTally::default()
        });
        Self { entities: entities.collect(), ..Self::default() }
    }

    /// The entity's rules: rejects first, then duplicates, then warnings, each by its rows, most first, then
    /// by code and column.
    pub(crate) fn rules(&self, entity: usize) -> Vec<&RuleTally> {
        let mut rules: Vec<_> = self.entities[entity].rules.iter().collect();
        rules.sort_by(|a, b| {
            let order = |rule: &RuleTally| (rule.severity, std::cmp::Reverse(rule.rows), rule.code.as_str());
            order(a).cmp(&order(b)).then_with(|| a.column.cmp(&b.column))
        });
        rules
    }

    /// The rules of all entities with their entity: rejects first, then duplicates, then warnings, each by its rows.
    pub(crate) fn all_rules(&self) -> Vec<(usize, &RuleTally)> {
        let entities = 0..self.entities.len();
        let mut rules: Vec<_> = entities
            .flat_map(|entity| self.rules(entity).into_iter().map(move |rule| (entity, rule)))
            .collect();
        rules.sort_by_key(|(_, rule)| (rule.severity, std::cmp::Reverse(rule.rows)));
        rules
    }

    /// All rules with their rows, as they are compared with those of another run.
    pub(crate) fn rule_rows(&self, context: &Context) -> Vec<RuleRows> {
        let row = |(entity, rule): (usize, &RuleTally)| RuleRows {
            entity: context.entities[entity].name.clone(),
            code: rule.code.as_str().to_owned(),
            column: rule.column.as_deref().map(str::to_owned),
            severity: rule.severity.as_str().to_owned(),
            rows: rule.rows,
        };
        self.all_rules().into_iter().map(row).collect()
    }

    /// The tally of one entity.
    pub(crate) fn entity(&self, entity: usize) -> &EntityTally {
        &self.entities[entity]
    }

    /// Findings of all entities and severities.
    pub(crate) fn findings(&self) -> u64 {
        self.entities.iter().map(|entity| entity.findings).sum()
    }

    /// Whether some dependent rows are missing in the knock-on of their cause (see [`RECORDS`]).
    pub(crate) fn forgot_causes(&self) -> bool {
        self.causes.forgot()
    }

    /// The first groups of duplicates.
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The columns of an entity, for tallying chunks of its findings.
    pub(crate) fn columns(&self, entity: usize) -> Arc<Columns> {
        Arc::clone(&self.entities[entity].columns)
    }

    /// Adds the tally of a chunk. Chunks come in the order of their findings.
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
        // The chunk's numbers for rules and values, translated to those of the whole.
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
            let cause = match record.depends_on {
                Some(related) => {
                    let root = self.causes.of(related);
                    self.knock_on(root);
                    root
                }
                None => cause,
            };
            // No entity refers to the last one, so its causes are never looked up.
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
        let Some(kept) = finding.related else { return };
        let at = match self.group_index.get(&kept) {
            Some(&at) => at,
            None if self.groups.len() < GROUPS => {
                self.groups.push(Group { kept, entity, count: 0, skipped: Vec::new() });
                self.group_index.insert(kept, self.groups.len() - 1);
                self.groups.len() - 1
            }
            None => return,
        };
        let group = &mut self.groups[at];
        let again = group.skipped.last().is_some_and(|last| last.location == finding.location);
        if again {
            return;
        }
        group.count += 1;
        if group.skipped.len() < SKIPPED {
            group.skipped.push(finding.clone());
        }
    }

    #[cfg(test)]
    pub(crate) fn add_for_test(&mut self, context: &Context, entity: usize, findings: &[Finding]) {
        let chunk = ChunkTally::of(&self.columns(entity), &context.entities[entity], findings);
        self.merge(entity, chunk, findings);
    }
}
