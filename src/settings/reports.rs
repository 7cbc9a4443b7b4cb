//! What is reported, and where.

use std::path::PathBuf;

/// What is reported, and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    /// `--out`: the folder of the reports.
    pub(crate) out: Option<PathBuf>,
    /// `--against`: the folder of an earlier run to compare with.
    pub(crate) against: Option<PathBuf>,
    /// `--show-values`, `--hide-values`.
    pub(crate) values: ShownValues,
    /// The command line, for the command that comes next and for the journal.
    pub(crate) given: Given,
}

/// What the command line says, in its own words.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// The options that the next command needs again, each word by itself.
    pub(crate) repeated: Vec<String>,
    /// Those of them that are about one of the files.
    pub(crate) repeated_of_files: Vec<String>,
    /// The options that decide the result of a row, by name. None of them is a secret.
    pub(crate) kept: serde_json::Map<String, serde_json::Value>,
}

/// Which values reports show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum ShownValues {
    /// Those of fields that are not sensitive.
    #[default]
    NotSensitive,
    /// All.
    All,
    /// None.
    None,
}
