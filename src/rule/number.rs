//! number

use super::{Fate, Note};

/// A whole number.
#[derive(Debug, Clone)]
pub struct Integer {}

impl Integer {
    /// A whole number.
    #[must_use]
    pub fn new() -> Self {
        Self {}
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

/// A decimal number; `comma` makes the comma the decimal mark.
#[derive(Debug, Clone)]
pub struct Decimal {
    comma: bool,
}

impl Decimal {
    /// A decimal number; `comma` makes the comma the decimal mark.
    #[must_use]
    pub fn new(comma: bool) -> Self {
        Self { comma }
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
