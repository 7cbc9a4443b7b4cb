//! What is known of a file before its records are read, and what the command line can say about it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Encoding, FileFormat, Mapping};
use crate::record::Finding;

/// What the command line says about reading files.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LookOptions<'o> {
    /// `--encoding`
    pub(crate) encoding: Option<Encoding>,
    /// `--delimiter`
    pub(crate) delimiter: Option<u8>,
    /// `--map`, as header and field.
    pub(crate) maps: &'o [(String, String)],
    /// Which of the entity's files this is, for the location of findings.
    pub(crate) file: u16,
    /// `--apply-changes`: the file must list the changes of an export.
    pub(crate) changes: bool,
    /// The format of the records, if it is known.
    pub(crate) format: Option<FileFormat>,
    /// A record has a key that the first ones lack: the keys of all records are needed.
    pub(crate) whole: bool,
    /// The file may have no bytes: an export without rows.
    pub(crate) may_be_empty: bool,
    /// `--max-record`, in bytes: nothing is looked for in a larger record.
    pub(crate) max_record: Option<u64>,
    /// Set to stop the run.
    pub(crate) cancelled: Option<&'o AtomicBool>,
}

impl LookOptions<'_> {
    /// Whether the run was asked to stop.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }
}

/// How the header's line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LineEnd {
    /// LF, also if the file has no line end.
    #[default]
    Lf,
    /// CR and LF.
    CrLf,
    /// CR alone.
    Cr,
}

impl LineEnd {
    /// Its characters.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// What must be known before a file's records are read. Offsets are in bytes of the decompressed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The format of the records.
    pub(crate) format: FileFormat,
    pub(crate) encoding: Encoding,
    /// The encoding is certain (`--encoding`, or a byte order mark): the records cannot refute it.
    pub(crate) encoding_certain: bool,
    /// Bytes of byte order marks at the beginning.
    pub(crate) bom_len: u64,
    /// The delimiter; an ASCII character.
    pub(crate) delimiter: u8,
    /// The columns' names, cleaned. Trailing columns without a name are included, as empty texts.
    pub(crate) header: Vec<String>,
    /// The first byte of the header record.
    pub(crate) header_start: u64,
    /// The physical line of `header_start`, counted from 1.
    pub(crate) header_line: u64,
    /// The first byte after the header record: a file of rejected records begins with the bytes `0..data_start`.
    pub(crate) data_start: u64,
    /// The physical line of `data_start`, counted from 1.
    pub(crate) data_line: u64,
    /// How the header's line ends.
    pub(crate) line_end: LineEnd,
}

/// The result of looking at a file.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// How to read its records.
    pub(crate) opening: Opening,
    /// What it holds: the index in [`Schema::entities`](crate::schema::Schema::entities).
    pub(crate) entity: usize,
    /// Which column feeds which field. Empty if the file has no header.
    pub(crate) mapping: Mapping,
    /// The column that says whether a row is inserted, updated or deleted.
    pub(crate) change_column: Option<usize>,
    /// How many empty cells nearly every sampled record has beyond the header.
    pub(crate) extra: usize,
    /// The column of the header in which a delimiter seems to be missing: then no cell beyond the header is accepted.
    pub(crate) torn: Option<usize>,
    /// What is wrong with the file as a whole; a finding that rejects stops the run.
    pub(crate) findings: Vec<Finding>,
    /// What a person should know: lines that were skipped, and why.
    pub(crate) notes: Vec<String>,
}
