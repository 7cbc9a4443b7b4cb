//! A run's folder. [`RunFolder::seal`] brings all files to the disk before COMMIT, so that a full disk refuses the run
//! instead of hiding its result; [`RunFolder::publish`] gives them their names after it. In which order that happens
//! is [`WholeFolder`]'s; here is known which files a run writes.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::error::OutputError;
use super::names;
use super::staged::{Staged, StagedFile};
use super::whole::{Layout, WholeFolder};

const LAYOUT: Layout =
    Layout { index: names::SUMMARY, previous: ".summary.json.previous", suffix: ".partial" };

/// The folder of one run, locked against other runs while it lives.
#[derive(Debug)]
pub(crate) struct RunFolder {
    files: WholeFolder,
    staged: Vec<Arc<Staged>>,
    kept: HashSet<PathBuf>,
    sealed: bool,
}

impl RunFolder {
    /// Makes the folder (mode 0700, parents too) or takes the one that is there, locks it, and removes what
    /// killed runs left in it.
    /// Errors: [`OutputError::Folder`], and [`OutputError::Busy`] while another run has it.
    pub(crate) fn open(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        let files = WholeFolder::open(path.as_ref(), &LAYOUT)?;
        files.remove_partial(is_of_a_run)?;
        Ok(Self { files, staged: Vec::new(), kept: HashSet::new(), sealed: false })
    }

    /// The folder's path, as given.
    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    /// Never removes this file as one of an earlier run: it is an input of this run (a rejected file that was fixed
    /// in place).
    pub(crate) fn keep(&mut self, input: &Path) {
        if let Ok(path) = input.canonicalize() {
            self.kept.insert(path);
        }
    }

    /// Checks that `needed` bytes fit on the folder's disk.
    /// Errors: [`OutputError::Space`] if they do not. A system that does not say counts as one that has space.
    pub(crate) fn require(&self, needed: u64) -> Result<(), OutputError> {
        let Ok(disk) = rustix::fs::fstatvfs(self.files.handle()) else { return Ok(()) };
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < needed {
            return Err(OutputError::Space { path: self.path().to_owned(), needed, free });
        }
        Ok(())
    }

    /// Begins a file (mode 0600). It replaces a file of the same name that this run has begun.
    pub(crate) fn create(&mut self, name: &str) -> Result<StagedFile, OutputError> {
        let file = self.files.create(name)?;
        self.sealed = false;
        self.staged.retain(|staged| staged.name != name);
        let staged = Arc::new(Staged::new(name, self.files.partial(name), file));
        self.staged.push(Arc::clone(&staged));
        Ok(StagedFile::new(staged))
    }

    /// Brings every file, and the folder, to the disk. Must be called before COMMIT.
    /// Errors: [`OutputError::Full`], [`OutputError::Write`], and [`OutputError::Unfinished`] for a file whose
    /// [`StagedFile::finish`] was not called.
    pub(crate) fn seal(&mut self) -> Result<(), OutputError> {
        for staged in &self.staged {
            if !staged.is_finished() {
                return Err(OutputError::Unfinished { path: self.path().join(&staged.name) });
            }
            staged.file.sync_all().map_err(|source| OutputError::write(&staged.partial, source))?;
        }
        self.files.sync()?;
        self.sealed = true;
        Ok(())
    }

    /// Gives every file its name, `summary.json` last, and removes an earlier run's files. Seals first if that was
    /// not done.
    pub(crate) fn publish(&mut self) -> Result<(), OutputError> {
        if !self.sealed {
            self.seal()?;
        }
        let indexes = self.files.indexes().into_iter().filter_map(|path| fs::read(path).ok());
        let mut earlier: Vec<String> = indexes.flat_map(|summary| written_by(&summary)).collect();
        // The summary itself is replaced last.
        earlier.extend(names::FIXED.into_iter().filter(|name| *name != names::SUMMARY).map(str::to_owned));
        let is_kept =
            |name: &String| self.path().join(name).canonicalize().is_ok_and(|path| self.kept.contains(&path));
        earlier.retain(|name| !is_kept(name));
        self.files.publish(&earlier)
    }

    /// Where a file is before the folder is published.
    pub(crate) fn partial(&self, name: &str) -> PathBuf {
        self.files.partial(name)
    }

    /// Leaves the partial files where they are: it is not known whether the run was committed.
    pub(crate) fn leave(&mut self) {
        self.files.leave();
    }
}

/// Whether a run writes files of this name.
fn is_of_a_run(name: &str) -> bool {
    let returned = [".rejected.csv", ".duplicates.csv", ".rejected.ndjson", ".duplicates.ndjson"];
    names::FIXED.contains(&name) || returned.iter().any(|end| name.ends_with(end))
}

/// The files that the run with this summary wrote for its inputs. Only these are removed: a folder may hold other
/// files with similar names.
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
            // As `source` names the formats; a Parquet file's records are returned as CSV.
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
    fn unpublished_files_are_removed_and_so_is_the_folder_made_for_them() {
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
    fn an_earlier_runs_files_are_removed_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let old = ["summary.json", "rejects.csv", "users.rejected.csv", "users.duplicates.csv"];
        for name in old.into_iter().chain(["bank.rejected.csv", "notes.txt", ".rejects.csv.partial"]) {
            fs::write(home.path().join(name), EARLIER).unwrap();
        }
        let mut folder = RunFolder::open(home.path()).unwrap();
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        assert!(home.path().join("users.rejected.csv").exists(), "nothing is removed before publish");
        folder.publish().unwrap();
        assert_eq!(listing(home.path()), ["bank.rejected.csv", "notes.txt", "summary.json"]);
    }

    #[test]
    fn a_fixed_file_that_is_imported_in_place_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let fixed = home.path().join("users.rejected.csv");
        fs::write(home.path().join("summary.json"), EARLIER).unwrap();
        fs::write(&fixed, "fixed").unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        folder.keep(&fixed);
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        folder.publish().unwrap();
        assert_eq!(fs::read(fixed).unwrap(), b"fixed");
    }

    #[test]
    fn a_run_killed_while_publishing_leaves_the_list_of_files_to_remove() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(LAYOUT.previous), EARLIER).unwrap();
        fs::write(home.path().join("users.rejected.csv"), "old").unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        folder.publish().unwrap();
        assert_eq!(listing(home.path()), ["summary.json"]);
    }

    #[test]
    fn a_second_run_cannot_open_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let first = RunFolder::open(home.path()).unwrap();
        assert!(matches!(RunFolder::open(home.path()), Err(OutputError::Busy { .. })));
        drop(first);
        RunFolder::open(home.path()).unwrap();
    }

    #[test]
    fn too_little_disk_space_is_found_before_the_run() {
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
