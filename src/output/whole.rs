//! A folder whose files belong together: one of them, the index, says that all are there.
//!
//! Each file is written under a partial name beside its final one. The index lists the others: it is renamed last, and
//! the index of an earlier result is put aside before the earlier files are removed. So anyone who sees an index sees
//! all the files that it lists. A process that is killed while it renames leaves some files with their names, and no
//! index. Dropped unpublished, a folder removes its partial files, and itself if it was made for them. What an index
//! looks like, and what a killed process left, is known to the two users: a run's folder ([`super::RunFolder`]) and an
//! export's.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::OutputError;
use crate::fault::{self, Point};
use crate::side_file;

/// How the files of a folder are named.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The file that lists the others.
    pub(crate) index: &'static str,
    /// Where an earlier index waits while its files are removed, so that the next process knows what is left to
    /// remove if this one is killed.
    pub(crate) previous: &'static str,
    /// What a partial name ends with; it begins with a dot.
    pub(crate) suffix: &'static str,
}

/// A folder that is being written, locked against other processes while this value lives.
#[derive(Debug)]
pub(crate) struct WholeFolder {
    layout: &'static Layout,
    path: PathBuf,
    /// Open for the lock and for fsync.
    handle: File,
    names: Vec<String>,
    made: bool,
    published: bool,
}

/// Makes a folder (mode 0700, parents too) if it is not there, and locks it until the returned handle is dropped.
/// Errors: [`OutputError::Folder`], and [`OutputError::Busy`] while another process has it.
pub(crate) fn lock(path: &Path) -> Result<File, OutputError> {
    let failed = |source| OutputError::Folder { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let handle = File::open(path).map_err(failed)?;
    match handle.try_lock() {
        Err(TryLockError::WouldBlock) => Err(OutputError::Busy { path: path.to_owned() }),
        // A file system without locks is used without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(handle),
    }
}

impl WholeFolder {
    /// Makes and locks the folder; see [`lock`].
    /// Errors: also [`OutputError::Irregular`] if an index, finished or not, is no regular file.
    pub(crate) fn open(path: &Path, layout: &'static Layout) -> Result<Self, OutputError> {
        let made = !path.exists();
        let handle = lock(path)?;
        let folder =
            Self { layout, path: path.to_owned(), handle, names: Vec::new(), made, published: false };
        let [previous, index] = folder.indexes();
        match [previous, index, folder.partial(layout.index)]
            .into_iter()
            .find(|path| side_file::is_irregular(path))
        {
            Some(path) => Err(OutputError::Irregular { path }),
            None => Ok(folder),
        }
    }

    /// The names of the regular files in the folder, as the folder itself has them. Only by these are files removed
    /// that an earlier process wrote: an index may name anything.
    pub(crate) fn regular(&self) -> Result<BTreeSet<String>, OutputError> {
        let failed = |source| OutputError::Folder { path: self.path.clone(), source };
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    /// The folder's path, as given.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The open folder.
    pub(super) fn handle(&self) -> &File {
        &self.handle
    }

    /// The files begun so far, in that order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Where a file is until it is published.
    pub(crate) fn partial(&self, name: &str) -> PathBuf {
        self.path.join(format!(".{name}{}", self.layout.suffix))
    }

    /// The indexes of earlier results: the one put aside, if a process was killed while it published, and the current.
    pub(crate) fn indexes(&self) -> [PathBuf; 2] {
        [self.layout.previous, self.layout.index].map(|name| self.path.join(name))
    }

    /// Removes the partial files, of those names that `is_ours` accepts, that a killed process left.
    /// Errors: also [`OutputError::Irregular`]; no process leaves a link or a pipe.
    pub(crate) fn remove_partial(&self, is_ours: impl Fn(&str) -> bool) -> Result<(), OutputError> {
        let failed = |source| OutputError::Folder { path: self.path.clone(), source };
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.to_str().and_then(|name| self.layout.name_of(name)).is_some_and(&is_ours) {
                if side_file::is_irregular(&entry.path()) {
                    return Err(OutputError::Irregular { path: entry.path() });
                }
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Begins a file (mode 0600). It replaces a file of the same name begun before.
    /// Errors: [`OutputError::Write`] or [`OutputError::Full`]; [`OutputError::Occupied`] if a folder has the name,
    /// found now and not when the file is to be renamed.
    pub(crate) fn create(&mut self, name: &str) -> Result<File, OutputError> {
        let (path, partial) = (self.path.join(name), self.partial(name));
        if path.is_dir() {
            return Err(OutputError::Occupied { path });
        }
        let failed = |source| OutputError::write(&partial, source);
        remove(&partial).map_err(failed)?;
        let file = File::options().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
        self.names.retain(|other| other != name);
        self.names.push(name.to_owned());
        Ok(file)
    }

    /// Gives every file its name, the index last, and removes the `earlier` files. All files must be on the disk
    /// already.
    /// Errors: [`OutputError::Publish`], [`OutputError::Write`]; files that are not renamed yet keep their partial
    /// names.
    pub(crate) fn publish(&mut self, earlier: &[String]) -> Result<(), OutputError> {
        // From here on all is on the disk, under whichever name: nothing may be removed.
        self.leave();
        let [previous, index] = self.indexes();
        if index.exists() {
            fs::rename(&index, previous).map_err(|source| OutputError::Publish { path: index, source })?;
            self.sync()?;
        }
        fault::reach(Point::EarlierAside);
        earlier.iter().try_for_each(|name| self.remove(name))?;
        let (index, files): (Vec<_>, Vec<_>) = self.names.iter().partition(|name| *name == self.layout.index);
        for name in files {
            self.rename(name)?;
        }
        // The other names are on the disk before the index that lists them.
        self.sync()?;
        fault::reach(Point::SummaryNext);
        for name in index {
            self.rename(name)?;
        }
        self.sync()?;
        fault::reach(Point::Published);
        self.remove(self.layout.previous)
    }

    /// Leaves the partial files where they are when this is dropped.
    pub(crate) fn leave(&mut self) {
        self.published = true;
    }

    /// Gives one file its name.
    pub(crate) fn rename(&self, name: &str) -> Result<(), OutputError> {
        fault::reach(Point::Renaming);
        let path = self.path.join(name);
        fs::rename(self.partial(name), &path).map_err(|source| OutputError::Publish { path, source })
    }

    /// Removes one file if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), OutputError> {
        let path = self.path.join(name);
        remove(&path).map_err(|source| OutputError::Publish { path, source })
    }

    /// Brings the names to the disk.
    pub(crate) fn sync(&self) -> Result<(), OutputError> {
        self.handle.sync_all().map_err(|source| OutputError::write(&self.path, source))
    }
}

impl Layout {
    /// The final name of a partial one; `None` for every other name.
    fn name_of<'n>(&self, partial: &'n str) -> Option<&'n str> {
        partial.strip_prefix('.')?.strip_suffix(self.suffix)
    }

    /// Whether a file of this name was left by a process that was killed.
    pub(crate) fn is_unfinished(&self, name: &str) -> bool {
        name == self.previous || self.name_of(name).is_some()
    }
}

impl Drop for WholeFolder {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // A failure here cannot be reported, and the next process removes what is left.
        for name in &self.names {
            let _ = fs::remove_file(self.partial(name));
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
