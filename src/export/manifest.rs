//! `manifest.json`: the contents of an export. It is renamed last: if it is there, so are all files that it lists.

use std::fs::File;
use std::io::{self, Read as _, Take};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::output::json;
use crate::side_file;

use super::error::ExportError;
use super::options::{Compression, Filter, Format};
use super::query::Range;

/// The file's name.
pub(crate) const NAME: &str = "manifest.json";

/// The version of the manifest's format.
const FORM: u32 = 1;

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) form: u32,
    pub(crate) run: String,
    pub(crate) command: String,
    pub(crate) status: String,
    pub(crate) started: String,
    pub(crate) finished: String,
    pub(crate) version: String,
    pub(crate) schema_sha256: String,
    pub(crate) target: String,
    pub(crate) snapshot: SnapshotEntry,
    pub(crate) options: Asked,
    /// The export that the changes are relative to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changes_since: Option<SinceEntry>,
    /// What is doubtful about the export, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
    pub(crate) entities: Vec<EntityEntry>,
}

/// The database's state that was exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SnapshotEntry {
    pub(crate) taken: String,
    /// The transactions it sees, as `txid_current_snapshot` writes them.
    pub(crate) transactions: String,
}

/// An earlier export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SinceEntry {
    pub(crate) run: String,
    pub(crate) snapshot: SnapshotEntry,
}

/// The options that affect the files.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) format: Format,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compression: Option<Compression>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<String>,
    #[serde(default, rename = "where", skip_serializing_if = "Vec::is_empty")]
    pub(crate) filters: Vec<Filter>,
    pub(crate) system_columns: bool,
    /// The CSV is for a spreadsheet, with this delimiter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spreadsheet: Option<char>,
}

/// The files of one entity, of its crosswalk, or of its changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EntityEntry {
    pub(crate) entity: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) crosswalk: bool,
    /// The number of rows of each kind of change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changes: Option<ChangeCounts>,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<String>,
    pub(crate) files: Vec<FileEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ranges: Vec<RangeEntry>,
}

impl EntityEntry {
    /// Whether these are the entity's own rows, and not its crosswalk or its changes.
    pub(crate) fn is_whole(&self) -> bool {
        !self.crosswalk && self.changes.is_none()
    }
}

/// The number of changes of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangeCounts {
    pub(crate) inserts: u64,
    pub(crate) updates: u64,
    pub(crate) deletes: u64,
}

/// One file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    pub(crate) name: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_key: Option<String>,
}

impl FileEntry {
    /// Whether this is the name of a file in the export's own folder, as exports give them: a manifest may have been
    /// written by anybody.
    pub(crate) fn has_own_name(&self) -> bool {
        let plain = [".gz", ".zst"].iter().find_map(|end| self.name.strip_suffix(end)).unwrap_or(&self.name);
        let stem = [".csv", ".ndjson", ".parquet"].iter().find_map(|end| plain.strip_suffix(end));
        stem.is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.') && !stem.contains(['/', '\0']))
    }

    /// Opens it in the export's folder.
    /// Errors: the name leads elsewhere, it is no regular file, or it has another size.
    pub(crate) fn open(&self, folder: &Path) -> Result<Take<File>, Unopened> {
        if !self.has_own_name() {
            return Err(Unopened::Name);
        }
        let file = side_file::open_own(&folder.join(&self.name)).map_err(Unopened::System)?;
        match file.metadata().map_err(Unopened::System)?.len() {
            bytes if bytes == self.bytes => Ok(file.take(bytes)),
            bytes => Err(Unopened::Size(bytes)),
        }
    }
}

/// Why a listed file is not opened.
#[derive(Debug)]
pub(crate) enum Unopened {
    /// No export gives a file this name.
    Name,
    /// It has so many bytes, and not those that the manifest says.
    Size(u64),
    System(io::Error),
}

/// One key range, as the database had it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RangeEntry {
    #[serde(flatten)]
    pub(crate) range: Range,
    pub(crate) rows: u64,
    /// SHA-256 of the rows as the server sent them, which does not depend on the files' format.
    pub(crate) sha256: String,
}

impl Manifest {
    /// The format's version that this program writes.
    pub(crate) fn form() -> u32 {
        FORM
    }

    /// The names of all files. What an export would not call so is left out.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = self.entities.iter().flat_map(|entity| &entity.files);
        files.filter(|file| file.has_own_name()).map(|file| file.name.clone()).collect()
    }

    /// The rows of an entity.
    pub(crate) fn rows_of(&self, entity: &str) -> Option<&EntityEntry> {
        self.entities.iter().find(|entry| entry.is_whole() && entry.entity == entity)
    }

    /// Reads a manifest.
    pub(crate) fn read(path: &Path) -> Result<Self, ExportError> {
        let text = side_file::read_own(path)
            .map_err(|source| ExportError::Read { path: path.to_owned(), source })?;
        let broken = |problem: String| ExportError::Manifest { path: path.to_owned(), problem };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| broken(format!("is not a manifest of an export: {error}")))?;
        if manifest.form > FORM {
            return Err(broken("was written by a newer version of muster; use that version".to_owned()));
        }
        Ok(manifest)
    }

    /// The file's text.
    pub(crate) fn to_json(&self) -> String {
        json::pretty(self)
    }

    /// The files with their rows and bytes.
    pub(crate) fn listing(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        let files = self.entities.iter().flat_map(|entity| &entity.files);
        files.map(|file| (file.name.as_str(), file.rows, file.bytes))
    }

    /// The manifest in a folder; `None` if there is none that this version can read.
    pub(crate) fn beside(folder: &Path) -> Option<Self> {
        let read = Self::read(&folder.join(NAME));
        if let Err(ExportError::Read { path, source }) = &read
            && source.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("{}: is not used, since it cannot be read: {source}", path.display());
        }
        read.ok()
    }

    /// The SHA-256 and the number of rows of the file with this name, if it is listed.
    pub(crate) fn file(&self, name: &str) -> Option<(String, u64)> {
        let mut files = self.entities.iter().flat_map(|entity| &entity.files);
        files.find(|file| file.name == name).map(|file| (file.sha256.clone(), file.rows))
    }
}
