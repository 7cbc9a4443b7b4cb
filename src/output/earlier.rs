//! What earlier runs left in a folder, and what of it may be replaced. A file of records that went back may have been
//! corrected since: it is replaced only if it still has the SHA-256 that the summary of its run lists.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::error::OutputError;
use super::names;
use super::whole::WholeFolder;
use crate::hash::Hasher;
use crate::side_file;

/// How much is hashed at a time.
const HASHED: usize = 1 << 20;

/// The files of earlier runs that may be replaced.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    /// Files that went back and were not changed since, with their size and time when that was found out.
    returned: BTreeMap<String, Stamp>,
    /// The files with what a target had and the inputs had not.
    absent: BTreeSet<String>,
}

type Stamp = (u64, Option<SystemTime>);

impl Earlier {
    /// Looks at the files that earlier runs listed, and at those that have a name which a run with these inputs may
    /// give to its own. `summaries` are the indexes of earlier runs. A corrected file that is an input itself may stay.
    /// Errors: [`OutputError::Changed`].
    pub(super) fn look(
        folder: &WholeFolder,
        summaries: impl IntoIterator<Item = PathBuf>,
        inputs: &[&Path],
    ) -> Result<Self, OutputError> {
        let mut earlier = Self::default();
        let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let present = folder.regular()?;
        for summary in summaries.into_iter().filter_map(|path| side_file::read_own(&path).ok()) {
            earlier.list(&summary, &present, &mut listed);
        }
        let stems = inputs.iter().filter_map(|input| input.to_str()).map(|input| names::stem(input, ""));
        let own: BTreeSet<String> = stems.flat_map(names::returned).collect();
        let inputs: HashSet<PathBuf> = inputs.iter().filter_map(|input| input.canonicalize().ok()).collect();
        let names: BTreeSet<&String> = own.iter().chain(listed.keys()).collect();
        for name in names {
            let path = folder.path().join(name);
            let Some(stamp) = stamp(&path) else { continue };
            let is_input = path.canonicalize().is_ok_and(|path| inputs.contains(&path));
            if is_input && !own.contains(name) {
                continue;
            }
            let is_listed = || Some(listed.get(name)?.contains(&sha256(&path).ok()?));
            if is_input || is_listed() != Some(true) {
                return Err(OutputError::Changed { path });
            }
            earlier.returned.insert(name.clone(), stamp);
        }
        Ok(earlier)
    }

    /// Takes from a summary the files that its run wrote, of those that are `present`. Only these are removed: a folder
    /// may hold other files with similar names, and a summary may name other folders' files.
    fn list(
        &mut self,
        summary: &[u8],
        present: &BTreeSet<String>,
        listed: &mut BTreeMap<String, Vec<String>>,
    ) {
        let Ok(summary) = serde_json::from_slice::<Value>(summary) else { return };
        let items = |list: &Value| list.as_array().cloned().unwrap_or_default();
        for entity in items(&summary["entities"]) {
            let name = entity["entity"].as_str().filter(|name| !name.is_empty());
            self.absent.extend(name.map(names::absent).filter(|name| present.contains(name)));
            for file in items(&entity["files"]).iter().flat_map(|file| items(&file["returned"])) {
                if let (Some(name), Some(sha256)) = (file["name"].as_str(), file["sha256"].as_str())
                    && names::is_returned(name)
                    && present.contains(name)
                {
                    listed.entry(name.to_owned()).or_default().push(sha256.to_owned());
                }
            }
        }
    }

    /// Checks that a file may get this name.
    /// Errors: [`OutputError::Changed`].
    pub(super) fn may_replace(&self, path: &Path, name: &str) -> Result<(), OutputError> {
        if names::is_returned(name) && !self.returned.contains_key(name) && stamp(path).is_some() {
            return Err(OutputError::Changed { path: path.to_owned() });
        }
        Ok(())
    }

    /// Checks that the files to be replaced are still as they were when they were looked at.
    /// Errors: [`OutputError::Changed`].
    pub(super) fn unchanged(&self, folder: &Path) -> Result<(), OutputError> {
        for (name, old) in &self.returned {
            let path = folder.join(name);
            if stamp(&path).is_some_and(|now| now != *old) {
                return Err(OutputError::Changed { path });
            }
        }
        Ok(())
    }

    /// The files that may be removed.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.returned.keys().chain(&self.absent)
    }
}

/// The size and time of a file, if there is one.
fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.len(), found.modified().ok()))
}

fn sha256(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher) = (side_file::open_own(path)?, Hasher::new());
    let mut buffer = vec![0; HASHED];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
