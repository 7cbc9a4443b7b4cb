//! The options of an export.

use std::path::PathBuf;

use crate::settings::Limit;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Comma-separated, exact: NULL is an empty cell, the empty string is `""`.
    Csv,
    /// One JSON object per line, nested by the dots of the names.
    Ndjson,
    /// Apache Parquet, with types.
    Parquet,
}

impl Format {
    /// The extension of a file's name.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    /// What a file's name ends with, after its extension.
    pub(crate) fn suffix(compression: Option<Self>) -> &'static str {
        match compression {
            None => "",
            Some(Self::Gzip) => ".gz",
            Some(Self::Zstd) => ".zst",
        }
    }

    /// The compression of a file with this name.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Gzip, Self::Zstd].into_iter().find(|&how| name.ends_with(Self::suffix(Some(how))))
    }
}

/// A filter: only rows with this value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Filter {
    /// A field of the schema, or the first part of a reference's name (`account`).
    pub(crate) field: String,
    /// The value; empty means NULL.
    pub(crate) value: String,
}

/// The options of `muster export`.
#[derive(Debug, Clone)]
pub(crate) struct ExportOptions {
    /// Which entities; all if it is empty.
    pub(crate) entities: Vec<String>,
    /// A folder of schema files; `None` for the built-in ones.
    pub(crate) schemas: Option<PathBuf>,
    /// See [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// Where the files go.
    pub(crate) out: PathBuf,
    /// How rows are written.
    pub(crate) format: Format,
    /// The number of connections that read.
    pub(crate) connections: usize,
    /// Only these fields, and the key; all if it is empty.
    pub(crate) columns: Vec<String>,
    /// Only these rows.
    pub(crate) filters: Vec<Filter>,
    /// Also the identifier and the times of a record.
    pub(crate) system_columns: bool,
    /// Whether and how files are compressed.
    pub(crate) compression: Option<Compression>,
    /// The largest number of rows in a file.
    pub(crate) split: Option<u64>,
    /// Also a file with keys and identifiers for each entity.
    pub(crate) crosswalk: bool,
    /// Also files with the changes since the export in this folder.
    pub(crate) changes_since: Option<PathBuf>,
    /// How many of an entity's rows the changes may delete.
    pub(crate) max_deletes: Limit,
    /// The folder of the export before this one: rows are expected where it has rows.
    pub(crate) last: Option<PathBuf>,
    /// CSV for a spreadsheet, with this delimiter.
    pub(crate) spreadsheet: Option<u8>,
    /// Refuse to run while another export of this database runs.
    pub(crate) lock: bool,
}
