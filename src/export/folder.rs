//! An export's folder: whole or absent. Files are written as `.NAME.muster-partial` beside their names, brought
//! to the disk, and renamed, `manifest.json` last; an earlier export's manifest goes first. Who sees a manifest
//! sees all that it lists. Dropped unpublished, a folder takes its partial files away. What a killed run left is
//! given its names by the next one where all of it was on the disk already, and taken away otherwise.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::error::ExportError;
use super::fault;
use super::manifest::{self, Manifest};

const SUFFIX: &str = ".muster-partial";

/// Where an earlier export's manifest waits while its files are taken away.
const PREVIOUS: &str = ".manifest.json.previous";

/// The folder of one export, locked against others while it lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    handle: File,
    names: Vec<String>,
    made: bool,
    published: bool,
}

impl Folder {
    /// Makes the folder (mode 0700) or takes one that is empty or holds an export.
    pub(crate) fn open(path: &Path) -> Result<Self, ExportError> {
        let failed = |source| ExportError::write(path, source);
        let made = !path.exists();
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let handle = File::open(path).map_err(failed)?;
        match handle.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(ExportError::Busy(path.to_owned())),
            // On a file system without locks the run goes on without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let mut folder =
            Self { path: path.to_owned(), handle, names: Vec::new(), made: false, published: false };
        folder.clean_up()?;
        folder.made = made;
        Ok(folder)
    }

    /// Puts in order what killed runs left.
    fn clean_up(&self) -> Result<(), ExportError> {
        let unfinished = self.path.join(partial(manifest::NAME));
        if let Ok(written) = Manifest::read(&unfinished)
            && !self.path.join(manifest::NAME).exists()
        {
            self.complete(&written)?;
        }
        self.take_away(&[PREVIOUS.to_owned()])?;
        let failed = |source| ExportError::write(&self.path, source);
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(SUFFIX)) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Goes on where a run was killed between its renames: its manifest, which was to be renamed last, was
    /// written when all its files were on the disk. Where one of them is missing nevertheless, none stays.
    fn complete(&self, written: &Manifest) -> Result<(), ExportError> {
        let files = written.files();
        let there = |name: &String| self.path.join(partial(name)).exists() || self.path.join(name).exists();
        if !files.iter().all(there) {
            return self.take_away(&files);
        }
        if let Ok(earlier) = Manifest::read(&self.path.join(PREVIOUS)) {
            let others: Vec<String> =
                earlier.files().into_iter().filter(|name| !files.contains(name)).collect();
            self.take_away(&others)?;
        }
        for name in files.iter().filter(|name| self.path.join(partial(name)).exists()) {
            self.rename(name)?;
        }
        self.sync()?;
        self.rename(manifest::NAME)?;
        self.sync()
    }

    /// Files of those names that no manifest vouches for are somebody else's: they are not overwritten.
    fn foreign(&self, earlier: &HashSet<String>) -> Result<(), ExportError> {
        let foreign = |name: &&String| !earlier.contains(*name) && self.path.join(name.as_str()).exists();
        let mut others = self.names.iter().filter(|name| *name != manifest::NAME);
        if others.any(|name| foreign(&name)) { Err(ExportError::Foreign(self.path.clone())) } else { Ok(()) }
    }

    /// Whether a file of this name was written beside an export by a run that did not end well.
    pub(crate) fn is_unfinished(name: &str) -> bool {
        name == PREVIOUS || (name.starts_with('.') && name.ends_with(SUFFIX))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a file (mode 0600).
    pub(crate) fn create(&mut self, name: &str) -> Result<File, ExportError> {
        let path = self.path.join(partial(name));
        let created = File::options().write(true).create_new(true).mode(0o600).open(&path);
        self.names.push(name.to_owned());
        created.map_err(|source| ExportError::write(&path, source))
    }

    /// Gives every file its name. All of them have been brought to the disk by then; the manifest is written
    /// here.
    pub(crate) fn publish(mut self, manifest: &Manifest) -> Result<(), ExportError> {
        let current = self.path.join(manifest::NAME);
        let previous = self.path.join(PREVIOUS);
        let mut earlier = HashSet::new();
        for path in [&previous, &current] {
            if let Ok(manifest) = Manifest::read(path) {
                earlier.extend(manifest.files());
            }
        }
        self.foreign(&earlier)?;
        let mut file = self.create(manifest::NAME)?;
        let failed = |source| ExportError::write(&current, source);
        file.write_all(manifest.to_json().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        self.sync()?;
        // From here on what is on the disk is whole, if not yet in its place: nothing is taken away.
        self.published = true;
        fault::point("sealed");
        if current.exists() {
            fs::rename(&current, &previous).map_err(failed)?;
            self.sync()?;
        }
        fault::point("previous");
        self.take_away(&earlier.into_iter().collect::<Vec<_>>())?;
        for name in self.names.iter().filter(|name| *name != manifest::NAME) {
            fault::point("removed");
            self.rename(name)?;
            fault::point("renamed");
        }
        self.sync()?;
        fault::point("complete");
        self.rename(manifest::NAME)?;
        fault::point("manifest");
        self.take_away(&[PREVIOUS.to_owned()])?;
        self.sync()
    }

    /// Takes the export away with its folder. Its manifest gives up its name first, so that what is taken away
    /// half never looks whole, and goes last, so that the next run still knows what to take away.
    pub(crate) fn remove(self) -> Result<(), ExportError> {
        let failed = |source| ExportError::write(&self.path, source);
        let manifest = self.path.join(manifest::NAME);
        let files = Manifest::read(&manifest)?.files();
        let going = self.path.join(partial(manifest::NAME));
        fs::rename(&manifest, &going).map_err(failed)?;
        fault::point("pruning");
        for name in files {
            self.take_away(&[name])?;
            fault::point("pruned");
        }
        fs::remove_file(&going).map_err(failed)?;
        // What somebody else has put there stays, and the folder with it.
        if let Err(error) = fs::remove_dir(&self.path) {
            tracing::warn!("{}: its export was taken away, the folder stays: {error}", self.path.display());
        }
        Ok(())
    }

    fn rename(&self, name: &str) -> Result<(), ExportError> {
        let path = self.path.join(name);
        fs::rename(self.path.join(partial(name)), &path).map_err(|source| ExportError::write(&path, source))
    }

    fn take_away(&self, names: &[String]) -> Result<(), ExportError> {
        for name in names {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(ExportError::write(&path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), ExportError> {
        self.handle.sync_all().map_err(|source| ExportError::write(&self.path, source))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        // Nobody is left to tell of a failure here, and what stays is removed by the next run.
        for name in &self.names {
            let _ = fs::remove_file(self.path.join(partial(name)));
        }
        if self.made {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn partial(name: &str) -> String {
    format!(".{name}{SUFFIX}")
}
