//! Printing a result on standard output.

use std::io::{self, Write};

/// Prints a whole result. A reader that went away is no error: it has seen what it wanted, and the exit code says
/// what was found or done.
pub(super) fn print(out: &mut dyn Write, text: impl AsRef<[u8]>) -> io::Result<()> {
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// A result as JSON for programs, indented.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Says something on standard error. If nobody listens, it is lost.
pub(super) fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes()).and_then(|()| io::stderr().flush());
}
