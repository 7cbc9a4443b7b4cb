//! `muster completions`: the completion script of a shell, made from the command line's own definition.

use std::io::{self, Write};

use crate::cli::CompletionsArgs;

/// Prints the script. Returns the exit code.
///
/// # Errors
///
/// Where `out` cannot be written to.
pub(crate) fn run(args: &CompletionsArgs, out: &mut dyn Write) -> io::Result<u8> {
    // Made in memory first: the generator panics where a pipe is closed early.
    out.write_all(&args.script().map_err(io::Error::other)?)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn each_shell_has_a_script_that_knows_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut out = Vec::new();
            assert_eq!(run(&CompletionsArgs { shell }, &mut out).unwrap(), 0);
            assert!(String::from_utf8(out).unwrap().contains("table-schema"), "{shell}");
        }
    }
}
