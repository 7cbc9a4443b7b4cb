//! vat

use super::{Fate, Note};

/// A VAT number; `country` is the one where the row names none (alpha-2).
#[derive(Debug, Clone)]
pub struct Vat {
    country: Option<String>,
}

impl Vat {
    /// A VAT number; `country` is the one where the row names none (alpha-2).
    #[must_use]
    pub fn new(country: Option<String>) -> Self {
        Self { country }
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
