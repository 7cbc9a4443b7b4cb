//! Calendar dates and points in time, stored as PostgreSQL prints them in UTC with `DateStyle` ISO: `2026-01-31`
//! and `2026-01-31 12:00:00.5+00`.
//!
//! The format is declared as a strptime pattern; a cell of another format is rejected. With the format [`AUTO`]
//! the whole column decides the order of day and month: the reader collects [`DayMonth::of`] over the cells and
//! validates with [`Date::decided`]. If the column does not decide, a cell that can be read both ways is
//! `ambiguous-date`. A year has four digits; two digits are read only if the pattern says so (`%y`).

mod format;
#[cfg(test)]
mod tests;
mod timestamp;

use jiff::civil;
use jiff::fmt::strtime::{self, BrokenDownTime};

use super::cell::{CellFinding, NormalForm};
use format::{Fault, Format, push_date, read_auto, with_four_digits, written};

pub(crate) use format::{AUTO, DayMonth, ISO_8601, RFC_3339};
pub(crate) use timestamp::Timestamp;

/// A calendar date.
#[derive(Debug, Clone)]
pub(crate) struct Date {
    format: Format,
}

impl Date {
    /// A calendar date; `format` is a strptime pattern, or [`AUTO`].
    pub(crate) fn new(format: String) -> Self {
        Self { format: Format::new(format) }
    }

    /// Whether the format can print a date and read it again. Any other format is a mistake in the schema.
    pub(crate) fn is_usable(&self) -> bool {
        let sample = civil::date(2026, 1, 31);
        self.format.is_usable(|pattern| {
            let printed = strtime::format(pattern, sample).ok()?;
            Some(civil::Date::strptime(pattern, printed).ok()? == sample)
        }) && self.format != Format::Rfc3339
    }

    /// Whether the column must decide the order of day and month.
    pub(crate) fn is_automatic(&self) -> bool {
        self.format.is_automatic()
    }

    /// The rule with the column's decision.
    pub(crate) fn decided(&self, order: DayMonth) -> Self {
        Self { format: Format::Auto(Some(order)) }
    }

    /// The cell for a normal form; this rule reads it as the same date, or not at all.
    pub(crate) fn written(&self, normal: &str) -> String {
        written(
            &self.format,
            normal,
            || strtime_date(normal),
            |cell| {
                let mut read = String::new();
                self.validate(cell, None, &mut read, &mut Vec::new());
                read
            },
        )
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let date = match &self.format {
            Format::Pattern(pattern) => civil::Date::strptime(pattern, cell).map_err(Fault::from),
            Format::Rfc3339 => civil::Date::strptime(ISO_8601, cell).map_err(Fault::from),
            Format::Auto(order) => read_auto(cell, *order),
        };
        match date.and_then(with_four_digits) {
            Ok(date) => {
                push_date(out, date);
                NormalForm::of(cell, out)
            }
            Err(fault) => {
                findings.push(fault.finding("date", &self.format));
                NormalForm::Rejected
            }
        }
    }
}

fn strtime_date(normal: &str) -> Option<BrokenDownTime> {
    civil::Date::strptime(ISO_8601, normal).ok().map(BrokenDownTime::from)
}
