//! A stream that may be silent for long (a pipe, a socket), or whose opening may wait (a named pipe that nobody writes
//! to), read so that the run can stop meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// How often the run is asked whether it goes on.
const INTERVAL: Duration = Duration::from_millis(100);

/// Reads a stream on a separate thread, which a silent stream may keep waiting after the end of the run.
pub(super) struct Interruptible<'a> {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    at: usize,
    cancelled: &'a AtomicBool,
}

impl<'a> Interruptible<'a> {
    /// Opens and reads a stream until `cancelled` is set.
    pub(super) fn new(
        open: impl FnOnce() -> io::Result<File> + Send + 'static,
        cancelled: &'a AtomicBool,
    ) -> Self {
        let (sender, chunks) = sync_channel(2);
        std::thread::spawn(move || match open() {
            Ok(stream) => pass_on(stream, &sender),
            // The receiver is gone if the run was stopped.
            Err(error) => _ = sender.send(Err(error)),
        });
        Self { chunks, chunk: Vec::new(), at: 0, cancelled }
    }
}

/// Sends a stream chunk by chunk; an empty one is its end.
fn pass_on(mut stream: File, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let got = match stream.read(&mut chunk) {
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let _ = to.send(Err(error));
                return;
            }
        };
        chunk.truncate(got);
        if to.send(Ok(chunk)).is_err() || got == 0 {
            return;
        }
    }
}

impl Read for Interruptible<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(io::Error::other("the run was stopped"));
            }
            match self.chunks.recv_timeout(INTERVAL) {
                Ok(Ok(chunk)) if chunk.is_empty() => return Ok(0),
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let len = buf.len().min(self.chunk.len() - self.at);
        buf[..len].copy_from_slice(&self.chunk[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}
