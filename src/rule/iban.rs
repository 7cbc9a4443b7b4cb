//! iban

use super::{Fate, Note};

/// An IBAN.
#[derive(Debug, Clone)]
pub struct Iban {}

impl Iban {
    /// An IBAN.
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
