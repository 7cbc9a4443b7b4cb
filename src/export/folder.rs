//! An export's folder: its files appear together, `manifest.json` last ([`WholeFolder`]). A manifest is written when all
//! its files are on the disk, so the next export finishes what a killed one had written whole, and removes the rest.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::fault::{self, Point, reach};
use crate::output::whole::Layout;
use crate::output::{OutputError, WholeFolder};
use crate::side_file;

use super::error::ExportError;
use super::manifest::{self, Manifest};

const LAYOUT: Layout =
    Layout { index: manifest::NAME, previous: ".manifest.json.previous", suffix: ".muster-partial" };

/// The folder of one export, locked against others while it lives.
#[derive(Debug)]
pub(crate) struct Folder {
    files: WholeFolder,
}

impl Folder {
    /// Makes the folder (mode 0700) or takes one that is empty or holds an export.
    pub(crate) fn open(path: &Path) -> Result<Self, ExportError> {
        let folder = Self { files: WholeFolder::open(path, &LAYOUT)? };
        folder.clean_up()?;
        Ok(folder)
    }

    /// Finishes or removes what killed exports left.
    fn clean_up(&self) -> Result<(), ExportError> {
        if let Ok(written) = Manifest::read(&self.files.partial(manifest::NAME))
            && !self.path().join(manifest::NAME).exists()
        {
            self.complete(&written)?;
        }
        self.files.remove(LAYOUT.previous)?;
        Ok(self.files.remove_partial(|_| true)?)
    }

    /// Continues where an export was killed between its renames. If one of its files is missing nevertheless, all of
    /// them are removed.
    fn complete(&self, written: &Manifest) -> Result<(), ExportError> {
        let files = written.files();
        let is_regular = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_file());
        let is_partial = |name: &String| is_regular(&self.files.partial(name));
        if !files.iter().all(|name| is_partial(name) || is_regular(&self.path().join(name))) {
            return self.remove_all(&files);
        }
        let [previous, _] = self.files.indexes();
        if let Ok(earlier) = Manifest::read(&previous) {
            let mut others = earlier.files();
            others.retain(|name| !files.contains(name));
            self.remove_all(&others)?;
        }
        files.iter().filter(|name| is_partial(name)).try_for_each(|name| self.files.rename(name))?;
        self.files.sync()?;
        self.files.rename(manifest::NAME)?;
        Ok(self.files.sync()?)
    }

    /// Whether a file of this name was left beside an export by one that was killed.
    pub(crate) fn is_unfinished(name: &str) -> bool {
        LAYOUT.is_unfinished(name)
    }

    pub(crate) fn path(&self) -> &Path {
        self.files.path()
    }

    /// Begins a file (mode 0600).
    pub(crate) fn create(&mut self, name: &str) -> Result<File, ExportError> {
        Ok(self.files.create(name)?)
    }

    /// Writes the manifest and gives every file its name. The files must be on the disk already.
    pub(crate) fn publish(mut self, manifest: &Manifest) -> Result<(), ExportError> {
        let indexes = self.files.indexes();
        let earlier = indexes.iter().filter_map(|path| Manifest::read(path).ok()).flat_map(|m| m.files());
        let earlier: BTreeSet<String> = self.present(earlier)?.collect();
        // A file of one of these names that no manifest lists is somebody else's and is not overwritten.
        let is_there = |name: &String| self.path().join(name).symlink_metadata().is_ok();
        let is_foreign = |name: &String| !earlier.contains(name) && is_there(name);
        if self.files.names().iter().any(is_foreign) {
            return Err(ExportError::Foreign(self.path().to_owned()));
        }
        let json = manifest.to_json();
        // Nobody could read it again.
        if json.len() as u64 > side_file::MOST {
            return Err(ExportError::TooManyFiles(self.path().to_owned()));
        }
        let mut file = self.create(manifest::NAME)?;
        let written = file.write_all(json.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|source| OutputError::write(&self.path().join(manifest::NAME), source))?;
        self.files.sync()?;
        reach(Point::Sealed);
        Ok(self.files.publish(&earlier.into_iter().collect::<Vec<_>>())?)
    }

    /// Removes the export and its folder. Its manifest loses its name first, so that a half removed export never
    /// looks whole, and is removed last, so that the next process knows what is left to remove.
    pub(crate) fn remove(self) -> Result<(), ExportError> {
        let failed = |source| OutputError::write(self.path(), source);
        let manifest = self.path().join(manifest::NAME);
        let files = self.present(Manifest::read(&manifest)?.files())?;
        let going = self.files.partial(manifest::NAME);
        fs::rename(&manifest, &going).map_err(failed)?;
        fault::point("MUSTER_TEST_EXPORT_STOP", "pruning");
        for name in files {
            self.files.remove(&name)?;
            fault::point("MUSTER_TEST_EXPORT_STOP", "pruned");
        }
        fs::remove_file(&going).map_err(failed)?;
        // What somebody else has put there stays, and the folder with it.
        if let Err(error) = fs::remove_dir(self.path()) {
            tracing::warn!("{}: its export was removed, the folder stays: {error}", self.path().display());
        }
        Ok(())
    }

    fn remove_all(&self, names: &[String]) -> Result<(), ExportError> {
        Ok(self.present(names.to_vec())?.try_for_each(|name| self.files.remove(&name))?)
    }

    /// Those of the names that are regular files of the folder.
    fn present(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<impl Iterator<Item = String>, ExportError> {
        let present = self.files.regular()?;
        Ok(names.into_iter().filter(move |name| present.contains(name)))
    }
}
