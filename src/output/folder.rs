//! A run's folder, whose files appear together or not at all.
//!
//! Each file is written as `.NAME.partial` beside its final name. [`RunFolder::seal`] brings all of them to
//! the disk before COMMIT, so that a full disk refuses the run instead of hiding its result;
//! [`RunFolder::publish`] renames them after it, `summary.json` last. An earlier run's files go just before
//! the renames, its `summary.json` first: who sees a `summary.json` sees all other files of the same run.
//! Dropped unpublished, a folder takes its partial files away.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::error::OutputError;
use super::names;
use super::staged::{Staged, StagedFile};
use crate::fault::{self, Point};

/// Where an earlier run's summary waits while its files are taken away, so that a run that is killed
/// meanwhile leaves the list of what is still to go.
const PREVIOUS: &str = ".summary.json.previous";

/// The folder of one run, locked against other runs while it lives.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    /// Open for the lock and for fsync.
    handle: File,
    staged: Vec<Arc<Staged>>,
    kept: HashSet<PathBuf>,
    made: bool,
    sealed: bool,
    published: bool,
}

impl RunFolder {
    /// Makes the folder (mode 0700, parents too) or takes the one that is there, locks it, and removes what
    /// killed runs left in it.
    ///
    /// # Errors
    ///
    /// [`OutputError::Folder`], and [`OutputError::Busy`] while another run has it.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, OutputError> {
        let path = path.into();
        let failed = |source| OutputError::Folder { path: path.clone(), source };
        let made = !path.exists();
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        let handle = File::open(&path).map_err(failed)?;
        match handle.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(OutputError::Busy { path }),
            // On a file system without locks the run goes on without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_str().is_some_and(is_leftover) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        let (staged, kept) = (Vec::new(), HashSet::new());
        Ok(Self { path, handle, staged, kept, made, sealed: false, published: false })
    }

    /// The folder's path, as given.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file is before the folder is published.
    pub(crate) fn partial(&self, name: &str) -> PathBuf {
        self.path.join(format!(".{name}.partial"))
    }

    /// Never takes this file away as one of an earlier run: it is an input of this one (a rejected file that
    /// was mended where it stood).
    pub(crate) fn keep(&mut self, input: &Path) {
        if let Ok(path) = input.canonicalize() {
            self.kept.insert(path);
        }
    }

    /// Looks whether `needed` bytes fit on the folder's disk.
    ///
    /// # Errors
    ///
    /// [`OutputError::Space`] where they do not. A system that does not say counts as one that has room.
    pub(crate) fn require(&self, needed: u64) -> Result<(), OutputError> {
        let Ok(disk) = rustix::fs::fstatvfs(&self.handle) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            return Err(OutputError::Space { path: self.path.clone(), needed, free });
        }
        Ok(())
    }

    /// Begins a file (mode 0600). A file of this run with the same name is given up for the new one.
    ///
    /// # Errors
    ///
    /// [`OutputError::Write`] or [`OutputError::Full`], and [`OutputError::Occupied`].
    pub(crate) fn create(&mut self, name: &str) -> Result<StagedFile, OutputError> {
        let partial = self.partial(name);
        // Found now, before COMMIT, and not when it is to be renamed.
        if self.path.join(name).is_dir() {
            return Err(OutputError::Occupied { path: self.path.join(name) });
        }
        self.staged.retain(|staged| staged.name != name);
        self.sealed = false;
        let failed = |source| OutputError::write(&partial, source);
        remove(&partial).map_err(failed)?;
        let file = File::options().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
        let staged = Arc::new(Staged::new(name, partial, file));
        self.staged.push(Arc::clone(&staged));
        Ok(StagedFile::new(staged))
    }

    /// Brings every file, and the folder, to the disk. To be called before COMMIT.
    ///
    /// # Errors
    ///
    /// [`OutputError::Full`], [`OutputError::Write`], and [`OutputError::Unfinished`] for a file whose
    /// [`StagedFile::finish`] was not called.
    pub(crate) fn seal(&mut self) -> Result<(), OutputError> {
        for staged in &self.staged {
            if !staged.is_finished() {
                return Err(OutputError::Unfinished { path: self.path.join(&staged.name) });
            }
            staged.file.sync_all().map_err(|source| OutputError::write(&staged.partial, source))?;
        }
        self.sync()?;
        self.sealed = true;
        Ok(())
    }

    /// Gives every file its name, `summary.json` last, and takes an earlier run's files away. Seals first
    /// where that was not done.
    ///
    /// # Errors
    ///
    /// Those of [`RunFolder::seal`], and [`OutputError::Publish`]; what was not renamed yet then stays beside as `.NAME.partial`.
    pub(crate) fn publish(&mut self) -> Result<(), OutputError> {
        if !self.sealed {
            self.seal()?;
        }
        // Whatever happens from here on, nothing that a commit stands behind is deleted.
        self.published = true;
        self.remove_earlier()?;
        self.staged.sort_by_key(|staged| staged.name == names::SUMMARY);
        for staged in &self.staged {
            if staged.name == names::SUMMARY {
                // The others' names are on the disk before the one that vouches for them.
                self.sync()?;
                fault::reach(Point::SummaryNext);
            }
            fault::reach(Point::Renaming);
            let path = self.path.join(&staged.name);
            fs::rename(&staged.partial, &path).map_err(|source| OutputError::Publish { path, source })?;
        }
        self.sync()?;
        fault::reach(Point::Published);
        self.take_away(PREVIOUS)
    }

    /// Leaves the partial files where they are: it is not known whether a commit stands behind them.
    pub(crate) fn leave(&mut self) {
        self.published = true;
    }

    /// Takes an earlier run's files away, its summary first.
    fn remove_earlier(&self) -> Result<(), OutputError> {
        let summary = self.path.join(names::SUMMARY);
        let previous = self.path.join(PREVIOUS);
        match fs::rename(&summary, &previous) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(OutputError::Publish { path: summary, source }),
        }
        self.sync()?;
        let earlier = fs::read(&previous).map(|text| written_by(&text)).unwrap_or_default();
        for name in earlier.iter().map(String::as_str).chain(names::FIXED) {
            self.take_away(name)?;
        }
        Ok(())
    }

    fn take_away(&self, name: &str) -> Result<(), OutputError> {
        let path = self.path.join(name);
        if path.canonicalize().is_ok_and(|path| self.kept.contains(&path)) {
            return Ok(());
        }
        remove(&path).map_err(|source| OutputError::Publish { path, source })
    }

    fn sync(&self) -> Result<(), OutputError> {
        self.handle.sync_all().map_err(|source| OutputError::write(&self.path, source))
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Nobody is left to tell of a failure here, and what stays is removed by the next run.
        for staged in &self.staged {
            let _ = fs::remove_file(&staged.partial);
        }
        if self.made {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a file's name is one that a killed run leaves behind.
fn is_leftover(name: &str) -> bool {
    let inner = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
    inner.is_some_and(|inner| {
        names::FIXED.contains(&inner)
            || [".rejected.csv", ".duplicates.csv", ".rejected.ndjson", ".duplicates.ndjson"]
                .iter()
                .any(|end| inner.ends_with(end))
    })
}

/// The files that the run with this summary wrote for its inputs. Only these are taken away: a folder may
/// hold files that merely look alike.
fn written_by(summary: &[u8]) -> Vec<String> {
    let Ok(summary) = serde_json::from_slice::<Value>(summary) else { return Vec::new() };
    let mut stems = names::Stems::default();
    let mut written = Vec::new();
    for entity in summary["entities"].as_array().into_iter().flatten() {
        let name = entity["entity"].as_str().unwrap_or_default();
        if !name.is_empty() {
            written.push(names::absent(name));
        }
        for file in entity["files"].as_array().into_iter().flatten() {
            let stem = stems.next(file["path"].as_str().unwrap_or_default(), name);
            // As `source` names the formats; a Parquet file's records go back as CSV.
            let end = if file["format"] == "ndjson" { "ndjson" } else { "csv" };
            written.extend([names::rejected(&stem, end), names::duplicates(&stem, end)]);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(folder: &mut RunFolder, name: &str, text: &str) {
        let mut file = folder.create(name).unwrap();
        file.put(text.as_bytes()).unwrap();
        file.finish().unwrap();
    }

    fn listing(path: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    const EARLIER: &str = r#"{"entities": [{"entity": "users", "files": [{"path": "in/users.csv"}]}]}"#;

    #[test]
    fn files_appear_only_when_published_and_for_their_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("deep/run");
        let mut folder = RunFolder::open(&path).unwrap();
        write(&mut folder, "summary.json", "{}");
        write(&mut folder, "rejects.csv", "x");
        folder.seal().unwrap();
        assert_eq!(listing(&path), [".rejects.csv.partial", ".summary.json.partial"]);
        folder.publish().unwrap();
        drop(folder);
        assert_eq!(listing(&path), ["rejects.csv", "summary.json"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path.join("summary.json")), 0o600);
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o700, 0o700));
    }

    #[test]
    fn unpublished_files_go_away_and_so_does_the_folder_made_for_them() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run");
        let mut folder = RunFolder::open(&path).unwrap();
        write(&mut folder, "rejects.csv", "x");
        let half = folder.create("report.html").unwrap();
        assert!(matches!(folder.seal(), Err(OutputError::Unfinished { .. })));
        assert!(matches!(folder.publish(), Err(OutputError::Unfinished { .. })));
        drop((half, folder));
        assert!(!path.exists());
    }

    #[test]
    fn an_earlier_runs_files_go_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let old = ["summary.json", "rejects.csv", "users.rejected.csv", "users.duplicates.csv"];
        for name in old.into_iter().chain(["bank.rejected.csv", "notes.txt", ".rejects.csv.partial"]) {
            fs::write(home.path().join(name), EARLIER).unwrap();
        }
        let mut folder = RunFolder::open(home.path()).unwrap();
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        assert!(home.path().join("users.rejected.csv").exists(), "nothing goes before publish");
        folder.publish().unwrap();
        assert_eq!(listing(home.path()), ["bank.rejected.csv", "notes.txt", "summary.json"]);
    }

    #[test]
    fn a_mended_file_that_is_imported_from_where_it_stands_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let mended = home.path().join("users.rejected.csv");
        fs::write(home.path().join("summary.json"), EARLIER).unwrap();
        fs::write(&mended, "mended").unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        folder.keep(&mended);
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        folder.publish().unwrap();
        assert_eq!(fs::read(mended).unwrap(), b"mended");
    }

    #[test]
    fn a_run_killed_while_publishing_leaves_the_list_of_what_is_to_go() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(PREVIOUS), EARLIER).unwrap();
        fs::write(home.path().join("users.rejected.csv"), "old").unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        folder.publish().unwrap();
        assert_eq!(listing(home.path()), ["summary.json"]);
    }

    #[test]
    fn a_second_run_is_told_that_the_folder_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let first = RunFolder::open(home.path()).unwrap();
        assert!(matches!(RunFolder::open(home.path()), Err(OutputError::Busy { .. })));
        drop(first);
        RunFolder::open(home.path()).unwrap();
    }

    #[test]
    fn too_little_room_is_found_before_the_run() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(home.path()).unwrap();
        folder.require(1).unwrap();
        let error = folder.require(u64::MAX).unwrap_err();
        assert!(error.to_string().contains("bytes may be needed"), "{error}");
    }

    #[test]
    fn a_file_begun_again_replaces_the_first() {
        let home = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        write(&mut folder, "summary.json", "first");
        write(&mut folder, "summary.json", "second");
        folder.seal().unwrap();
        folder.publish().unwrap();
        assert_eq!(fs::read(home.path().join("summary.json")).unwrap(), b"second");
    }
}
