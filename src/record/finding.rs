//! One finding: a value about data, never an error. It is written to the reports and counted, and stops nothing.

use compact_str::CompactString;

use crate::width::first_chars;

use super::{Code, Location, Message, Severity};

/// Another record that a finding points at: the survivor of a duplicate, or a rejected account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Related {
    /// The related record's entity, in load order.
    pub(crate) entity: u16,
    /// Which of that entity's files.
    pub(crate) file: u16,
    /// The data record, counted from 1.
    pub(crate) record: u64,
}

/// One thing found about one record, or (with `location.record == 0`) about a whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) location: Location,
    /// The column's position in the file's header, counted from 0; none if it is about the whole record.
    pub(crate) column: Option<u16>,
    /// The field's position in the entity's schema, if it is about a field.
    pub(crate) field: Option<u16>,
    /// What it does to the row.
    pub(crate) severity: Severity,
    /// Which rule.
    pub(crate) code: Code,
    /// The cell as it is in the file (decoded, not normalised), at most [`Finding::VALUE_CHARS`] characters
    /// of it. Reports mask it if the field is sensitive.
    pub(crate) value: CompactString,
    /// What is wrong, for a person. Never contains the value of a sensitive field.
    pub(crate) message: Message,
    /// What the cell might have meant, if that can be known.
    pub(crate) suggestion: Option<CompactString>,
    /// Another record that the finding names.
    pub(crate) related: Option<Related>,
}

impl Finding {
    /// How many characters of a cell a finding carries; the rejected file holds all of them.
    pub(crate) const VALUE_CHARS: usize = 1000;

    /// Cuts `cell` to what a finding carries, with `…` at the end if something was left out.
    pub(crate) fn excerpt(cell: &str) -> CompactString {
        first_chars(cell, Self::VALUE_CHARS).into()
    }

    /// The order of findings within an entity: file, record, column (by position), code. A repeated header has
    /// the number of the record after it, and comes before that record, as it does in the file.
    pub(crate) fn sort_key(&self) -> (u16, u64, u64, Option<u16>, &'static str) {
        let Location { file, record, byte_start, .. } = self.location;
        (file, record, byte_start, self.column, self.code.as_str())
    }
}
