//! A finished run, read back from its folder: `summary.json`, and where its findings are.

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::frame::RuleRows;
use crate::output::names;
use crate::side_file;

/// Why a folder is no finished run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredError {
    /// There is no such folder.
    #[error("{}: no such folder; name the folder of a run's reports (--out, or one in muster-runs/)", .0.display())]
    NoFolder(PathBuf),
    /// It is not the folder of a finished run.
    #[error(
        "{}: no {} in it; name the folder of a run that came to its end (--out, or one in muster-runs/)",
        .0.display(), names::SUMMARY
    )]
    NoSummary(PathBuf),
    /// The summary cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The summary is not one.
    #[error("{}: is not the summary of a run; it was changed or cut off since", path.display())]
    Summary {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// What is known of a finished run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoredRun {
    /// Its folder.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// Its identity.
    pub(crate) run: String,
    /// The subcommand.
    pub(crate) command: String,
    /// How it ended.
    pub(crate) status: String,
    /// When it began.
    pub(crate) started: String,
    /// SHA-256 of its schema files.
    pub(crate) schema_sha256: String,
    /// In load order.
    pub(crate) entities: Vec<StoredEntity>,
}

/// One entity of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoredEntity {
    /// Its name.
    pub(crate) entity: String,
    pub(crate) files: Vec<StoredFile>,
    rules: Vec<StoredRule>,
}

/// One input file of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoredFile {
    /// As given on the command line.
    pub(crate) path: String,
    /// How large it was.
    pub(crate) bytes: u64,
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// Its encoding's name.
    pub(crate) encoding: String,
    /// How its records were written, where that was not CSV.
    #[serde(default)]
    pub(crate) format: Option<String>,
    pub(crate) delimiter: String,
    pub(crate) header: Vec<String>,
    /// How many empty cells its records could have beyond the header.
    #[serde(default)]
    pub(crate) extra_cells: usize,
    /// The files with its records that went back.
    #[serde(default)]
    pub(crate) returned: Vec<StoredReturned>,
}

/// A file with records that went back.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct StoredReturned {
    /// Its name in the run's folder.
    pub(crate) name: String,
}

#[derive(Debug, Clone, Deserialize)]
struct StoredRule {
    code: String,
    column: Option<String>,
    severity: String,
    rows: u64,
}

impl StoredRun {
    /// Reads the summary of the run in `folder`.
    /// Errors: the folder is not there, or not that of a finished run.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoredError> {
        let path = folder.join(names::SUMMARY);
        let text = side_file::read_own(&path).map_err(|source| match source.kind() {
            _ if !folder.is_dir() => StoredError::NoFolder(folder.to_owned()),
            io::ErrorKind::NotFound => StoredError::NoSummary(folder.to_owned()),
            _ => StoredError::Read { path: path.clone(), source },
        })?;
        let read: Result<Self, _> = serde_json::from_slice(&text);
        let run = read.map_err(|source| StoredError::Summary { path, source })?;
        Ok(Self { folder: folder.to_owned(), ..run })
    }

    /// Where its findings are.
    pub(crate) fn findings(&self) -> PathBuf {
        self.folder.join(names::FINDINGS_NDJSON)
    }

    /// Its rules with their rows.
    pub(crate) fn rules(&self) -> Vec<RuleRows> {
        let of = |entity: &StoredEntity| {
            let name = entity.entity.clone();
            entity.rules.clone().into_iter().map(move |rule| RuleRows {
                entity: name.clone(),
                code: rule.code,
                column: rule.column,
                severity: rule.severity,
                rows: rule.rows,
            })
        };
        self.entities.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_is_no_run_is_said_to_be_none() {
        let home = tempfile::tempdir().unwrap();
        let error = StoredRun::open(&home.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("no such folder; name the folder"), "{error}");
        let error = StoredRun::open(home.path()).unwrap_err().to_string();
        assert!(error.contains("no summary.json in it"), "{error}");
        fs::write(home.path().join("summary.json"), "{\"run\":").unwrap();
        assert!(matches!(StoredRun::open(home.path()), Err(StoredError::Summary { .. })));
    }
}
