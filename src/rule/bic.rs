//! bic

use super::{Fate, Note};

/// A BIC.
#[derive(Debug, Clone)]
pub struct Bic {}

impl Bic {
    /// A BIC.
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
