//! A file of a run's folder while it is written under its partial name.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::disk;

use super::error::OutputError;

/// How many bytes are collected before they are passed to the system.
const BUFFER: usize = 256 * 1024;
/// After how many bytes the system is told to write them to the disk.
const WRITE_OUT: u64 = 8 << 20;

/// A file that gets its name when its folder is published, shared by its writer and the folder.
#[derive(Debug)]
pub(super) struct Staged {
    pub(crate) name: String,
    /// Its path until then.
    pub(crate) partial: PathBuf,
    pub(crate) file: File,
    finished: AtomicBool,
}

impl Staged {
    pub(super) fn new(name: &str, partial: PathBuf, file: File) -> Self {
        Self { name: name.to_owned(), partial, file, finished: AtomicBool::new(false) }
    }

    /// Whether all its bytes were passed to the system.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// The writer of a file under its partial name.
#[derive(Debug)]
pub(crate) struct StagedFile {
    writer: BufWriter<Handle>,
}

/// The file's handle, which the folder needs too, for fsync.
#[derive(Debug)]
struct Handle {
    staged: Arc<Staged>,
    written: u64,
    /// How many of these bytes the system was told to write to the disk.
    written_out: u64,
}

impl Handle {
    /// Tells the system to write the new bytes to the disk, so that fsync at the end has little left to do.
    #[cfg(target_os = "linux")]
    fn write_out(&mut self) {
        let length = std::num::NonZeroU64::new(self.written - self.written_out);
        // Only advice: without it the file is written all the same.
        let _ =
            rustix::fs::fadvise(&self.staged.file, self.written_out, length, rustix::fs::Advice::DontNeed);
        self.written_out = self.written;
    }

    #[cfg(not(target_os = "linux"))]
    fn write_out(&mut self) {
        self.written_out = self.written;
    }
}

impl Write for Handle {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        disk::may_grow(&self.staged.file, self.written, buf.len())?;
        let written = (&self.staged.file).write(buf)?;
        self.written += written as u64;
        if self.written - self.written_out >= WRITE_OUT {
            self.write_out();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StagedFile {
    pub(super) fn new(staged: Arc<Staged>) -> Self {
        Self { writer: BufWriter::with_capacity(BUFFER, Handle { staged, written: 0, written_out: 0 }) }
    }

    /// A file on a full disk.
    #[cfg(all(test, target_os = "linux"))]
    pub(super) fn of_a_full_disk() -> Self {
        let path = PathBuf::from("/dev/full");
        let file = File::options().write(true).open(&path).expect("Linux has it");
        Self::new(Arc::new(Staged::new("full", path, file)))
    }

    /// Writes all of `bytes`.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.writer.write_all(bytes).map_err(|source| OutputError::write(self.path(), source))
    }

    /// Passes the last bytes to the system. A file that is dropped without this is never published.
    pub(crate) fn finish(mut self) -> Result<(), OutputError> {
        let flushed = self.writer.flush();
        flushed.map_err(|source| OutputError::write(self.path(), source))?;
        self.writer.get_ref().staged.finished.store(true, Ordering::Release);
        Ok(())
    }

    /// The file's current path.
    pub(crate) fn path(&self) -> &Path {
        &self.writer.get_ref().staged.partial
    }
}

impl Write for StagedFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.writer.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
