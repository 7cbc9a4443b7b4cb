//! `muster completions`: the completion script of a shell, made from the command line's own definition.

use std::io::Write;

use crate::cli::{CompletionsArgs, completions};
use crate::exit::Exit;

use super::CommandError;
use super::print::print_as_is;

/// Prints the script.
pub(crate) fn run(args: &CompletionsArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    // Made in memory first: the generator panics when a pipe is closed early.
    print_as_is(out, completions(args.shell)?)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn each_shell_has_a_script_that_knows_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut out = Vec::new();
            assert_eq!(run(&CompletionsArgs { shell }, &mut out).unwrap(), Exit::Done);
            assert!(String::from_utf8(out).unwrap().contains("table-schema"), "{shell}");
        }
    }
}
