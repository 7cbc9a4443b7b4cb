//! The normal form of a cell, as a place in a text: nothing is copied but what a rule rewrites.

/// Where a field's normal form is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// There is none: the file has no such column.
    Absent,
    /// The cell is empty.
    Empty,
    /// The cell is the empty text: empty for every rule, but stored as a text and not as NULL.
    EmptyText,
    /// The cell was refused.
    Refused,
    /// In the record's own text.
    Record(u32, u32),
    /// In the arena of rewritten cells.
    Arena(u32, u32),
}

impl Value {
    /// The text in `record` or `arena`, if there is one.
    #[inline]
    pub(crate) fn text<'a>(self, record: &'a str, arena: &'a str) -> Option<&'a str> {
        match self {
            Self::Record(start, end) => Some(&record[start as usize..end as usize]),
            Self::Arena(start, end) => Some(&arena[start as usize..end as usize]),
            Self::Absent | Self::Empty | Self::EmptyText | Self::Refused => None,
        }
    }
}
