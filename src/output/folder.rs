//! A run's folder. [`RunFolder::seal`] brings all files to the disk before COMMIT, so that a full disk refuses the run
//! instead of hiding its result; [`RunFolder::publish`] gives them their names after it. In which order that happens
//! is [`WholeFolder`]'s; here is known which files a run writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk;

use super::earlier::Earlier;
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
    earlier: Earlier,
    sealed: bool,
}

impl RunFolder {
    /// Makes the folder (mode 0700, parents too) or takes the one that is there, locks it, and removes what
    /// killed runs left in it.
    /// Errors: [`OutputError::Folder`], [`OutputError::Busy`] while another run has it, [`OutputError::Changed`].
    pub(crate) fn open(path: impl AsRef<Path>) -> Result<Self, OutputError> {
        Self::open_for(path, &[])
    }

    /// The folder of a run with these inputs, one of which may be a file in it that was corrected in place.
    /// Errors: as [`Self::open`].
    pub(crate) fn open_for(path: impl AsRef<Path>, inputs: &[&Path]) -> Result<Self, OutputError> {
        let files = WholeFolder::open(path.as_ref(), &LAYOUT)?;
        // A run that was killed while it published has renamed files that only its partial summary lists.
        let summaries = files.indexes().into_iter().chain([files.partial(names::SUMMARY)]);
        let earlier = Earlier::look(&files, summaries, inputs)?;
        files.remove_partial(is_of_a_run)?;
        Ok(Self { files, staged: Vec::new(), earlier, sealed: false })
    }

    /// The folder's path, as given.
    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    /// Checks that `needed` bytes fit on the folder's disk.
    /// Errors: [`OutputError::Space`] if they do not. A system that does not say counts as one that has space.
    pub(crate) fn require(&self, needed: u64) -> Result<(), OutputError> {
        match disk::free(self.files.handle(), needed) {
            Some(free) if free < needed => {
                Err(OutputError::Space { path: self.path().to_owned(), needed, free })
            }
            _ => Ok(()),
        }
    }

    /// Begins a file (mode 0600). It replaces a file of the same name that this run has begun.
    pub(crate) fn create(&mut self, name: &str) -> Result<StagedFile, OutputError> {
        self.earlier.may_replace(&self.path().join(name), name)?;
        let file = self.files.create(name)?;
        self.sealed = false;
        self.staged.retain(|staged| staged.name != name);
        let staged = Arc::new(Staged::new(name, self.files.partial(name), file));
        self.staged.push(Arc::clone(&staged));
        Ok(StagedFile::new(staged))
    }

    /// Brings every file, and the folder, to the disk. Must be called before COMMIT.
    /// Errors: [`OutputError::Full`], [`OutputError::Write`], [`OutputError::Changed`], and
    /// [`OutputError::Unfinished`] for a file whose [`StagedFile::finish`] was not called.
    pub(crate) fn seal(&mut self) -> Result<(), OutputError> {
        for staged in &self.staged {
            if !staged.is_finished() {
                return Err(OutputError::Unfinished { path: self.path().join(&staged.name) });
            }
            staged.file.sync_all().map_err(|source| OutputError::write(&staged.partial, source))?;
        }
        self.files.sync()?;
        self.earlier.unchanged(self.path())?;
        self.sealed = true;
        Ok(())
    }

    /// Gives every file its name, `summary.json` last, and removes an earlier run's files. Seals first if that was
    /// not done.
    pub(crate) fn publish(&mut self) -> Result<(), OutputError> {
        if !self.sealed {
            self.seal()?;
        }
        // The summary itself is replaced last.
        let fixed = names::FIXED.into_iter().filter(|name| *name != names::SUMMARY).map(str::to_owned);
        let earlier: Vec<String> = self.earlier.names().cloned().chain(fixed).collect();
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
    names::FIXED.contains(&name) || names::is_returned(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
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

    /// A folder in which a run wrote these returned files, each with the text "old".
    fn after_a_run(summary: &str, returned: &[&str]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let mut hasher = crate::hash::Hasher::new();
        hasher.update(b"old");
        let sha256 = hasher.finish();
        let listed = returned.iter().map(|name| format!(r#"{{"name": "{name}", "sha256": "{sha256}"}}"#));
        let listed = listed.collect::<Vec<_>>().join(", ");
        let text =
            format!(r#"{{"entities": [{{"entity": "users", "files": [{{"returned": [{listed}]}}]}}]}}"#);
        fs::write(home.path().join(summary), text).unwrap();
        for name in returned {
            fs::write(home.path().join(name), "old").unwrap();
        }
        home
    }

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

    fn publish(mut folder: RunFolder) {
        write(&mut folder, "summary.json", "{}");
        folder.seal().unwrap();
        folder.publish().unwrap();
    }

    #[test]
    fn an_earlier_runs_files_are_removed_and_no_others() {
        let home =
            after_a_run("summary.json", &["users.rejected.csv", "users.broken.csv", "users.duplicates.csv"]);
        for name in
            ["rejects.csv", "bank.rejected.csv", "notes.txt", "users.absent.csv", ".rejects.csv.partial"]
        {
            fs::write(home.path().join(name), "x").unwrap();
        }
        let folder = RunFolder::open(home.path()).unwrap();
        assert!(home.path().join("users.rejected.csv").exists(), "nothing is removed before publish");
        publish(folder);
        assert_eq!(listing(home.path()), ["bank.rejected.csv", "notes.txt", "summary.json"]);
    }

    #[test]
    fn a_file_that_somebody_changed_is_neither_removed_nor_replaced() {
        let home = after_a_run("summary.json", &["users.rejected.csv"]);
        let corrected = home.path().join("users.rejected.csv");
        fs::write(&corrected, "new").unwrap();
        let input = home.path().join("users.csv");
        for inputs in [&[][..], &[input.as_path()], &[input.as_path(), corrected.as_path()]] {
            let refused = RunFolder::open_for(home.path(), inputs);
            assert!(matches!(refused, Err(OutputError::Changed { .. })), "{inputs:?}");
        }
        // The run imports it, and writes no file of that name.
        publish(RunFolder::open_for(home.path(), &[corrected.as_path()]).unwrap());
        assert_eq!(fs::read(&corrected).unwrap(), b"new");
        // No list has it any more, so nothing says that it is unchanged.
        let refused = RunFolder::open_for(home.path(), &[input.as_path()]);
        assert!(matches!(refused, Err(OutputError::Changed { .. })));
        let mut folder = RunFolder::open(home.path()).unwrap();
        assert!(matches!(folder.create("users.rejected.csv"), Err(OutputError::Changed { .. })));
    }

    #[test]
    fn a_file_changed_during_the_run_is_found_before_the_commit() {
        let home = after_a_run("summary.json", &["users.rejected.csv"]);
        let mut folder = RunFolder::open(home.path()).unwrap();
        fs::write(home.path().join("users.rejected.csv"), "newer").unwrap();
        assert!(matches!(folder.seal(), Err(OutputError::Changed { .. })));
    }

    #[test]
    fn a_run_killed_while_publishing_leaves_the_list_of_files_to_remove() {
        for summary in [LAYOUT.previous, ".summary.json.partial"] {
            let home = after_a_run(summary, &["users.rejected.csv"]);
            publish(RunFolder::open(home.path()).unwrap());
            assert_eq!(listing(home.path()), ["summary.json"]);
        }
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
