//! A record that is a JSON object, laid out as cells: the values' own bytes of the line where they can be taken as
//! they are, copies behind the line where not. From there on an object's row is judged like any other.
//!
//! A key that other records of the file have and this one lacks is a missing cell: it is never taken for null in
//! silence, since that would empty a field that is filled. What a value's JSON type may be is not asked: a number
//! or a boolean stands for its text, and the field's rule judges that. Only lists are for list fields alone.

use std::borrow::Cow;

use crate::record::Code;
use crate::rule::Rule;
use crate::source::json::{Fault, Value, items, unescape, walk};

use super::cells::Cell;
use super::plan::Plan;

/// Lays out one record after another with buffers that are used again and again.
pub(crate) struct Objects<'p> {
    plan: &'p Plan<'p>,
    keys: &'p [String],
    index: foldhash::HashMap<&'p str, usize>,
    columns: Vec<Column<'p>>,
    seen: Vec<bool>,
    /// How many columns feed a field.
    mapped: usize,
    path: String,
    /// What could not be taken from the line as it is; stands behind it.
    copies: String,
    /// Cells with numbers of a column that decides its decimal mark: a JSON number has a point and proves nothing
    /// about the others.
    numbers: Vec<(usize, Cell)>,
    text: String,
    /// A key was met that the header lacks.
    pub(crate) unknown: bool,
}

/// What a column's values become.
#[derive(Clone, Copy)]
enum Column<'p> {
    /// Nothing: it feeds no field.
    Ignored,
    /// A text.
    Text,
    /// The items with this between them.
    List(char),
    /// A number's own text, with the column's decimal mark.
    Decimal(&'p Rule),
}

/// Why an object is no row: the code, what to say, the column.
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
    pub(crate) column: Option<usize>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let message = format!("{}, at byte {} of the line", fault.message, fault.at + 1).into();
        Self { code: Code::InvalidJson, message, column: None }
    }
}

impl<'p> Objects<'p> {
    pub(crate) fn new(plan: &'p Plan<'p>, keys: &'p [String]) -> Self {
        let mut columns = vec![Column::Ignored; keys.len()];
        for (field, column) in plan.cells.iter().enumerate() {
            if let Some(column) = column {
                columns[*column] = match plan.rule(field) {
                    Rule::List(list) => Column::List(list.separator()),
                    rule @ Rule::Decimal(_) => Column::Decimal(rule),
                    _ => Column::Text,
                };
            }
        }
        if let Some(change) = plan.change {
            columns[change] = Column::Text;
        }
        Self {
            plan,
            keys,
            index: keys.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect(),
            mapped: columns.iter().filter(|column| !matches!(column, Column::Ignored)).count(),
            columns,
            seen: vec![false; keys.len()],
            path: String::new(),
            copies: String::new(),
            numbers: Vec::new(),
            text: String::new(),
            unknown: false,
        }
    }

    /// Lays the object on `line` out: cells of the text that [`Objects::text`] returns.
    pub(crate) fn lay_out(&mut self, line: &str, cells: &mut Vec<Cell>) -> Result<(), Refusal> {
        cells.clear();
        cells.resize(self.keys.len(), Cell { start: 0, end: 0, doubled: false });
        self.seen.fill(false);
        self.copies.clear();
        self.numbers.clear();
        let mut path = std::mem::take(&mut self.path);
        // Nearly always the next key is the next column.
        let mut next = 0;
        let (mut unknown, mut found) = (false, 0);
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
                return Err(self.refusal(column, "the key stands twice in the object"));
            }
            found += usize::from(!matches!(self.columns[column], Column::Ignored));
            if value == Value::Null {
                self.is_null_object(name, &mut found);
                return Ok(());
            }
            self.cell(line, column, value, cells)
        });
        self.path = path;
        walked?;
        self.unknown |= unknown;
        self.text.clear();
        if !self.copies.is_empty() {
            self.text.push_str(line);
            self.text.push_str(&self.copies);
        }
        if found < self.mapped { self.lacking() } else { Ok(()) }
    }

    /// The text that the cells lie in: the line, or the line with the copies behind it.
    pub(crate) fn text<'t>(&'t self, line: &'t str) -> &'t str {
        if self.copies.is_empty() { line } else { &self.text }
    }

    /// Puts the numbers in their place that were kept back while the cells proved something about their columns.
    pub(crate) fn put_numbers(&self, cells: &mut [Cell]) {
        for &(column, cell) in &self.numbers {
            cells[column] = cell;
        }
    }

    /// Whether `null` stands for an object here: then all the keys within it are null.
    fn is_null_object(&mut self, name: &str, found: &mut usize) -> bool {
        let mut any = false;
        for (column, key) in self.keys.iter().enumerate() {
            let within = key.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            if within && !std::mem::replace(&mut self.seen[column], true) {
                *found += usize::from(!matches!(self.columns[column], Column::Ignored));
            }
            any |= within;
        }
        any
    }

    fn cell(&mut self, line: &str, column: usize, value: Value, cells: &mut [Cell]) -> Result<(), Refusal> {
        let place = |start: usize, end: usize| Cell { start: small(start), end: small(end), doubled: false };
        cells[column] = match (self.columns[column], value) {
            (Column::Ignored, _) | (_, Value::Null) => return Ok(()),
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
            (_, Value::Bare(start, end) | Value::Text { start, end, escaped: false }) => place(start, end),
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
                return Err(self.refusal(column, "the field takes one value, and not a list"));
            }
        };
        Ok(())
    }

    /// A list's items with the separator between them.
    fn join(&mut self, line: &str, column: usize, start: usize, separator: char) -> Result<(), Refusal> {
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
                    return Err(self.refusal(column, "an item of the list is no text, number or boolean"));
                }
            }
            if self.copies.get(begin..).is_some_and(|item| item.contains(separator)) {
                return Err(
                    self.refusal(column, "an item of the list holds what separates the items of a cell")
                );
            }
            Ok(())
        })
    }

    /// The cell of what was copied last.
    fn copied(&self, line: &str, column: usize, from: usize) -> Result<Cell, Refusal> {
        if self.copies.as_bytes()[from..].contains(&0) {
            let message = "the record holds a NUL character, which PostgreSQL cannot store".into();
            return Err(Refusal { code: Code::NulByte, message, column: Some(column) });
        }
        if self.copies.len() == from {
            return Ok(Cell { start: 0, end: 0, doubled: false });
        }
        let (start, end) = (line.len() + from, line.len() + self.copies.len());
        Ok(Cell { start: small(start), end: small(end), doubled: false })
    }

    /// The record lacks keys that others have.
    #[cold]
    fn lacking(&self) -> Result<(), Refusal> {
        let lacks = |column: usize| !self.seen[column] && !matches!(self.columns[column], Column::Ignored);
        let required = |column: usize| {
            let mut fields = self.plan.cells.iter().zip(&self.plan.entity.fields);
            fields.any(|(cell, field)| *cell == Some(column) && field.required)
        };
        let mut lacking = (0..self.keys.len()).filter(|&column| lacks(column));
        if self.plan.options.settings.reading.pad_short && !lacking.clone().any(required) {
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
        Err(Refusal { code: Code::MissingCells, message: message.into(), column })
    }

    fn refusal(&self, column: usize, message: &'static str) -> Refusal {
        let message = format!("{}: {message}", self.keys[column]).into();
        Refusal { code: Code::InvalidJson, message, column: Some(column) }
    }
}

/// Offsets within a record: the splitter's horizon keeps it far below 4 GiB.
fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a record is smaller than 4 GiB")
}
