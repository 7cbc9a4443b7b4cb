//! The second reading: the fields' own rules judge every cell of the columns that are taken, as the mapping will give
//! them the cells.

use std::sync::atomic::AtomicBool;

use crate::read::PlainFile;
use crate::rule::text::{Cleansed, cleanse};
use crate::rule::{NormalForm, Rule};
use crate::schema::Entity;
use crate::settings::Decision;

use super::file::{Described, InitError};
use super::fit::is_among;
use super::proposal::{Proposed, Use};

/// What was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    /// Per column: cells that are not nothing, and those that are accepted.
    pub(super) columns: Vec<[u64; 2]>,
    /// Per pair that was asked about: records in which the first column is empty and all of the others are filled.
    pub(super) gaps: Vec<u64>,
}

/// A column, and those that are used where it is empty.
pub(super) type Gap = (usize, Vec<usize>);

/// Judges all cells.
pub(super) fn judge(
    file: &Described,
    entity: &Entity,
    proposed: &[Proposed],
    nulls: &[String],
    decisions: &[Decision],
    gaps: &[Gap],
    cancelled: &AtomicBool,
) -> Result<Counts, InitError> {
    let nulls: Vec<String> = nulls.iter().map(|word| word.to_lowercase()).collect();
    let judge = Judge::new(entity, proposed, &nulls, decisions);
    let mut all = Counts { columns: vec![[0; 2]; proposed.len()], gaps: vec![0; gaps.len()] };
    PlainFile { source: &file.source, opening: &file.opening, cancelled }.each(
        |counts: &mut Counts, cells| {
            counts.columns.resize(proposed.len(), [0; 2]);
            counts.gaps.resize(gaps.len(), 0);
            judge.record(cells, counts);
            let is_empty = |column: &usize| judge.text(*column, cells).is_none();
            for ((column, others), count) in gaps.iter().zip(&mut counts.gaps) {
                *count += u64::from(is_empty(column) && others.iter().any(|other| !is_empty(other)));
            }
        },
        |block| {
            for (sum, part) in all.columns.iter_mut().zip(&block.made.columns) {
                sum[0] += part[0];
                sum[1] += part[1];
            }
            all.gaps.iter_mut().zip(&block.made.gaps).for_each(|(sum, part)| *sum += part);
        },
    )?;
    Ok(all)
}

struct Judge<'j> {
    entity: &'j Entity,
    proposed: &'j [Proposed],
    /// Per column, in lower case.
    nulls: Vec<Vec<String>>,
    /// Fields in the order in which they are validated, with their columns and their rules.
    steps: Vec<(usize, usize, Rule)>,
}

impl<'j> Judge<'j> {
    fn new(entity: &'j Entity, proposed: &'j [Proposed], nulls: &[String], decisions: &[Decision]) -> Self {
        let mut steps = Vec::new();
        for &field in &entity.validation_order {
            let is_it = |one: &Proposed| one.used == Use::Field(field);
            if let Some(column) = proposed.iter().position(is_it) {
                let mut rule = entity.fields[field].rule.clone();
                if let Some(decision) = decisions.iter().find(|decision| decision.fits(&rule)) {
                    rule = decision.rule(&rule);
                }
                steps.push((field, column, rule));
            }
        }
        let mut own: Vec<Vec<String>> = Vec::new();
        for one in proposed {
            own.push(nulls.iter().cloned().chain(one.nulls.iter().map(|word| word.to_lowercase())).collect());
        }
        Self { entity, proposed, nulls: own, steps }
    }

    /// The text of a column's cell; `None` if it is empty or means nothing.
    fn text<'c>(&self, column: usize, cells: &'c [String]) -> Option<&'c str> {
        let text = cells.get(column)?.trim();
        (!text.is_empty() && !is_among(text, &self.nulls[column])).then_some(text)
    }

    fn record(&self, cells: &[String], counts: &mut Counts) {
        let mut normals: Vec<Option<String>> = vec![None; self.entity.fields.len()];
        let mut is_field = vec![false; self.proposed.len()];
        for (field, column, rule) in &self.steps {
            is_field[*column] = true;
            let Some(text) = self.text(*column, cells) else { continue };
            counts.columns[*column][0] += 1;
            let values = &self.proposed[*column].values;
            let meant = values.iter().find(|(from, _)| from == text);
            let meant =
                meant.or_else(|| values.iter().find(|(from, _)| from.to_lowercase() == text.to_lowercase()));
            let text = meant.map_or(text, |(_, to)| to.as_str());
            let sibling = self.entity.fields[*field].sibling.and_then(|sibling| normals[sibling].clone());
            if let Some(normal) = self.normal(*field, rule, text, sibling.as_deref()) {
                counts.columns[*column][1] += 1;
                normals[*field] = Some(normal);
            }
        }
        for (column, one) in self.proposed.iter().enumerate().filter(|(column, _)| !is_field[*column]) {
            if let Some(text) = self.text(column, cells) {
                let is_whole = !matches!(one.used, Use::Split { .. }) || text.contains(' ');
                counts.columns[column][0] += 1;
                counts.columns[column][1] += u64::from(is_whole && one.used != Use::Nothing);
            }
        }
    }

    /// The normal form of a cell, if the field accepts it.
    fn normal(&self, index: usize, rule: &Rule, text: &str, sibling: Option<&str>) -> Option<String> {
        let field = &self.entity.fields[index];
        let mut copy = String::new();
        let text = match cleanse(text, rule.multiline(), &mut copy) {
            Cleansed::Part(part) => part,
            Cleansed::Copied => copy.as_str(),
            Cleansed::Control(_) => return None,
        };
        let (mut out, mut findings) = (String::new(), Vec::new());
        let normal = match rule.validate(text, sibling, &mut out, &mut findings) {
            NormalForm::Same => text.to_owned(),
            NormalForm::Rewritten => out,
            NormalForm::Rejected => return None,
        };
        let length = normal.chars().count();
        let is_long_enough = field.min_length.is_none_or(|least| length >= least);
        let is_defaulted = matches!(rule, Rule::Choice(_)) && !findings.is_empty();
        (is_long_enough && field.max_length.is_none_or(|most| length <= most) && !is_defaulted)
            .then_some(normal)
    }
}
