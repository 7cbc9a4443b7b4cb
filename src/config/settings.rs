//! What a `muster.toml` says, read and judged.

use std::path::{Path, PathBuf};

use crate::rule::date::DayMonth;
use crate::rule::number::Mark;
use crate::source::{ColumnMap, Encoding, MadeField, UnknownColumns};

use super::glob::FilePattern;

/// What a `muster.toml` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// Where it is, as given or as found.
    pub(crate) path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
    /// The folder of the schemas.
    pub(crate) schemas: Option<PathBuf>,
    pub(crate) unknown_columns: Option<UnknownColumns>,
    pub(crate) database_url: Option<String>,
    /// In the order of the file: the first one whose patterns match a file is the file's.
    pub(crate) sources: Vec<SourceConfig>,
}

/// One `[[source]]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceConfig {
    pub(crate) files: Vec<FilePattern>,
    pub(crate) entity: Option<String>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) delimiter: Option<u8>,
    /// Words that mean "nothing", in every column.
    pub(crate) null: Vec<String>,
    /// The IANA name of the zone of times without an offset.
    pub(crate) time_zone: Option<String>,
    /// Which of day and month comes first, in fields that leave it open.
    pub(crate) order: Option<DayMonth>,
    /// The decimal mark; then the other one separates thousands.
    pub(crate) mark: Option<Mark>,
    /// What becomes of columns.
    pub(crate) columns: Vec<ColumnMap>,
    /// How the cells of columns are cleaned.
    pub(crate) cleaned: Vec<Cleaned>,
    /// The fields that are made of several columns, or of none.
    pub(crate) made: Vec<MadeField>,
}

/// How the cells of one column are cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    pub(crate) header: String,
    /// Words that mean "nothing".
    pub(crate) null: Vec<String>,
    /// What stands for what; `*` is any other value.
    pub(crate) values: Vec<(String, String)>,
}

impl Config {
    /// The source of a file, by its position.
    pub(crate) fn source_of(&self, file: &Path) -> Option<usize> {
        let matches = |source: &SourceConfig| source.files.iter().any(|pattern| pattern.matches(file));
        self.sources.iter().position(matches)
    }

    /// The files that the patterns of all sources match, in the order of the sources and then of the names.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in self.sources.iter().flat_map(|source| &source.files).flat_map(FilePattern::files) {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// The source whose patterns end in one that a file's name alone matches.
    pub(crate) fn source_of_name(&self, name: &str) -> Option<usize> {
        let matches = |source: &SourceConfig| source.files.iter().any(|pattern| pattern.matches_name(name));
        self.sources.iter().position(matches)
    }
}
