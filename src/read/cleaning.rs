//! What is done to the cells of a file, as `muster.toml` says, before anything else sees them: words that mean nothing,
//! values that stand for others, thousands separators, and fields that are made of several columns. It is compiled once a
//! file; how a record is cleaned is in `cleaner`.

use crate::config::{Cleaned, SourceConfig};
use crate::rule::Rule;
use crate::rule::number::Mark;
use crate::rule::text::{Cleansed, cleanse};
use crate::schema::{Entity, header_key};
use crate::source::{FileFormat, How, Look, Part};

/// What is done to the cells of a file.
#[derive(Debug, Clone)]
pub(crate) struct Cleaning {
    pub(super) columns: Vec<Column>,
    /// The made fields, in the order of their cells, which come after those of the header.
    pub(super) made: Vec<Made>,
    /// How many cells the header has.
    pub(super) width: usize,
    /// What is counted, in the order of the columns.
    pub(crate) replaced: Vec<Replaced>,
}

/// A word that stands for something, in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replaced {
    pub(crate) column: String,
    pub(crate) from: String,
    /// `None` for nothing.
    pub(crate) to: Option<String>,
}

/// What is done to the cells of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) position: usize,
    /// Words in lower case, and their numbers in `replaced`.
    null: Vec<(String, usize)>,
    /// Values as they are and in lower case, with their numbers.
    values: Vec<(String, String, usize)>,
    /// Any other value.
    other: Option<usize>,
    /// The decimal mark of the cells, and the one that the rule reads.
    pub(super) marks: Option<(Mark, Mark)>,
}

/// How a cell is made of others.
#[derive(Debug, Clone)]
pub(super) enum Made {
    FirstOf(Vec<Vec<usize>>),
    Join(Vec<usize>, String),
    Part(Part, usize),
    Constant(String),
}

impl Cleaning {
    /// What a source says of a file. `None` if that is nothing.
    pub(crate) fn new(source: &SourceConfig, look: &Look, entity: &Entity) -> Option<Self> {
        let header = &look.opening.header;
        let mut cleaning =
            Self { columns: Vec::new(), made: Vec::new(), width: header.len(), replaced: Vec::new() };
        for (position, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            let own = source.cleaned.iter().find(|own| header_key(&own.header) == header_key(name));
            let rule = look.mapping.columns.get(position).copied().flatten();
            let rule = rule.map(|field| &entity.fields[field].rule);
            let marks = match (source.mark, rule) {
                (Some(mark), Some(Rule::Decimal(rule))) if look.opening.format != FileFormat::Parquet => {
                    Some((mark, rule.mark().unwrap_or(mark)))
                }
                _ => None,
            };
            let column = Column { position, marks, ..Column::default() };
            cleaning.add(column, name, &source.null, own);
        }
        let at = |name: &String| header.iter().position(|known| header_key(known) == header_key(name));
        let all = |names: &[String]| names.iter().filter_map(at).collect::<Vec<_>>();
        for made in &look.made {
            cleaning.made.push(match &made.how {
                How::FirstOf(choices) => Made::FirstOf(choices.iter().map(|names| all(names)).collect()),
                How::Join { columns, with } => Made::Join(all(columns), with.clone()),
                How::Part { part, of } => match at(of) {
                    Some(of) => Made::Part(*part, of),
                    None => Made::Join(Vec::new(), String::new()),
                },
                How::Constant(value) => Made::Constant(value.clone()),
            });
        }
        (!cleaning.columns.is_empty() || !cleaning.made.is_empty()).then_some(cleaning)
    }

    fn add(&mut self, mut column: Column, name: &str, null: &[String], own: Option<&Cleaned>) {
        let mut count = |from: &str, to: Option<&str>| {
            let to = to.filter(|to| !to.trim().is_empty()).map(str::to_owned);
            self.replaced.push(Replaced { column: name.to_owned(), from: from.to_owned(), to });
            self.replaced.len() - 1
        };
        for word in null.iter().chain(own.iter().flat_map(|own| &own.null)) {
            let folded = normal(word).to_lowercase();
            if !column.null.iter().any(|(known, _)| *known == folded) {
                column.null.push((folded, count(word, None)));
            }
        }
        for (from, to) in own.iter().flat_map(|own| &own.values) {
            let number = count(from, Some(to));
            if from == "*" {
                column.other = Some(number);
            } else {
                let from = normal(from);
                column.values.push((from.to_lowercase(), from, number));
            }
        }
        if !column.null.is_empty()
            || !column.values.is_empty()
            || column.other.is_some()
            || column.marks.is_some()
        {
            self.columns.push(column);
        }
    }
}

impl Column {
    /// What stands for a filled cell: its number in [`Cleaning::replaced`], and whether it is any other value.
    pub(super) fn replaced(&self, text: &str, lower: &mut String) -> Option<(usize, bool)> {
        lower.clear();
        lower.extend(text.chars().flat_map(char::to_lowercase));
        let null = self.null.iter().find(|(word, _)| word == lower).map(|(_, number)| *number);
        let exact = || self.values.iter().find(|(_, value, _)| value == text);
        let loose = || self.values.iter().find(|(value, _, _)| value == lower);
        let known = null.or_else(|| exact().or_else(loose).map(|(_, _, number)| *number));
        known.map(|number| (number, false)).or_else(|| self.other.map(|number| (number, true)))
    }
}

/// A word as cells are compared: cleansed.
fn normal(word: &str) -> String {
    let mut buffer = String::new();
    match cleanse(word, true, &mut buffer) {
        Cleansed::Part(part) => part.to_owned(),
        Cleansed::Copied => buffer,
        Cleansed::Control(_) => word.trim().to_owned(),
    }
}
