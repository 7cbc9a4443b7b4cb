//! Rows as JSON, one object per line, nested by the dots of the names: `contact.gender` is in the object `contact`. NULL
//! is `null`, also as an item of a list; lists are arrays, numbers and booleans are JSON's own.

use serde::Serialize;

use crate::record::RowEncoder;
use crate::rule::{Rule, list};

use super::job::{Column, Job};
use super::row::fields;

/// The nesting of a job's columns.
#[derive(Debug)]
pub(crate) struct Json {
    /// The text before each value, and the value's column, in the order in which they are written.
    parts: Vec<(String, usize)>,
    /// The text after the last value.
    tail: String,
}

/// An object, its members in order of first appearance.
#[derive(Default)]
struct Level<'n> {
    members: Vec<(&'n str, Member<'n>)>,
}

enum Member<'n> {
    Value(usize),
    Level(Level<'n>),
}

impl Json {
    pub(crate) fn new(columns: &[Column]) -> Self {
        let mut top = Level::default();
        for (index, column) in columns.iter().enumerate() {
            // A name cannot be both a value and the object that another name is in: then the longer name keeps its
            // dots.
            let clashes = |path: &str| columns.iter().any(|other| other.name == path);
            let mut heads = column.name.match_indices('.').map(|(at, _)| &column.name[..at]);
            let path: Vec<&str> = if heads.any(clashes) || column.name.split('.').any(str::is_empty) {
                vec![&column.name]
            } else {
                column.name.split('.').collect()
            };
            top.put(&path, index);
        }
        let mut json = Self { parts: Vec::new(), tail: String::new() };
        json.lay_out(&top);
        json.tail.push('\n');
        json
    }

    fn lay_out(&mut self, level: &Level<'_>) {
        self.tail.push('{');
        for (position, (name, member)) in level.members.iter().enumerate() {
            if position > 0 {
                self.tail.push(',');
            }
            self.tail.push_str(&serde_json::Value::from(*name).to_string());
            self.tail.push(':');
            match member {
                Member::Value(column) => self.parts.push((std::mem::take(&mut self.tail), *column)),
                Member::Level(inner) => self.lay_out(inner),
            }
        }
        self.tail.push('}');
    }

    /// Appends a row as the server sent it. Returns the column of an array that is not a list; it was written as the
    /// text that PostgreSQL prints.
    pub(crate) fn row(&self, row: &[u8], job: &Job, out: &mut Vec<u8>) -> Option<usize> {
        let cells: Vec<Option<&[u8]>> = fields(row).collect();
        let mut no_list = None;
        for (before, column) in &self.parts {
            out.extend_from_slice(before.as_bytes());
            match cells.get(*column).copied().flatten() {
                None => out.extend_from_slice(b"null"),
                Some(raw) => {
                    if !value(raw, &job.columns[*column].rule, out) {
                        no_list = no_list.or(Some(*column));
                    }
                }
            }
        }
        out.extend_from_slice(self.tail.as_bytes());
        no_list
    }
}

impl<'n> Level<'n> {
    fn put(&mut self, path: &[&'n str], index: usize) {
        let Some((first, rest)) = path.split_first() else { return };
        if rest.is_empty() {
            self.members.push((first, Member::Value(index)));
            return;
        }
        let known = self
            .members
            .iter()
            .position(|(name, member)| name == first && matches!(member, Member::Level(_)));
        let at = known.unwrap_or_else(|| {
            self.members.push((first, Member::Level(Self::default())));
            self.members.len() - 1
        });
        if let Member::Level(level) = &mut self.members[at].1 {
            level.put(rest, index);
        }
    }
}

/// Appends one value. Returns false if it is an array that is not a list.
fn value(raw: &[u8], rule: &Rule, out: &mut Vec<u8>) -> bool {
    match rule {
        Rule::Boolean(_) | Rule::Integer(_) => out.extend_from_slice(raw),
        // PostgreSQL's `NaN` and `Infinity` are not JSON numbers.
        Rule::Decimal(_) if raw.iter().all(|&byte| matches!(byte, b'0'..=b'9' | b'-' | b'.')) => {
            out.extend_from_slice(raw);
        }
        // As the importer reads them: in the declared format, by default that of ISO 8601 and RFC 3339.
        Rule::Date(_) | Rule::Timestamp(_) => {
            let normal = RowEncoder::unescape(raw);
            write(&rule.written(&normal).unwrap_or_else(|| normal.as_str().into()), out);
        }
        Rule::List(_) => {
            let literal = RowEncoder::unescape(raw);
            let Some(items) = list::items(&literal) else {
                write(&literal, out);
                return false;
            };
            write(&items, out);
        }
        _ => write(&RowEncoder::unescape(raw), out),
    }
    true
}

fn write(value: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("texts and lists of texts are JSON, and memory takes them");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::text::Text;

    fn columns(names: &[&str]) -> Vec<Column> {
        let rule = || Rule::Text(Text::new(false));
        names.iter().map(|name| Column { name: (*name).to_owned(), rule: rule() }).collect()
    }

    #[test]
    fn names_nest_at_their_dots_in_any_order() {
        let json = Json::new(&columns(&["a", "b.c", "d", "b.e.f", "a.x"]));
        let text: String = json
            .parts
            .iter()
            .map(|(before, column)| format!("{before}{column}"))
            .chain([json.tail.clone()])
            .collect();
        let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parsed, serde_json::json!({"a": 0, "b": {"c": 1, "e": {"f": 3}}, "d": 2, "a.x": 4}));
    }
}
