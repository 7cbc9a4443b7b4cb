//! What a terminal can show: colours and moving bars, or only plain lines.

use std::env::var_os;
use std::io::IsTerminal;

/// Whether colours and other control sequences may be written to `stream`: it is a terminal that knows them, and
/// `NO_COLOR` is not set.
pub(crate) fn takes_control(stream: &impl IsTerminal) -> bool {
    stream.is_terminal()
        && var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && var_os("TERM").is_some_and(|name| name != "dumb")
}
