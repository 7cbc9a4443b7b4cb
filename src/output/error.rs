//! Why a file could not be written. Each error names the file and says what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// An error of a folder or of a file in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// The folder could not be made or opened.
    #[error("{}: the folder cannot be made or opened; choose another one with --out", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another run is writing to the folder.
    #[error("{}: another run is writing to this folder; wait for it, or choose another one with --out", .path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The disk is full, or the user's quota is used up.
    #[error("{}: the disk is full; make space, or choose a folder on another disk with --out", .path.display())]
    Full {
        /// The file that was being written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Less disk space than the run may need.
    #[error(
        "{}: {needed} bytes may be needed and {free} are free; make space, or choose a folder on another disk with --out",
        .path.display()
    )]
    Space {
        /// The folder.
        path: PathBuf,
        /// What the run may need, in bytes.
        needed: u64,
        /// What this user may still write, in bytes.
        free: u64,
    },
    /// A file could not be written.
    #[error("{}: the file cannot be written; check the folder's rights and its disk", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be given its name, or an old one could not be removed.
    #[error("{}: the file cannot be put in place; the complete file is beside it, under its partial name", .path.display())]
    Publish {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder has the name of a file.
    #[error("{}: a folder has the name of a file that must be written here; move it away, or choose another one with --out", .path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// Something else has the name of a file of muster's own.
    #[error(
        "{}: muster writes a file of this name, and what is there is no regular file; move it away, or choose another \
         place", .path.display()
    )]
    Irregular {
        /// What is there.
        path: PathBuf,
    },
    /// Something else has the name of a link of muster's own.
    #[error(
        "{}: muster makes a link of this name, and what is there is no link; move it away, or choose another folder \
         with --out", .path.display()
    )]
    NoLink {
        /// What is there.
        path: PathBuf,
    },
    /// A file that went back was corrected, and would be lost.
    #[error(
        "{}: this file was changed since a run of muster wrote it, and this run would overwrite or remove it; import \
         it or move it away first, or choose another folder with --out",
        .path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A source file could not be read again.
    #[error("{}: the source cannot be read again; was it changed or removed during the run?", .path.display())]
    Source {
        /// The source file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file was not finished: a mistake in this program. It is never published.
    #[error("{}: the file was not finished; this is a bug in muster, please report it", .path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
}

impl OutputError {
    /// An error while writing to `path`; a full disk is its own error.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Write { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_full_disk_is_said_plainly() {
        let source = File::options().write(true).open("/dev/full").unwrap().write_all(b"x").unwrap_err();
        let error = OutputError::write(Path::new("out/rejects.csv"), source);
        assert!(matches!(error, OutputError::Full { .. }));
        assert_eq!(
            error.to_string(),
            "out/rejects.csv: the disk is full; make space, or choose a folder on another disk with --out"
        );
    }
}
