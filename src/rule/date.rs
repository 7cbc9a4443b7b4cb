//! date

use super::{Fate, Note};

/// A calendar date; `format` is a strptime pattern.
#[derive(Debug, Clone)]
pub struct Date {
    format: String,
}

impl Date {
    /// A calendar date; `format` is a strptime pattern.
    #[must_use]
    pub fn new(format: String) -> Self {
        Self { format }
    }

    /// See [`super::Rule::judge`].
    pub fn judge(
        &self,
        _cell: &str,
        _sibling: Option<&str>,
        _out: &mut String,
        _notes: &mut Vec<Note>,
    ) -> Fate {
        Fate::Same
    }
}

/// An instant; `format` is a strptime pattern.
#[derive(Debug, Clone)]
pub struct Timestamp {
    format: String,
}

impl Timestamp {
    /// An instant; `format` is a strptime pattern.
    #[must_use]
    pub fn new(format: String) -> Self {
        Self { format }
    }

    /// See [`super::Rule::judge`].
    pub fn judge(
        &self,
        _cell: &str,
        _sibling: Option<&str>,
        _out: &mut String,
        _notes: &mut Vec<Note>,
    ) -> Fate {
        Fate::Same
    }
}
