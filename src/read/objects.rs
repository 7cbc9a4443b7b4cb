//! A record that is a JSON object, laid out as cells: places in the line for values that can be used as they are,
//! copies appended to the line for the others. From then on it is validated like any other record.
//!
//! A key that other records of the file have and this one lacks is a missing cell. It is never silently taken for
//! null, because that would empty a field that has a value in the database. The JSON type of a value does not matter:
//! a number or a boolean is used as its text, and the field's rule checks that. Only a list needs a list field.

use std::borrow::Cow;

use crate::record::Code;
use crate::rule::Rule;
use crate::source::json::{Value, items, unescape, walk};

use super::cells::Cell;
use super::malformed::{Malformed, SEPARATOR_IN_ITEM};
use super::offset::offset;
use super::plan::ReadPlan;

/// Lays out one record after another; its buffers are used again.
pub(crate) struct Objects<'p> {
    plan: &'p ReadPlan<'p>,
    keys: &'p [String],
    index: foldhash::HashMap<&'p str, usize>,
    columns: Vec<Column<'p>>,
    seen: Vec<bool>,
    /// The number of columns that feed a field.
    mapped: usize,
    path: String,
    /// The values that are not in the line as they are; appended to it.
    copies: String,
    /// The cells with JSON numbers of decimal columns. They are put in place after the proofs are counted: a JSON
    /// number always has a point, which proves nothing about the column's texts.
    numbers: Vec<(usize, Cell)>,
    text: String,
    /// A record had a key that the header lacks.
    pub(crate) unknown: bool,
}

/// How a column's values are laid out.
#[derive(Clone, Copy)]
enum Column<'p> {
    /// Nothing: it feeds no field.
    Ignored,
    /// A text that may be missing: fields are made of it.
    Used,
    /// Whether there is anything: it feeds no field, and nobody has said that it is ignored.
    Unknown,
    Text,
    /// The items joined by this separator.
    List(char),
    /// A number with the column's decimal mark.
    Decimal(&'p Rule),
}

impl Column<'_> {
    /// Whether it feeds a field, or says what the record is.
    fn is_mapped(self) -> bool {
        !matches!(self, Self::Ignored | Self::Unknown | Self::Used)
    }
}

impl<'p> Objects<'p> {
    pub(crate) fn new(plan: &'p ReadPlan<'p>, keys: &'p [String]) -> Self {
        let mut columns = vec![Column::Ignored; keys.len()];
        for (field, column) in plan.cells.iter().enumerate() {
            // The cells of made fields come after those of the keys.
            if let Some(column) = column.filter(|column| *column < keys.len()) {
                columns[column] = match plan.rule(field) {
                    Rule::List(list) => Column::List(list.separator()),
                    rule @ Rule::Decimal(_) => Column::Decimal(rule),
                    _ => Column::Text,
                };
            }
        }
        for &used in &plan.used {
            if matches!(columns[used], Column::Ignored) {
                columns[used] = Column::Used;
            }
        }
        for &unknown in &plan.unknown {
            columns[unknown] = Column::Unknown;
        }
        if let Some(change) = plan.change {
            columns[change] = Column::Text;
        }
        Self {
            plan,
            keys,
            index: keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect(),
            mapped: columns.iter().filter(|column| column.is_mapped()).count(),
            columns,
            seen: vec![false; keys.len()],
            path: String::new(),
            copies: String::new(),
            numbers: Vec::new(),
            text: String::new(),
            unknown: false,
        }
    }

    /// Lays out the object on `line` as cells of the text that [`Objects::text`] returns; also what can be read of one
    /// that is malformed.
    pub(crate) fn lay_out(&mut self, line: &str, cells: &mut Vec<Cell>) -> Result<(), Malformed> {
        cells.clear();
        cells.resize(self.keys.len(), Cell { start: 0, end: 0, doubled: false });
        self.seen.fill(false);
        self.copies.clear();
        self.numbers.clear();
        let mut path = std::mem::take(&mut self.path);
        // The next key is nearly always the next column.
        let mut next = 0;
        let (mut unknown, mut found) = (false, 0);
        // What is wrong with a value does not keep the others from being laid out.
        let mut wrong = None;
        let walked = walk(line, &mut path, |name, value| {
            let column = match self.keys.get(next) {
                Some(key) if key == name => next,
                _ => {
                    let Some(&column) = self.index.get(name) else {
                        unknown |= !(value == Value::Null && self.is_null_object(name, &mut found));
                        return Ok(());
                    };
                    column
                }
            };
            next = column + 1;
            if std::mem::replace(&mut self.seen[column], true) {
                wrong.get_or_insert_with(|| self.invalid(column, "the key is in the object twice"));
                return Ok(());
            }
            found += usize::from(self.columns[column].is_mapped());
            if value == Value::Null {
                self.is_null_object(name, &mut found);
                return Ok(());
            }
            if let Err(malformed) = self.cell(line, column, value, cells) {
                wrong.get_or_insert(malformed);
            }
            Ok(())
        });
        self.path = path;
        self.text.clear();
        if !self.copies.is_empty() {
            self.text.push_str(line);
            self.text.push_str(&self.copies);
        }
        wrong.map_or(walked, Err)?;
        self.unknown |= unknown;
        if found < self.mapped { self.lacking() } else { Ok(()) }
    }

