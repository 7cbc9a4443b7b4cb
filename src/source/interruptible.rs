//! A stream that may be silent for long (a pipe, a socket), read so that the run can stop meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
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
    goes_on: &'a dyn Fn() -> bool,
}

impl<'a> Interruptible<'a> {
    /// Reads `stream` as long as `goes_on` returns true.
    pub(super) fn new(mut stream: File, goes_on: &'a dyn Fn() -> bool) -> Self {
        let (sender, chunks) = sync_channel(2);
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let got = match stream.read(&mut chunk) {
                    Ok(got) => got,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => {
                        // The receiver is gone if the run was stopped.
                        let _ = sender.send(Err(error));
                        return;
                    }
                };
                chunk.truncate(got);
                if sender.send(Ok(chunk)).is_err() || got == 0 {
                    return;
                }
            }
        });
        Self { chunks, chunk: Vec::new(), at: 0, goes_on }
    }
}

impl Read for Interruptible<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            match self.chunks.recv_timeout(INTERVAL) {
                Ok(Ok(chunk)) if chunk.is_empty() => return Ok(0),
                Ok(chunk) => (self.chunk, self.at) = (chunk?, 0),
                Err(RecvTimeoutError::Timeout) if (self.goes_on)() => {}
                Err(RecvTimeoutError::Timeout) => return Err(io::Error::other("the run was stopped")),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let len = buf.len().min(self.chunk.len() - self.at);
        buf[..len].copy_from_slice(&self.chunk[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}
