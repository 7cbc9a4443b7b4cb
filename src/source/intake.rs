//! How much may be taken in of an input: as much as `--max-input` says, not too many times what is stored of it, and
//! never more than its copy's disk has room for. It is asked for each chunk, and so is whether the run goes on.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SourceError;
use crate::disk;

/// How many bytes a stored byte may become. Rows of a file hardly ever become fifty times smaller; what is made to fill
/// disks becomes a thousand times smaller and more.
const RATIO: u64 = 200;
/// Up to so many bytes the ratio does not matter.
const HARMLESS: u64 = 64 << 20;

/// What holds for all inputs of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intake<'i> {
    /// Where copies are kept.
    pub(crate) folder: &'i Path,
    /// `--max-input`, in bytes. If it is given, no ratio is looked at.
    pub(crate) most: Option<u64>,
    /// Set to stop the run.
    pub(crate) cancelled: &'i AtomicBool,
}

impl<'i> Intake<'i> {
    /// Copies in `folder`, of any size.
    pub(crate) fn unlimited(folder: &'i Path) -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self { folder, most: Some(u64::MAX), cancelled: &NEVER }
    }

    /// Checks that an input called `name` may have `len` bytes, of which `stored` are stored.
    /// Errors: [`SourceError::TooLarge`], [`SourceError::Bomb`].
    pub(crate) fn holds(&self, name: &str, len: u64, stored: u64) -> Result<(), SourceError> {
        let name = || name.to_owned();
        match self.most {
            Some(most) if len > most => Err(SourceError::TooLarge { name: name(), most }),
            None if len > HARMLESS && len / RATIO > stored => {
                Err(SourceError::Bomb { name: name(), stored, len })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the run goes on, and that `bytes` may be added to a copy of `len` bytes that was made of `stored`
    /// ones.
    /// Errors: [`SourceError::Stopped`], [`SourceError::TooLarge`], [`SourceError::Bomb`], [`SourceError::Spool`].
    pub(crate) fn grows(
        &self,
        name: &str,
        copy: &File,
        (len, bytes): (u64, usize),
        stored: u64,
    ) -> Result<(), SourceError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(SourceError::Stopped { name: name.to_owned() });
        }
        self.holds(name, len + bytes as u64, stored)?;
        disk::may_grow(copy, len, bytes).map_err(|source| self.unwritable(name, source))
    }

    /// The error for a copy that cannot be written.
    pub(super) fn unwritable(&self, name: &str, source: io::Error) -> SourceError {
        SourceError::Spool { name: name.to_owned(), folder: self.folder.display().to_string(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_grows_up_to_its_limit_and_its_ratio() {
        let (folder, file) = (tempfile::tempdir().unwrap(), tempfile::tempfile().unwrap());
        let cancelled = AtomicBool::new(false);
        let intake = Intake { folder: folder.path(), most: None, cancelled: &cancelled };
        let grows = |intake: Intake<'_>, len: u64, stored| {
            intake.grows("in", &file, (len - 1, 1), stored).map_err(|error| error.to_string())
        };
        assert_eq!(grows(intake, HARMLESS, 1), Ok(()));
        assert_eq!(grows(intake, 10 * HARMLESS, 10 * HARMLESS / RATIO), Ok(()));
        let bomb = grows(intake, HARMLESS + 1, 19_000).unwrap_err();
        assert!(bomb.starts_with("in: its 19000 bytes hold more than 67108865"), "{bomb}");
        let limited = Intake { most: Some(HARMLESS + 1), ..intake };
        assert_eq!(grows(limited, HARMLESS + 1, 19_000), Ok(()));
        let large = grows(limited, HARMLESS + 2, HARMLESS).unwrap_err();
        assert!(large.contains("--max-input"), "{large}");
        cancelled.store(true, Ordering::Relaxed);
        assert!(grows(intake, 1, 1).unwrap_err().contains("stopped"));
    }
}
