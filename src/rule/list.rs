//! list

use super::{Fate, Note};

/// A list; `separator` stands between its items.
#[derive(Debug, Clone)]
pub struct List {
    separator: char,
}

impl List {
    /// A list; `separator` stands between its items.
    #[must_use]
    pub fn new(separator: char) -> Self {
        Self { separator }
    }

    /// What stands between the items in a cell.
    #[must_use]
    pub fn separator(&self) -> char {
        self.separator
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
