//! boolean

use super::{Fate, Note};

/// A boolean. `more` lists further spellings with what they mean.
#[derive(Debug, Clone)]
pub struct Boolean {
    more: Vec<(String, bool)>,
}

impl Boolean {
    /// A boolean. `more` lists further spellings with what they mean.
    #[must_use]
    pub fn new(more: Vec<(String, bool)>) -> Self {
        Self { more }
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
