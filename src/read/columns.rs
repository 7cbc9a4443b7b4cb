//! Open columns: the schema does not say which decimal mark their numbers have, or whether the day or the month
//! comes first in their dates. The cells that can be read in only one way are counted. If they agree, they decide
//! the column, and its rule reads every cell that way. If they contradict each other, or there are none, the column
//! stays undecided, and a value that could be read in two ways is rejected.

use std::fmt;
use std::ops::AddAssign;

use crate::rule::Rule;
use crate::schema::{Entity, FieldIndex};
use crate::settings::Decision;

/// A column of a file that the schema leaves open.
#[derive(Debug, Clone)]
pub(crate) struct OpenColumn {
    /// The field that it feeds.
    pub(crate) field: FieldIndex,
    /// Its position in the header.
    pub(crate) position: usize,
    /// The field's own rule, or the decided one.
    pub(crate) rule: Rule,
    /// What the command line says about the column; then it needs no proof.
    pub(crate) given: Option<Decision>,
}

impl OpenColumn {
    /// The open columns of a file; `cells` has the cell that feeds each field.
    pub(crate) fn of(entity: &Entity, cells: &[Option<usize>]) -> Vec<Self> {
        let is_open = |rule: &Rule| match rule {
            Rule::Decimal(rule) => rule.is_automatic(),
            Rule::Date(rule) => rule.is_automatic(),
            Rule::Timestamp(rule) => rule.is_automatic(),
            _ => false,
        };
        let fields = entity.fields.iter().enumerate().filter(|(_, field)| is_open(&field.rule));
        fields
            .filter_map(|(field, rules)| {
                Some(Self { field, position: cells[field]?, rule: rules.rule.clone(), given: None })
            })
            .collect()
    }

    /// Sets what the command line says about the column.
    pub(crate) fn give(&mut self, decision: Option<Decision>) {
        self.given = decision;
    }

    /// How its cells are read: as the command line says, else as they prove.
    pub(crate) fn decision(&self, proofs: &Proofs) -> Option<Decision> {
        self.given.or_else(|| proofs.decision())
    }

    /// How its cells were read, and why, for people.
    pub(crate) fn explained(&self, proofs: &Proofs) -> String {
        self.given.map_or_else(|| proofs.to_string(), |given| format!("{given}, as was declared"))
    }

    /// Reads the column's cells by a decision from now on.
    pub(crate) fn decide(&mut self, decision: Option<Decision>) {
        if let Some(decision) = decision {
            self.rule = decision.rule(&self.rule);
        }
    }
}

/// The number of a column's cells that can be read in only one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Proofs {
    /// One way of reading, and the number of cells that prove it.
    one: Option<(Decision, u64)>,
    other: Option<(Decision, u64)>,
}

impl Proofs {
    /// Adds cells that prove a decision.
    pub(crate) fn add(&mut self, decision: Decision, cells: u64) {
        let place = match self.one {
            Some((one, _)) if one != decision => &mut self.other,
            _ => &mut self.one,
        };
        place.get_or_insert((decision, 0)).1 += cells;
    }

    /// What the cells decide, if they agree.
    pub(crate) fn decision(&self) -> Option<Decision> {
        match (self.one, self.other) {
            (Some((decision, _)), None) => Some(decision),
            _ => None,
        }
    }
}

impl AddAssign for Proofs {
    fn add_assign(&mut self, more: Self) {
        for (decision, cells) in more.one.into_iter().chain(more.other) {
            self.add(decision, cells);
        }
    }
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.one, self.other) {
            (Some((decision, cells)), None) => write!(f, "{decision}, as {cells} of its cells prove"),
            (Some((one, cells)), Some((other, more))) => {
                write!(
                    f,
                    "{cells} cells prove that {one}, {more} that {other}; the others are left undecided"
                )
            }
            (None, _) => {
                write!(f, "no cell proves how to read it; values that could be read both ways are rejected")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::date::DayMonth;

    use super::*;

    fn proofs(cells: &[&str]) -> Proofs {
        let rule = Rule::Date(crate::rule::date::Date::new("auto".into()));
        let mut proofs = Proofs::default();
        for decision in cells.iter().filter_map(|cell| Decision::of(&rule, cell)) {
            proofs.add(decision, 1);
        }
        proofs
    }

    #[test]
    fn cells_that_agree_decide_and_cells_that_do_not_leave_it_open() {
        let day_first = Some(Decision::Order(DayMonth::DayFirst));
        assert_eq!(proofs(&["01-02-2026", "31-01-2026", "2026-01-01"]).decision(), day_first);
        assert_eq!(proofs(&["01-02-2026", "2026-01-01", "rubbish"]).decision(), None);
        assert_eq!(proofs(&["31-01-2026", "01-31-2026", "30-01-2026"]).decision(), None);
    }

    #[test]
    fn proofs_add_up_the_same_in_any_grouping() {
        let mut sum = proofs(&["31-01-2026"]);
        sum += proofs(&["01-31-2026", "30-01-2026"]);
        let said = "2 cells prove that the day comes before the month, 1 that the month comes before the day; \
                    the others are left undecided";
        assert_eq!((sum.decision(), sum.to_string().as_str()), (None, said));
    }
}
