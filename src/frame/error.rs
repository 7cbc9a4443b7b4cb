//! The errors of reading, grouping and writing the findings of a finished run.

use std::io;
use std::path::PathBuf;

use polars::prelude::PolarsError;

/// Why findings could not be read, grouped or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The findings cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not a finding.
    #[error("{} line {line}: is not a finding of a run; the file was changed since, run again", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Polars could not make or write a table.
    #[error("the findings cannot be put into a table")]
    Table(#[from] PolarsError),
    /// The output cannot be written.
    #[error("cannot write the findings")]
    Write(#[from] io::Error),
}
