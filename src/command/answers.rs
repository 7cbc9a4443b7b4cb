//! The answers of a dialogue, line by line, until a signal ends it.

use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;

use crate::run::RunError;
use crate::signal::POLL;

use super::print::say;

/// The lines of standard input, and the signal that ends the dialogue.
pub(super) struct Answers {
    lines: Receiver<io::Result<String>>,
    interrupted: Arc<AtomicBool>,
}

impl Answers {
    /// Reads lines in another thread: a read cannot be interrupted, the wait for one can.
    pub(super) fn begin(interrupted: Arc<AtomicBool>) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { lines, interrupted }
    }

    /// The next line.
    /// Errors: an interruption, and the end of the input.
    pub(super) fn next(&self) -> Result<String, RunError> {
        loop {
            if self.interrupted.load(Ordering::Relaxed) {
                say("\n");
                return Err(RunError::Interrupted);
            }
            match self.lines.recv_timeout(POLL) {
                Ok(Ok(line)) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {}
                // The end of the input is no answer.
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                    say("\n");
                    return Err(RunError::Declined);
                }
            }
        }
    }
}
