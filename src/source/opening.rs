//! What is known about a file before its records are read, and what the command line can say about it.

use super::{Encoding, FileFormat, Mapping};
use crate::record::Finding;

/// What the command line says about how files are to be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct LookOptions<'o> {
    /// `--encoding`
    pub encoding: Option<Encoding>,
    /// `--delimiter`
    pub delimiter: Option<u8>,
    /// `--map`, as header and field.
    pub maps: &'o [(String, String)],
    /// Which of the entity's files this is, for the findings' location.
    pub file: u16,
    /// `--apply-changes`: an export's changes are welcome.
    pub changes: bool,
    /// How the records are written, where that is known.
    pub format: Option<FileFormat>,
    /// A key has been met that stands in none of the first records: all of them are to be asked.
    pub whole: bool,
    /// A file without one byte is right: an export of nothing.
    pub may_be_empty: bool,
}

/// How the header's line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnd {
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
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// All that must be known before a file's records are read. Offsets are bytes of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// How the records are written.
    pub format: FileFormat,
    /// The encoding.
    pub encoding: Encoding,
    /// The encoding is certain (`--encoding`, or a byte order mark): no other bytes need to be asked.
    pub encoding_certain: bool,
    /// Bytes of byte order marks at the beginning.
    pub bom_len: u64,
    /// What separates cells; ASCII.
    pub delimiter: u8,
    /// The columns' names, cleaned. Trailing columns without a name are there, as empty texts.
    pub header: Vec<String>,
    /// The first byte of the header record.
    pub header_start: u64,
    /// The physical line of `header_start`, counted from 1.
    pub header_line: u64,
    /// The first byte behind the header record: bytes `0..data_start` are what a rejected file begins with.
    pub data_start: u64,
    /// The physical line of `data_start`, counted from 1.
    pub data_line: u64,
    /// How the header's line ends.
    pub line_end: LineEnd,
}

/// What a look at a file has brought.
#[derive(Debug, Clone)]
pub struct Look {
    /// How to read its records.
    pub opening: Opening,
    /// What it holds: the position in [`Schema::entities`](crate::schema::Schema::entities).
    pub entity: usize,
    /// Which column feeds which field. Empty where the file has no header.
    pub mapping: Mapping,
    /// The column that says what a row of an export's changes does.
    pub change_column: Option<usize>,
    /// What is wrong with the file as a whole; one that rejects stops the run.
    pub findings: Vec<Finding>,
    /// What a person should know: lines that were skipped, and why.
    pub notes: Vec<String>,
}
