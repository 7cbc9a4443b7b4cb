//! Printing a result on standard output.

use std::io::{self, Write};

use crate::output::json;
use crate::output::visible::{visible_colours, visible_lines};

/// Prints a whole result, without what could control a terminal. A reader that went away is no error: it has seen what
/// it wanted, and the exit code says what was found or done.
pub(super) fn print(out: &mut dyn Write, text: impl AsRef<str>) -> io::Result<()> {
    print_as_is(out, visible_lines(text.as_ref()).as_bytes())
}

/// Prints data for another program in the same way, to the byte.
pub(super) fn print_as_is(out: &mut dyn Write, data: impl AsRef<[u8]>) -> io::Result<()> {
    match out.write_all(data.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

/// A result as JSON for programs, indented.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    json::pretty(value)
}

/// Says something on standard error, perhaps in colours. If nobody listens, it is lost.
pub(super) fn say(text: &str) {
    let text = visible_colours(text);
    let _ = io::stderr().write_all(text.as_bytes()).and_then(|()| io::stderr().flush());
}
