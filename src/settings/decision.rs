//! What a schema may leave to a column: the decimal mark of its numbers, the order of day and month in its dates. Who
//! decides it for a file is in `src/read/columns.rs`.

use std::fmt;

use crate::rule::Rule;
use crate::rule::date::DayMonth;
use crate::rule::number::Mark;

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Numbers with this decimal mark.
    Mark(Mark),
    /// Dates with the year last that begin with the day, or with the month.
    Order(DayMonth),
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mark(Mark::Point) => "the decimal mark is a point",
            Self::Mark(Mark::Comma) => "the decimal mark is a comma",
            Self::Order(DayMonth::DayFirst) => "the day comes before the month",
            Self::Order(DayMonth::MonthFirst) => "the month comes before the day",
        })
    }
}

impl Decision {
    /// All of them, with their names on the command line.
    pub(crate) const NAMES: [(&str, Self); 4] = [
        ("day-first", Self::Order(DayMonth::DayFirst)),
        ("month-first", Self::Order(DayMonth::MonthFirst)),
        ("decimal-comma", Self::Mark(Mark::Comma)),
        ("decimal-point", Self::Mark(Mark::Point)),
    ];

    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, decision)| *decision == self).map_or("", |(name, _)| name)
    }

    /// Whether a rule leaves open what this decides.
    pub(crate) fn fits(self, rule: &Rule) -> bool {
        match rule {
            Rule::Decimal(rule) => rule.is_automatic() && matches!(self, Self::Mark(_)),
            Rule::Date(rule) => rule.is_automatic() && matches!(self, Self::Order(_)),
            Rule::Timestamp(rule) => rule.is_automatic() && matches!(self, Self::Order(_)),
            _ => false,
        }
    }

    /// What a cell proves about its column, if it can be read in only one way.
    pub(crate) fn of(rule: &Rule, cell: &str) -> Option<Self> {
        match rule {
            Rule::Decimal(_) => Mark::of(cell).map(Self::Mark),
            Rule::Date(_) | Rule::Timestamp(_) => DayMonth::of(cell).map(Self::Order),
            _ => None,
        }
    }

    /// The rule that reads all cells this way.
    pub(crate) fn rule(self, open: &Rule) -> Rule {
        match (self, open) {
            (Self::Mark(mark), Rule::Decimal(rule)) => Rule::Decimal(rule.decided(mark)),
            (Self::Order(order), Rule::Date(rule)) => Rule::Date(rule.decided(order)),
            (Self::Order(order), Rule::Timestamp(rule)) => Rule::Timestamp(rule.decided(order)),
            (_, other) => other.clone(),
        }
    }
}
