//! A file that is written by a separate thread, so that the thread that makes the bytes does not wait for the system.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::parallel::Spares;

use super::{OutputError, StagedFile};

/// The largest number of buffers that wait to be written; the caller waits to add another.
const WAITING: usize = 4;

/// A staged file and the thread that writes it.
#[derive(Debug)]
pub(crate) struct BackgroundFile {
    path: PathBuf,
    /// `None` when the file has ended.
    sender: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<Result<StagedFile, OutputError>>>,
    buffers: Buffers,
}

/// Buffers that were written and are used again: allocating new ones takes time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers(Arc<Spares<Vec<u8>>>);

impl Buffers {
    /// An empty buffer; a new one has room for `capacity` bytes.
    pub(crate) fn take(&self, capacity: usize) -> Vec<u8> {
        self.0.take().unwrap_or_else(|| Vec::with_capacity(capacity))
    }

    fn give(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.0.give(buffer);
    }
}

impl BackgroundFile {
    /// Starts a thread that writes `file`.
    /// Errors: [`OutputError::Write`] if the system does not start a thread.
    pub(crate) fn new(file: StagedFile) -> Result<Self, OutputError> {
        let path = file.path().to_owned();
        let buffers = Buffers::default();
        let (sender, receiver) = sync_channel(WAITING);
        let used = buffers.clone();
        let thread = Builder::new().name("reports".to_owned()).spawn(move || write(file, &receiver, &used));
        let thread = thread.map_err(|source| OutputError::write(&path, source))?;
        Ok(Self { path, sender: Some(sender), thread: Some(thread), buffers })
    }

    /// Buffers for the bytes to write.
    pub(crate) fn buffers(&self) -> Buffers {
        self.buffers.clone()
    }

    /// Appends bytes.
    pub(crate) fn put(&mut self, bytes: Vec<u8>) -> Result<(), OutputError> {
        match &self.sender {
            Some(sender) if sender.send(bytes).is_ok() => Ok(()),
            _ => self.end().and(Err(OutputError::Unfinished { path: self.path.clone() })),
        }
    }

    /// Waits until all bytes are written and ends the file.
    pub(crate) fn finish(mut self) -> Result<(), OutputError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), OutputError> {
        self.sender = None;
        let Some(thread) = self.thread.take() else {
            return Err(OutputError::Unfinished { path: self.path.clone() });
        };
        thread.join().unwrap_or_else(|panic| resume_unwind(panic))?.finish()
    }
}

/// Writes buffers until the sender is gone.
fn write(mut file: StagedFile, bytes: &Receiver<Vec<u8>>, used: &Buffers) -> Result<StagedFile, OutputError> {
    for buffer in bytes {
        file.put(&buffer)?;
        used.give(buffer);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::RunFolder;
    use super::*;

    #[test]
    fn bytes_are_written_in_order_and_buffers_are_used_again() {
        let home = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        let mut file = BackgroundFile::new(folder.create("rejects.csv").unwrap()).unwrap();
        let buffers = file.buffers();
        let mut wanted: Vec<u8> = Vec::new();
        for number in 0..1_000_u32 {
            let mut buffer = buffers.take(64);
            assert!(buffer.is_empty());
            buffer.extend(number.to_le_bytes());
            wanted.extend(&buffer);
            file.put(buffer).unwrap();
        }
        file.finish().unwrap();
        let unused = std::iter::from_fn(|| buffers.0.take()).count();
        assert!(unused <= WAITING + 2, "no more than were in flight");
        folder.publish().unwrap();
        assert!(fs::read(home.path().join("rejects.csv")).unwrap() == wanted);
    }

    #[test]
    fn a_file_that_was_not_finished_is_never_published() {
        let home = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        let mut file = BackgroundFile::new(folder.create("rejects.csv").unwrap()).unwrap();
        file.put(b"half".to_vec()).unwrap();
        drop(file);
        assert!(matches!(folder.publish(), Err(OutputError::Unfinished { .. })));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_reported_by_a_later_write_or_at_the_end() {
        let full = |bytes: usize| {
            let mut file = BackgroundFile::new(StagedFile::of_a_full_disk()).unwrap();
            let put = (0..20).try_for_each(|_| file.put(vec![0; bytes]));
            (put, file.finish())
        };
        let (put, end) = full(1 << 20);
        assert!(matches!(put, Err(OutputError::Full { .. })), "{put:?}");
        assert!(matches!(end, Err(OutputError::Unfinished { .. })), "{end:?}");
        let (put, end) = full(1);
        assert!(put.is_ok() && matches!(end, Err(OutputError::Full { .. })), "{end:?}");
    }
}
