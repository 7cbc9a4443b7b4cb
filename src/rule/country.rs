//! country

use super::{Fate, Note};

/// A country.
#[derive(Debug, Clone)]
pub struct Country {}

impl Country {
    /// A country.
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
