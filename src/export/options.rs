//! What an export can be asked for.

use std::path::PathBuf;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Comma-separated, exact: NULL is an empty cell, the empty string is `""`.
    Csv,
    /// One JSON object a line, nested as the dotted names say.
    Ndjson,
    /// Apache Parquet, with types.
    Parquet,
}

impl Format {
    /// How a file's name ends.
    #[must_use]
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
    /// What a compressed file's name ends with.
    pub(crate) fn suffix(compression: Option<Self>) -> &'static str {
        match compression {
            None => "",
            Some(Self::Gzip) => ".gz",
            Some(Self::Zstd) => ".zst",
        }
    }

    /// How a file of this name is compressed.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Gzip, Self::Zstd].into_iter().find(|&how| name.ends_with(Self::suffix(Some(how))))
    }
}

/// Only rows with this value.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Filter {
    /// A field of the schema, or the first part of a reference's name (`account`).
    pub(crate) field: String,
    /// The value; empty means none.
    pub(crate) value: String,
}

/// What `muster export` was asked for.
#[derive(Debug, Clone)]
pub(crate) struct ExportOptions {
    /// Which entities; all without.
    pub(crate) entities: Vec<String>,
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// See [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// Where the files go.
    pub(crate) out: PathBuf,
    /// How rows are written.
    pub(crate) format: Format,
    /// How many connections read.
    pub(crate) connections: usize,
    /// Only these fields, and the key; all without.
    pub(crate) columns: Vec<String>,
    /// Only these rows.
    pub(crate) filters: Vec<Filter>,
    /// The identifier and the times of a record, too.
    pub(crate) system_columns: bool,
    /// Whether and how files are compressed.
    pub(crate) compression: Option<Compression>,
    /// How many rows a file has at most.
    pub(crate) split: Option<u64>,
    /// A file with keys and identifiers for each entity.
    pub(crate) crosswalk: bool,
    /// Files with what changed since the export in this folder.
    pub(crate) changes_since: Option<PathBuf>,
    /// CSV for a spreadsheet, with this delimiter.
    pub(crate) spreadsheet: Option<u8>,
    /// One export at a time on a database.
    pub(crate) lock: bool,
}
