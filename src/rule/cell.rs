//! What a rule returns for a cell: its normal form, and what was found.

use compact_str::CompactString;

use crate::record::{Code, Message};

/// The normal form that a rule gives a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NormalForm {
    /// The cell itself; nothing was copied.
    Same,
    /// The text in the `out` buffer.
    Rewritten,
    /// There is none: the last finding says why.
    Rejected,
}

impl NormalForm {
    /// Whether the text in `out` differs from the cell.
    #[inline]
    pub(super) fn of(cell: &str, out: &str) -> Self {
        if out == cell { Self::Same } else { Self::Rewritten }
    }
}

/// What a rule found in a cell. The caller adds the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellFinding {
    /// Which rule found it.
    pub(crate) code: Code,
    /// What is wrong, for a person: one lowercase sentence without a full stop, and without the cell's value.
    pub(crate) message: Message,
    /// What the cell was probably meant to hold, where that can be known.
    pub(crate) suggestion: Option<CompactString>,
}

impl CellFinding {
    /// A finding without a suggestion.
    pub(crate) fn new(code: Code, message: impl Into<Message>) -> Self {
        Self { code, message: message.into(), suggestion: None }
    }

    /// The same finding with what the cell was probably meant to hold, where that is known.
    pub(crate) fn suggest(mut self, suggestion: Option<impl Into<CompactString>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}
