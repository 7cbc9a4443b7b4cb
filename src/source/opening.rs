//! What is known of a file before its records are read, and what the command line can say about it.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{ColumnMap, Encoding, FileFormat, MadeField, Mapping, NotImported, SYSTEM_COLUMNS, unknown};
use crate::record::{Code, Finding};

/// What the command line says about reading files.
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LookOptions<'o> {
    /// `--encoding`
    pub(crate) encoding: Option<Encoding>,
    /// `--delimiter`
    pub(crate) delimiter: Option<u8>,
    /// The `--map`s of the file and of all files; those of an entity hold if the file has it.
    pub(crate) maps: &'o [ColumnMap],
    /// The fields that are made of several columns, or of none.
    pub(crate) made: &'o [MadeField],
    /// Which of the entity's files this is, for the location of findings.
    pub(crate) file: u16,
    /// `--apply-changes`: the file must list the changes of an export.
    pub(crate) changes: bool,
    /// The format of the records, if it is known.
    pub(crate) format: Option<FileFormat>,
    /// A record has a key that the first ones lack: the keys of all records are needed.
    pub(crate) whole: bool,
    /// Nothing is said of columns that are neither fields nor ignored.
    pub(crate) ignore_unknown: bool,
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
    /// The columns that are neither fields nor ignored, in order. Each has a finding, which holds if the column is not
    /// empty.
    pub(crate) unknown: Vec<usize>,
    /// The columns that made fields need.
    pub(crate) used: Vec<usize>,
    /// The made fields, in the order of their cells, which come after those of the header.
    pub(crate) made: Vec<MadeField>,
    /// Unknown columns whose values cannot be read at all: they are not in the header.
    pub(crate) left_out: Vec<NotImported>,
    /// How many empty cells nearly every sampled record has beyond the header.
    pub(crate) extra: usize,
    /// The column of the header in which a delimiter seems to be missing: then no cell beyond the header is accepted.
    pub(crate) torn: Option<usize>,
    /// What is wrong with the file as a whole; a finding that rejects stops the run.
    pub(crate) findings: Vec<Finding>,
    /// What a person should know: lines that were skipped, and why.
    pub(crate) notes: Vec<String>,
}

impl Look {
    /// The findings about a file that has been read. `filled` has the number of filled cells of each unknown column.
    pub(crate) fn findings_after(&self, entity: &str, filled: &[u64], exported: bool) -> Vec<Finding> {
        let counted = |mut finding: Finding| {
            if !unknown::is_about(&finding, &self.unknown) {
                return Some(finding);
            }
            let column = usize::from(finding.column?);
            let filled = self.filled(column, filled);
            let name = self.opening.header.get(column).map_or("", String::as_str);
            let near = finding.suggestion.as_deref();
            if exported && SYSTEM_COLUMNS.contains(&name) {
                return None;
            }
            finding.message = unknown::message(entity, name, column, Some(filled), near).into();
            (filled > 0).then_some(finding)
        };
        self.findings.iter().cloned().filter_map(counted).collect()
    }

    /// The columns that are lost. `filled` has the number of filled cells of each unknown column; if muster `exported` the
    /// file, those of the system are no loss.
    pub(crate) fn not_imported(&self, filled: &[u64], exported: bool) -> Vec<NotImported> {
        let of_column = |(&column, &filled): (&usize, &u64)| {
            let about = |finding: &&Finding| finding.column.is_some_and(|of| usize::from(of) == column);
            let found =
                self.findings.iter().filter(|finding| finding.code == Code::UnknownColumn).find(about);
            let field = found.and_then(|finding| finding.suggestion.as_ref()).map(ToString::to_string);
            let column = match self.opening.header.get(column).map_or("", String::as_str) {
                "" => format!("column {}", column + 1),
                name => name.to_owned(),
            };
            (filled > 0).then_some(NotImported { column, filled, field })
        };
        let is_system = |lost: &NotImported| exported && SYSTEM_COLUMNS.contains(&lost.column.as_str());
        let counted = self.unknown.iter().zip(filled).filter_map(of_column).filter(|lost| !is_system(lost));
        counted.chain(self.left_out.iter().cloned()).collect()
    }

    /// How many columns the file has, with those whose values cannot be read.
    pub(crate) fn columns(&self) -> usize {
        let named = self.opening.header.iter().rposition(|name| !name.is_empty());
        named.map_or(0, |last| last + 1) + self.left_out.len()
    }

    fn filled(&self, column: usize, filled: &[u64]) -> u64 {
        let at = self.unknown.iter().position(|unknown| *unknown == column);
        at.and_then(|at| filled.get(at)).copied().unwrap_or(0)
    }
}
