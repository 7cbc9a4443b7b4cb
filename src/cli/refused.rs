//! What is said of a command line that cannot be parsed.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process;

use crate::output::visible::{visible, visible_lines};

/// Prints what is wrong with the command line, or the help that was asked for, and ends. What was typed is part of it,
/// and may have been made by another program.
pub(crate) fn refuse(error: &clap::Error, line: &[OsString]) -> ! {
    let variables = ["DATABASE_URL", "POSTMARK_API_URL"].map(std::env::var_os);
    let mut texts = line.iter().chain(variables.iter().flatten()).map(|text| text.to_string_lossy());
    if error.use_stderr() && texts.any(|text| matches!(visible(&text), Cow::Owned(_))) {
        // Without colours, which begin with such a character.
        let text = error.render().to_string();
        // If not even this can be written, the exit code says it.
        let _ = io::stderr().write_all(visible_lines(&text).as_bytes());
        process::exit(error.exit_code());
    }
    error.exit()
}
