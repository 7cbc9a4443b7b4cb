//! The question before a command does what cannot easily be undone.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::output::visible::visible_lines;
use crate::run::RunError;

/// Asks it at the terminal. Without a terminal, `--yes` must answer it.
pub(super) fn ask(question: String) -> Result<(), RunError> {
    if !can_ask() {
        return Err(RunError::Unasked { question });
    }
    let mut answer = String::new();
    let asked =
        write!(io::stderr(), "{} [y/N] ", visible_lines(&question)).and_then(|()| io::stderr().flush());
    let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
    match (read, answer.trim().to_ascii_lowercase().as_str()) {
        (Ok(_), "y" | "yes") => Ok(()),
        (Ok(_), _) => Err(RunError::Declined),
        (Err(_), _) => Err(RunError::Unasked { question }),
    }
}

/// Whether somebody is there to be asked.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
