//! What only a whole column can tell: whether its decimal mark is a comma, and whether its days stand before
//! its months. The cells are heard while they are read; where they agree, the entity is read once more with
//! what they said. Where they contradict one another nothing is decided, and a cell that could be read both
//! ways stays rejected.

use crate::rule::Rule;
use crate::rule::date::DayMonth;
use crate::rule::number::Mark;
use crate::schema::{Entity, FieldIndex};

/// What the cells of one column have said so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Said {
    /// A decimal comma; a day before its month.
    european: bool,
    /// A decimal point; a month before its day.
    american: bool,
}

/// What the cells of an entity's columns have said; of each field, where any decides its format by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns(Vec<Said>);

impl Columns {
    /// Nothing said yet.
    pub(crate) fn new(entity: &Entity) -> Self {
        let any = entity.fields.iter().any(|field| is_automatic(&field.rule));
        Self(if any { vec![Said::default(); entity.fields.len()] } else { Vec::new() })
    }

    /// Hears a cell.
    #[inline]
    pub(crate) fn hear(&mut self, field: FieldIndex, rule: &Rule, cell: &str) {
        let Some(said) = self.0.get_mut(field) else { return };
        match rule {
            Rule::Decimal(decimal) if decimal.is_automatic() => match Mark::of(cell) {
                Some(Mark::Comma) => said.european = true,
                Some(Mark::Point) => said.american = true,
                None => {}
            },
            Rule::Date(_) | Rule::Timestamp(_) if is_automatic(rule) => match DayMonth::of(cell) {
                Some(DayMonth::DayFirst) => said.european = true,
                Some(DayMonth::MonthFirst) => said.american = true,
                None => {}
            },
            _ => {}
        }
    }

    /// Adds what another part's cells have said.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), Said::default());
        for (all, part) in self.0.iter_mut().zip(&other.0) {
            all.european |= part.european;
            all.american |= part.american;
        }
    }

    /// The entity with the formats that its columns have decided; `None` where none has.
    #[must_use]
    pub fn decide(&self, entity: &Entity) -> Option<Entity> {
        let mut decided = entity.clone();
        let mut any = false;
        for (field, said) in decided.fields.iter_mut().zip(&self.0) {
            if said.european == said.american || !is_automatic(&field.rule) {
                continue;
            }
            any = true;
            let order = if said.european { DayMonth::DayFirst } else { DayMonth::MonthFirst };
            let mark = if said.european { Mark::Comma } else { Mark::Point };
            field.rule = match &field.rule {
                Rule::Decimal(rule) => Rule::Decimal(rule.decided(mark)),
                Rule::Date(rule) => Rule::Date(rule.decided(order)),
                Rule::Timestamp(rule) => Rule::Timestamp(rule.decided(order)),
                other => other.clone(),
            };
        }
        any.then_some(decided)
    }
}

fn is_automatic(rule: &Rule) -> bool {
    match rule {
        Rule::Decimal(rule) => rule.is_automatic(),
        Rule::Date(rule) => rule.is_automatic(),
        Rule::Timestamp(rule) => rule.is_automatic(),
        _ => false,
    }
}
