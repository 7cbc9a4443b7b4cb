//! A folder of exports, each in its own folder named after the time. Only the newest complete ones are kept, and the
//! link `latest` leads to the newest. What a killed export left is completed or removed by the next one.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::fault;
use crate::output::{OutputError, whole};

use super::error::ExportError;
use super::folder::Folder;
use super::manifest::{self, Manifest};

/// The link to the newest complete export.
const LATEST: &str = "latest";

/// A folder of exports, locked against other runs while it lives.
#[derive(Debug)]
pub(crate) struct KeptExports {
    path: PathBuf,
    _lock: File,
}

impl KeptExports {
    /// Makes the folder (mode 0700) or takes it, and completes or removes what killed exports left.
    /// Errors: another export has it, it cannot be written to, or a file or folder is called `latest`.
    pub(crate) fn open(path: &Path) -> Result<Self, ExportError> {
        let exports = Self { path: path.to_owned(), _lock: whole::lock(path)? };
        exports.link()?;
        for export in ours(path)?.iter().filter(|export| !is_whole(export)) {
            drop(Folder::open(export)?);
            // A folder that still holds files belongs to somebody and stays.
            if !is_whole(export) && fs::remove_dir(export).is_ok() {
                tracing::info!("{}: removed; its export was killed", export.display());
            }
        }
        if let Some(newest) = whole(path)?.pop() {
            exports.point(&newest)?;
        }
        Ok(exports)
    }

    /// The folder of an export that begins now: `20261124T163000.123Z`, so that names sort by time.
    pub(crate) fn fresh(&self) -> PathBuf {
        let now = format!("{:.3}", Timestamp::now());
        self.path.join(now.replace(['-', ':'], ""))
    }

    /// Takes in a new complete export: `latest` leads to it, and all but the newest `keep` are removed. Folders that are
    /// not complete exports, or were not named by this, are not touched.
    /// Errors: a folder cannot be read or removed. The new export is complete nevertheless.
    pub(crate) fn take(&self, newest: &Path, keep: usize) -> Result<Vec<PathBuf>, ExportError> {
        fault::point("MUSTER_TEST_EXPORT_STOP", "kept");
        self.point(newest)?;
        fault::point("MUSTER_TEST_EXPORT_STOP", "latest");
        let mut old = whole(&self.path)?;
        old.truncate(old.len().saturating_sub(keep));
        old.retain(|path| path != newest);
        for path in &old {
            Folder::open(path)?.remove()?;
        }
        Ok(old)
    }

    /// The path of `latest`. A file or folder of somebody's that has this name is not replaced.
    fn link(&self) -> Result<PathBuf, ExportError> {
        let path = self.path.join(LATEST);
        match path.symlink_metadata() {
            Ok(found) if !found.is_symlink() => Err(OutputError::NoLink { path }.into()),
            _ => Ok(path),
        }
    }

    /// Makes `latest` lead to an export, atomically.
    fn point(&self, export: &Path) -> Result<(), ExportError> {
        let link = self.link()?;
        let name = Path::new(export.file_name().unwrap_or_default());
        if fs::read_link(&link).is_ok_and(|target| target == name) {
            return Ok(());
        }
        let beside = self.path.join(format!(".{LATEST}.muster-partial"));
        let failed = |source| OutputError::write(&link, source);
        match beside.symlink_metadata() {
            Ok(found) if found.is_symlink() => fs::remove_file(&beside).map_err(failed)?,
            Ok(_) => return Err(OutputError::NoLink { path: beside }.into()),
            Err(_) => {}
        }
        Ok(symlink(name, &beside).and_then(|()| fs::rename(&beside, &link)).map_err(failed)?)
    }
}

/// The export in `folder`: itself, or the newest complete one of those that `--keep` put there.
/// Errors: the folder is there and cannot be read.
pub(crate) fn newest(folder: &Path) -> Result<Option<PathBuf>, ExportError> {
    if is_whole(folder) {
        // `latest` will lead to another export before this one is done.
        let real = fs::canonicalize(folder);
        return real.map(Some).map_err(|source| ExportError::Read { path: folder.to_owned(), source });
    }
    if folder.is_dir() { Ok(whole(folder)?.pop()) } else { Ok(None) }
}

/// The complete exports of a folder, oldest first.
fn whole(parent: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let mut found = ours(parent)?;
    found.retain(|path| is_whole(path));
    Ok(found)
}

/// The folders that were named here, oldest first. A link is none: what it leads to belongs to somebody else.
fn ours(parent: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let failed = |source| ExportError::Read { path: parent.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if is_ours(&entry.path()) && entry.file_type().map_err(failed)?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn is_whole(path: &Path) -> bool {
    Manifest::read(&path.join(manifest::NAME)).is_ok()
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.len() == 20
        && name.ends_with('Z')
        && name.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | '.' | 'Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_new_folder_is_recognized_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let exports = KeptExports::open(folder.path()).unwrap();
        assert!(is_ours(&exports.fresh()));
        assert!(!is_ours(Path::new("exports/important-papers.Z")));
        assert!(matches!(
            KeptExports::open(folder.path()),
            Err(ExportError::Output(OutputError::Busy { .. }))
        ));
    }

    #[test]
    fn what_is_no_link_is_not_replaced_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let latest = folder.path().join(LATEST);
        fs::write(&latest, "x").unwrap();
        let refused = KeptExports::open(folder.path());
        assert!(matches!(refused, Err(ExportError::Output(OutputError::NoLink { .. }))));
        fs::remove_file(&latest).unwrap();
        symlink("nowhere", &latest).unwrap();
        KeptExports::open(folder.path()).unwrap();
    }

    #[test]
    fn what_a_killed_export_left_is_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, file: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join(file), "x").unwrap();
            path
        };
        let killed = make("20260101T000000.000Z", ".users.csv.muster-partial");
        let other = make("20260102T000000.000Z", "letters.txt");
        KeptExports::open(folder.path()).unwrap();
        assert!(!killed.exists());
        assert!(other.join("letters.txt").exists());
    }
}
