//! The normal forms of a record's cells, as places in a text: only what a rule rewrites is copied.

use crate::schema::FieldIndex;

use super::offset::offset;

/// Where a field's normal form is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// There is none: the file has no such column.
    Absent,
    /// The cell is empty.
    Empty,
    /// The cell is the empty text: empty for every rule, but stored as a text and not as NULL.
    EmptyText,
    /// The cell was refused.
    Refused,
    /// From here to there in the record's own text.
    Record(u32, u32),
    /// From here to there in the arena.
    Arena(u32, u32),
}

/// The normal forms of one record after another, by field.
pub(crate) struct RowValues {
    values: Vec<Value>,
    /// The normal forms that are not a part of the record.
    arena: String,
}

impl RowValues {
    /// Values of a row with this number of fields; all are absent.
    pub(crate) fn new(fields: usize) -> Self {
        Self { values: vec![Value::Absent; fields], arena: String::new() }
    }

    /// Begins the next record.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.arena.clear();
    }

    #[inline]
    pub(crate) fn set(&mut self, field: FieldIndex, value: Value) {
        self.values[field] = value;
    }

    #[inline]
    pub(crate) fn get(&self, field: FieldIndex) -> Value {
        self.values[field]
    }

    /// The normal form of a field, if it has one.
    #[inline]
    pub(crate) fn text<'a>(&'a self, field: FieldIndex, record: &'a str) -> Option<&'a str> {
        match self.values[field] {
            Value::Record(start, end) => Some(&record[start as usize..end as usize]),
            Value::Arena(start, end) => Some(&self.arena[start as usize..end as usize]),
            Value::Absent | Value::Empty | Value::EmptyText | Value::Refused => None,
        }
    }

    /// The place of a normal form: in the record if it is a part of that, else copied to the arena.
    #[inline]
    pub(crate) fn place(&mut self, record: &str, normal: &str) -> Value {
        if let Some((start, end)) = part_of(record, normal) {
            return Value::Record(start, end);
        }
        let start = self.arena.len();
        self.arena.push_str(normal);
        Value::Arena(offset(start), offset(self.arena.len()))
    }
}

/// Where `part` is in `whole`, if it is a part of it and not a copy.
#[inline]
fn part_of(whole: &str, part: &str) -> Option<(u32, u32)> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then(|| (offset(start), offset(end)))
}
