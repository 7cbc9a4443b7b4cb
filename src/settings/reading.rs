//! How files are read.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::fault;
use crate::source::{Encoding, InputPath, UnknownColumns};

use super::decision::Decision;

/// How files are read.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// `--delimiter`; found in each file without.
    pub(crate) delimiter: Option<u8>,
    /// `--encoding`: of one file, or of all that are not named.
    pub(crate) encodings: Vec<(Option<PathBuf>, Encoding)>,
    /// `--reading`: how the cells of a field are read, in one file or in all that are not named.
    pub(crate) readings: Vec<(Option<PathBuf>, String, Decision)>,
    /// `--map`: what is before the last `=`, and the field.
    pub(crate) maps: Vec<(String, String)>,
    /// `--unknown-columns`.
    pub(crate) unknown_columns: UnknownColumns,
    /// `--quoted-empty`; without, the empty text only in files that muster exported.
    pub(crate) quoted_empty: Option<QuotedEmpty>,
    /// `--pad-short`.
    pub(crate) pad_short: bool,
    /// `--from-spreadsheet`.
    pub(crate) from_spreadsheet: bool,
    /// `--max-record`: the largest record, in bytes.
    pub(crate) max_record: u64,
    /// `--max-input`: the largest input, in bytes, decompressed.
    pub(crate) max_input: Option<u64>,
    /// `--memory`: how many bytes of rows and findings are held in memory.
    pub(crate) memory: usize,
    /// `--threads`; as many as there are processors without.
    pub(crate) threads: Option<NonZeroUsize>,
    /// How many bytes are split at a time; only tests change it.
    pub(crate) block_size: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            delimiter: None,
            encodings: Vec::new(),
            readings: Vec::new(),
            maps: Vec::new(),
            unknown_columns: UnknownColumns::default(),
            quoted_empty: None,
            pad_short: false,
            from_spreadsheet: false,
            max_record: 1 << 20,
            max_input: None,
            memory: 32 << 20,
            threads: None,
            block_size: fault::number("MUSTER_TEST_BLOCK", 1 << 20),
        }
    }
}

impl Reading {
    /// What `--encoding` says of a file.
    pub(crate) fn encoding(&self, path: &InputPath) -> Option<Encoding> {
        self.encoding_of(path).or_else(|| self.encoding_of_all())
    }

    /// What `--encoding` says of a file by its name.
    pub(crate) fn encoding_of(&self, path: &InputPath) -> Option<Encoding> {
        let is_it = |file: &Option<PathBuf>| file.as_ref().is_some_and(|file| is(file, path));
        self.encodings.iter().rfind(|(file, _)| is_it(file)).map(|(_, encoding)| *encoding)
    }

    /// What `--encoding` says of files that it does not name.
    pub(crate) fn encoding_of_all(&self) -> Option<Encoding> {
        self.encodings.iter().rfind(|(file, _)| file.is_none()).map(|(_, encoding)| *encoding)
    }

    /// What `--reading` says of a field of a file.
    pub(crate) fn reading(&self, path: &InputPath, field: &str) -> Option<Decision> {
        let of = |named: bool| {
            self.readings.iter().rfind(move |(file, of, _)| {
                of == field && file.as_ref().map_or(!named, |file| named && is(file, path))
            })
        };
        of(true).or_else(|| of(false)).map(|(_, _, decision)| *decision)
    }
}

fn is(file: &std::path::Path, path: &InputPath) -> bool {
    *file.to_string_lossy() == path.name()
}

/// What a quoted empty cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotedEmpty {
    /// The empty text, if the field can hold one.
    Text,
    /// As empty as a cell without quotes.
    Empty,
}
