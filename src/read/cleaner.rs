//! The cells of a record cleaned as the file's [`Cleaning`] says. What is changed is a copy, appended to the record's text,
//! so that all positions stay. Files without a source in `muster.toml` never come here.

use crate::record::{Code, Finding, Location};
use crate::rule::CellFinding;
use crate::rule::number::Mark;
use crate::rule::text::{Cleansed, cleanse, is_printable_ascii};
use crate::source::Part;

use super::cell_finding::CheckedCell;
use super::cells::Cell;
use super::cleaning::{Cleaning, Made};
use super::offset::offset;
use super::plan::ReadPlan;

/// A cell with nothing in it.
const EMPTY: Cell = Cell { start: 0, end: 0, doubled: false };

/// Cleans one record after another; its buffers are used again.
pub(crate) struct Cleaner<'p> {
    plan: &'p ReadPlan<'p>,
    cleaning: &'p Cleaning,
    /// The record with the copies after it; empty if there are none.
    text: String,
    unquoted: String,
    cleansed: String,
    value: String,
    lower: String,
}

/// The result of cleaning a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CleanedRecord {
    /// The copies hold nothing but printable ASCII.
    pub(crate) printable: bool,
    /// A value was replaced that must not be.
    pub(crate) rejected: bool,
}

impl<'p> Cleaner<'p> {
    pub(crate) fn new(plan: &'p ReadPlan<'p>, cleaning: &'p Cleaning) -> Self {
        Self {
            plan,
            cleaning,
            text: String::new(),
            unquoted: String::new(),
            cleansed: String::new(),
            value: String::new(),
            lower: String::new(),
        }
    }

    /// Cleans the cells of a record, and adds those that are made. Every replacement is counted in `counts`.
    pub(crate) fn clean(
        &mut self,
        record: &str,
        cells: &mut Vec<Cell>,
        location: &Location,
        counts: &mut [u64],
        findings: &mut Vec<Finding>,
    ) -> CleanedRecord {
        self.text.clear();
        let cleaning = self.cleaning;
        let mut rejected = false;
        for column in &cleaning.columns {
            let Some(&cell) = cells.get(column.position) else { continue };
            if !self.read(cell, record) {
                continue;
            }
            let Some((number, is_other)) = column.replaced(&self.value, &mut self.lower) else {
                let changed = column.marks.and_then(|(from, to)| number_with(&self.value, from, to));
                if let Some(changed) = changed {
                    self.value = changed;
                    cells[column.position] = self.append(record);
                }
                continue;
            };
            if let Some(count) = counts.get_mut(number) {
                *count += 1;
            }
            let to = cleaning.replaced[number].to.as_deref();
            if is_other {
                rejected |= self.defaulted(column.position, to.unwrap_or("empty"), location, findings);
            }
            self.value.clear();
            self.value.push_str(to.unwrap_or_default());
            cells[column.position] = self.append(record);
        }
        if !cleaning.made.is_empty() {
            cells.resize(cleaning.width, EMPTY);
            for made in &cleaning.made {
                let cell = self.made(made, record, cells);
                cells.push(cell);
            }
        }
        let copies = self.text.as_bytes().get(record.len()..).unwrap_or_default();
        CleanedRecord { printable: is_printable_ascii(copies), rejected }
    }

    /// The text that the cells are in.
    pub(crate) fn text<'t>(&'t self, record: &'t str) -> &'t str {
        if self.text.is_empty() { record } else { &self.text }
    }

    /// Reads a cell into `value`, cleansed. Returns false if it is empty, or holds what no cell may hold.
    fn read(&mut self, cell: Cell, record: &str) -> bool {
        self.value.clear();
        let text = if self.text.is_empty() { record } else { self.text.as_str() };
        let raw = cell.text(text, &mut self.unquoted);
        match cleanse(raw, true, &mut self.cleansed) {
            Cleansed::Part(part) => self.value.push_str(part),
            Cleansed::Copied => self.value.push_str(&self.cleansed),
            Cleansed::Control(_) => return false,
        }
        !self.value.is_empty()
    }

    /// The cell of a copy of `value`.
    fn append(&mut self, record: &str) -> Cell {
        if self.value.is_empty() {
            return EMPTY;
        }
        if self.text.is_empty() {
            self.text.push_str(record);
        }
        let start = offset(self.text.len());
        self.text.push_str(&self.value);
        Cell { start, end: offset(self.text.len()), doubled: false }
    }

    /// Says that a value was none of those that the source names.
    #[cold]
    fn defaulted(&self, position: usize, to: &str, location: &Location, findings: &mut Vec<Finding>) -> bool {
        let plan = self.plan;
        let Some(field) = plan.cells.iter().position(|cell| *cell == Some(position)) else { return false };
        let message = format!("is none of the values that muster.toml names, and becomes {to}");
        let note = CellFinding::new(Code::Defaulted, message);
        CheckedCell { plan, field, position, raw: &self.value, location }.rejects(note, findings)
    }

