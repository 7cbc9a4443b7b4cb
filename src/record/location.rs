//! Where a record is in the file as stored. The splitter gives every record its location; no later step computes
//! one again.

/// The place of one record in one input file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Location {
    /// Which of the entity's files, counted from 0 in the order given.
    pub(crate) file: u16,
    /// The data record, counted from 1; blank lines and the header do not count. 0 means the whole file.
    pub(crate) record: u64,
    /// The first physical line, counted from 1.
    pub(crate) line_start: u64,
    /// The last physical line, inclusive.
    pub(crate) line_end: u64,
    /// The first byte, counted from 0 in the file as stored (a byte order mark counts).
    pub(crate) byte_start: u64,
    /// One past the last byte; the record's own line end is inside.
    pub(crate) byte_end: u64,
}

impl Location {
    /// The location of a finding about a whole file.
    pub(crate) fn whole_file(file: u16, bytes: u64) -> Self {
        Self { file, record: 0, line_start: 0, line_end: 0, byte_start: 0, byte_end: bytes }
    }
}
