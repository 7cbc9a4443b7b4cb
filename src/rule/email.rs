//! email

use super::{Fate, Note};

/// An e-mail address.
#[derive(Debug, Clone)]
pub struct Email {}

impl Email {
    /// An e-mail address.
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
