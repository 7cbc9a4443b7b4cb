//! What is known about a file before its records are read, and what the command line can say about it.

use super::{Encoding, FileFormat, Mapping};
use crate::record::Finding;

/// What the command line says about how files are to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LookOptions<'o> {
    /// `--encoding`
    pub(crate) encoding: Option<Encoding>,
    /// `--delimiter`
    pub(crate) delimiter: Option<u8>,
    /// `--map`, as header and field.
    pub(crate) maps: &'o [(String, String)],
    /// Which of the entity's files this is, for the findings' location.
    pub(crate) file: u16,
    /// `--apply-changes`: an export's changes are welcome.
    pub(crate) changes: bool,
    /// How the records are written, where that is known.
    pub(crate) format: Option<FileFormat>,
    /// A key has been met that stands in none of the first records: all of them are to be asked.
    pub(crate) whole: bool,
    /// A file without one byte is right: an export of nothing.
    pub(crate) may_be_empty: bool,
}

/// How the header's line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LineEnd {
    /// LF (also where the file has no line end at all).
    #[default]
    Lf,
    /// CR and LF.
    CrLf,
    /// CR alone.
    Cr,
}

impl LineEnd {
    /// As text.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// All that must be known before a file's records are read. Offsets are bytes of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// How the records are written.
    pub(crate) format: FileFormat,
    /// The encoding.
    pub(crate) encoding: Encoding,
    /// The encoding is certain (`--encoding`, or a byte order mark): no other bytes need to be asked.
    pub(crate) encoding_certain: bool,
    /// Bytes of byte order marks at the beginning.
    pub(crate) bom_len: u64,
    /// What separates cells; ASCII.
    pub(crate) delimiter: u8,
    /// The columns' names, cleaned. Trailing columns without a name are there, as empty texts.
    pub(crate) header: Vec<String>,
    /// The first byte of the header record.
    pub(crate) header_start: u64,
    /// The physical line of `header_start`, counted from 1.
    pub(crate) header_line: u64,
    /// The first byte behind the header record: bytes `0..data_start` are what a rejected file begins with.
    pub(crate) data_start: u64,
    /// The physical line of `data_start`, counted from 1.
    pub(crate) data_line: u64,
    /// How the header's line ends.
    pub(crate) line_end: LineEnd,
}

/// What a look at a file has brought.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// How to read its records.
    pub(crate) opening: Opening,
    /// What it holds: the position in [`Schema::entities`](crate::schema::Schema::entities).
    pub(crate) entity: usize,
    /// Which column feeds which field. Empty where the file has no header.
    pub(crate) mapping: Mapping,
    /// The column that says what a row of an export's changes does.
    pub(crate) change_column: Option<usize>,
    /// What is wrong with the file as a whole; one that rejects stops the run.
    pub(crate) findings: Vec<Finding>,
    /// What a person should know: lines that were skipped, and why.
    pub(crate) notes: Vec<String>,
}
