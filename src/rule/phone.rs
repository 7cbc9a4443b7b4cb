//! phone

use super::{Fate, Note};

/// A telephone number; `region` is the country where the row names none (alpha-2).
#[derive(Debug, Clone)]
pub struct Phone {
    region: Option<String>,
}

impl Phone {
    /// A telephone number; `region` is the country where the row names none (alpha-2).
    #[must_use]
    pub fn new(region: Option<String>) -> Self {
        Self { region }
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
