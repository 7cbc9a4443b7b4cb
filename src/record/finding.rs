//! One finding: a value about data, never an error. Written to the reports, counted, and it stops nothing.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::width::first_chars;

use super::{Code, Location, Message};

/// What a finding does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row is rejected.
    Reject,
    /// The row lost against another row with the same key.
    Duplicate,
    /// The row goes on; a person should look at it.
    Warning,
    /// Not reported at all (only a schema's setting asks for this).
    Ignore,
}

impl Severity {
    /// The word used in every report.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Duplicate => "duplicate",
            Self::Warning => "warning",
            Self::Ignore => "ignore",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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

/// One thing found about one record (or, with `location.record == 0`, about a whole file).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Where.
    pub(crate) location: Location,
    /// The column's position in the file's header, counted from 0; none for a whole record.
    pub(crate) column: Option<u16>,
    /// The field's position in the entity's schema; none where no field is meant.
    pub(crate) field: Option<u16>,
    /// What it does to the row.
    pub(crate) severity: Severity,
    /// Which rule.
    pub(crate) code: Code,
    /// The cell as it stood in the file (decoded, not normalised), at most [`Finding::VALUE_CHARS`]
    /// characters of it. Reports mask it where the field is sensitive.
    pub(crate) value: CompactString,
    /// What is wrong, for a person. Never contains the value of a sensitive field.
    pub(crate) message: Message,
    /// What the cell might have meant, where the tool can know.
    pub(crate) suggestion: Option<CompactString>,
    /// Another record that this one is about.
    pub(crate) related: Option<Related>,
}

impl Finding {
    /// How many characters of a cell a finding carries; the rejected file holds all of them.
    pub(crate) const VALUE_CHARS: usize = 1000;

    /// Cuts `cell` to what a finding carries, with `…` where something was left out.
    #[must_use]
    pub(crate) fn excerpt(cell: &str) -> CompactString {
        first_chars(cell, Self::VALUE_CHARS).into()
    }

    /// The order of findings within an entity: file, record, column (by position), code. A repeated header has
    /// the number of the record behind it, and comes before that, as it does in the file.
    #[must_use]
    pub(crate) fn sort_key(&self) -> (u16, u64, u64, Option<u16>, &'static str) {
        let Location { file, record, byte_start, .. } = self.location;
        (file, record, byte_start, self.column, self.code.as_str())
    }
}