    /// The text that the cells are in: the line, with the copies appended if there are any.
    pub(crate) fn text<'t>(&'t self, line: &'t str) -> &'t str {
        if self.copies.is_empty() { line } else { &self.text }
    }

    /// Puts the numbers of decimal columns in place, after the proofs were counted.
    pub(crate) fn put_numbers(&self, cells: &mut [Cell]) {
        for &(column, cell) in &self.numbers {
            cells[column] = cell;
        }
    }

    /// Whether the `null` of key `name` replaces an object; then all keys of that object are null.
    fn is_null_object(&mut self, name: &str, found: &mut usize) -> bool {
        let mut any = false;
        for (column, key) in self.keys.iter().enumerate() {
            let within = key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            if within && !std::mem::replace(&mut self.seen[column], true) {
                *found += usize::from(self.columns[column].is_mapped());
            }
            any |= within;
        }
        any
    }

    fn cell(&mut self, line: &str, column: usize, value: Value, cells: &mut [Cell]) -> Result<(), Malformed> {
        let place =
            |start: usize, end: usize| Cell { start: offset(start), end: offset(end), doubled: false };
        cells[column] = match (self.columns[column], value) {
            (Column::Ignored, _) | (_, Value::Null) => return Ok(()),
            // Only whether it is empty matters: the text of a list is that of its brackets.
            (Column::Unknown, Value::List(start, _)) if is_empty(line, start) => return Ok(()),
            (Column::Unknown, Value::List(start, _)) => place(start, start + 1),
            (Column::Decimal(rule), Value::Bare(start, end)) => {
                let number = rule.written(&line[start..end]).unwrap_or(Cow::Borrowed(&line[start..end]));
                let cell = if number == line[start..end] {
                    place(start, end)
                } else {
                    let from = line.len() + self.copies.len();
                    self.copies.push_str(&number);
                    place(from, line.len() + self.copies.len())
                };
                self.numbers.push((column, cell));
                return Ok(());
            }
            (Column::Unknown, Value::Text { start, end, .. })
            | (_, Value::Bare(start, end) | Value::Text { start, end, escaped: false }) => place(start, end),
            (_, Value::Text { start, end, escaped: true }) => {
                let from = self.copies.len();
                unescape(&line[start..end], &mut self.copies);
                self.copied(line, column, from)?
            }
            (Column::List(separator), Value::List(start, _)) => {
                let from = self.copies.len();
                self.join(line, column, start, separator)?;
                self.copied(line, column, from)?
            }
            (_, Value::List(..)) => {
                return Err(self.invalid(column, "the field takes one value, not a list"));
            }
        };
        Ok(())
    }

    /// Appends a list's items, joined by the separator.
    fn join(&mut self, line: &str, column: usize, start: usize, separator: char) -> Result<(), Malformed> {
        let from = self.copies.len();
        items(line, start, |item| {
            let before = self.copies.len();
            if before > from {
                self.copies.push(separator);
            }
            let begin = self.copies.len();
            match item {
                Some(Value::Null) => self.copies.truncate(before),
                Some(Value::Bare(start, end) | Value::Text { start, end, escaped: false }) => {
                    self.copies.push_str(&line[start..end]);
                }
                Some(Value::Text { start, end, .. }) => unescape(&line[start..end], &mut self.copies),
                Some(Value::List(..)) | None => {
                    return Err(self.invalid(column, "an item of the list is not a text, number or boolean"));
                }
            }
            if self.copies.get(begin..).is_some_and(|item| item.contains(separator)) {
                return Err(self.invalid(column, SEPARATOR_IN_ITEM));
            }
            Ok(())
        })
    }

    /// The cell of the copy that begins at `from`.
    fn copied(&self, line: &str, column: usize, from: usize) -> Result<Cell, Malformed> {
        if self.copies.as_bytes()[from..].contains(&0) {
            let message = "the record holds a NUL character, which PostgreSQL cannot store";
            return Err(Malformed::new(Code::NulByte, message, Some(column)));
        }
        if self.copies.len() == from {
            return Ok(Cell { start: 0, end: 0, doubled: false });
        }
        let (start, end) = (line.len() + from, line.len() + self.copies.len());
        Ok(Cell { start: offset(start), end: offset(end), doubled: false })
    }

    /// Refuses a record that lacks keys which others have, unless they can be padded.
    #[cold]
    fn lacking(&self) -> Result<(), Malformed> {
        let lacks = |column: usize| !self.seen[column] && self.columns[column].is_mapped();
        let mut lacking = (0..self.keys.len()).filter(|&column| lacks(column));
        if self.plan.options.settings.reading.pad_short
            && !lacking.clone().any(|column| self.plan.requires(column))
        {
            return Ok(());
        }
        let column = lacking.next();
        let more = match lacking.count() {
            0 => String::new(),
            1 => " and one more".to_owned(),
            more => format!(" and {more} more"),
        };
        let key = column.map_or("", |column| self.keys[column].as_str());
        let message = format!("the record lacks the key {key}{more}, which other records of the file have");
        Err(Malformed::new(Code::MissingCells, message, column))
    }

    fn invalid(&self, column: usize, message: &'static str) -> Malformed {
        Malformed::new(Code::InvalidJson, format!("{}: {message}", self.keys[column]), Some(column))
    }
}

/// Whether the list at `start` of the line has no item but nulls.
fn is_empty(line: &str, start: usize) -> bool {
    items(line, start, |item| if item == Some(Value::Null) { Ok(()) } else { Err(()) }).is_ok()
}