    fn made(&mut self, made: &Made, record: &str, cells: &[Cell]) -> Cell {
        match made {
            Made::FirstOf(choices) => {
                for columns in choices {
                    if self.join(columns, " ", record, cells) {
                        // Most are one whole cell, which needs no copy.
                        return match columns.as_slice() {
                            [one] => cells[*one],
                            _ => self.append(record),
                        };
                    }
                }
                EMPTY
            }
            Made::Join(columns, with) => {
                self.join(columns, with, record, cells);
                self.append(record)
            }
            Made::Part(part, of) => {
                if !cells.get(*of).is_some_and(|cell| self.read(*cell, record)) {
                    return EMPTY;
                }
                let end = self.value.find(char::is_whitespace).unwrap_or(self.value.len());
                match part {
                    Part::FirstWord => self.value.truncate(end),
                    Part::OtherWords => {
                        let rest = self.value[end..].trim_start().to_owned();
                        self.value = rest;
                    }
                }
                self.append(record)
            }
            Made::Constant(value) => {
                self.value.clear();
                self.value.push_str(value);
                self.append(record)
            }
        }
    }

    /// Puts the filled cells of these columns into `value`, with a text between them. Returns false if there are none.
    fn join(&mut self, columns: &[usize], with: &str, record: &str, cells: &[Cell]) -> bool {
        let mut joined = std::mem::take(&mut self.lower);
        joined.clear();
        for column in columns {
            if cells.get(*column).is_some_and(|cell| self.read(*cell, record)) {
                if !joined.is_empty() {
                    joined.push_str(with);
                }
                joined.push_str(&self.value);
            }
        }
        self.lower = std::mem::replace(&mut self.value, joined);
        !self.value.is_empty()
    }
}

/// A number without its currency and its thousands separators, with another decimal mark. `None` if nothing changes, or
/// if it is no such number.
fn number_with(text: &str, mark: Mark, to: Mark) -> Option<String> {
    let sign = |text: &str| match text.chars().next() {
        Some(c @ ('-' | '+')) => (Some(c), text[1..].trim_start().to_owned()),
        _ => (None, text.to_owned()),
    };
    let (before, rest) = sign(text);
    let (after, number) = sign(without_currency(&rest));
    let (point, separator) = match mark {
        Mark::Point => ('.', ','),
        Mark::Comma => (',', '.'),
    };
    let (whole, fraction) = match number.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number.as_str(), None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(separator);
    let first = groups.next().unwrap_or_default();
    let grouped = groups.clone().count() > 0;
    let is_whole = if grouped {
        digits(first) && first.len() <= 3 && groups.all(|group| group.len() == 3 && digits(group))
    } else {
        digits(whole) || whole.is_empty() && fraction.is_some()
    };
    if !is_whole || !fraction.is_none_or(digits) || (before.is_some() && after.is_some()) {
        return None;
    }
    let mut out: String = before.or(after).into_iter().collect();
    out.extend(whole.chars().filter(|c| *c != separator));
    if let Some(fraction) = fraction {
        out.push(if to == Mark::Comma { ',' } else { '.' });
        out.push_str(fraction);
    }
    (out != text).then_some(out)
}

/// Without `€` or `EUR` before or after.
fn without_currency(text: &str) -> &str {
    for sign in ["€", "EUR", "eur", "Eur"] {
        if let Some(rest) = text.strip_prefix(sign) {
            return rest.trim_start();
        }
        if let Some(rest) = text.strip_suffix(sign) {
            return rest.trim_end();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_currencies_are_dropped_where_the_number_is_whole() {
        for (text, mark, to, want) in [
            ("1.234,56", Mark::Comma, Mark::Comma, Some("1234,56")),
            ("1.234,56", Mark::Comma, Mark::Point, Some("1234.56")),
            ("€ 1.234.567", Mark::Comma, Mark::Comma, Some("1234567")),
            ("-€ 5,00", Mark::Comma, Mark::Point, Some("-5.00")),
            ("€ -5,00", Mark::Comma, Mark::Point, Some("-5.00")),
            ("12,5 EUR", Mark::Comma, Mark::Comma, Some("12,5")),
            ("€12", Mark::Comma, Mark::Comma, Some("12")),
            ("1,234.5", Mark::Point, Mark::Point, Some("1234.5")),
            ("1.5", Mark::Comma, Mark::Comma, None),
            ("1.23,4", Mark::Comma, Mark::Comma, None),
            ("12.3456", Mark::Comma, Mark::Comma, None),
            ("1234,5", Mark::Comma, Mark::Comma, None),
            (",5", Mark::Comma, Mark::Comma, None),
            ("--5", Mark::Comma, Mark::Comma, None),
            ("x", Mark::Comma, Mark::Comma, None),
        ] {
            assert_eq!(number_with(text, mark, to).as_deref(), want, "{text}");
        }
    }
}
