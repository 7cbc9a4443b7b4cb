//! language

use super::{Fate, Note};

/// A language tag.
#[derive(Debug, Clone)]
pub struct Language {}

impl Language {
    /// A language tag.
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
