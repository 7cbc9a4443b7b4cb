//! A field that is made of several columns, or of none, as `muster.toml` says. How the cells are put together is left to
//! `read`.

/// How a field is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeField {
    /// Who says so, as messages begin.
    pub(crate) origin: String,
    /// The field's name.
    pub(crate) field: String,
    pub(crate) how: How,
}

/// What a made field's value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum How {
    /// The first of these that is filled; one of several columns is all of them, with spaces between.
    FirstOf(Vec<Vec<String>>),
    /// All these columns that are filled, with a text between.
    Join { columns: Vec<String>, with: String },
    /// A part of a column.
    Part { part: Part, of: String },
    /// Always this value.
    Constant(String),
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    FirstWord,
    OtherWords,
}

impl Part {
    /// Both, with their names.
    pub(crate) const NAMES: [(&str, Self); 2] =
        [("first-word", Self::FirstWord), ("other-words", Self::OtherWords)];
}

impl How {
    /// The headers that it needs, once each.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let all: Vec<&str> = match self {
            Self::FirstOf(choices) => choices.iter().flatten().map(String::as_str).collect(),
            Self::Join { columns, .. } => columns.iter().map(String::as_str).collect(),
            Self::Part { of, .. } => vec![of],
            Self::Constant(_) => Vec::new(),
        };
        let mut once = Vec::with_capacity(all.len());
        for column in all {
            if !once.contains(&column) {
                once.push(column);
            }
        }
        once
    }
}

impl MadeField {
    /// The name of its column in findings: all columns that it is made of, else the field's own.
    pub(crate) fn column(&self) -> String {
        match self.how.columns().as_slice() {
            [] => self.field.clone(),
            columns => columns.join(" + "),
        }
    }
}
