//! The program: parse the command line, run the command, print the one fatal error, exit.

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cli::{Cli, Command, LineError, refuse};
use crate::command::{
    CommandError, account, check, completions, db, explain, export, import, init, rejects, roles, runs,
    schema, undo, user, verify,
};
use crate::exit::Exit;
use crate::report::log::{self, Format};
use crate::report::progress::Progress;

/// Runs the command line `args`, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = args.into_iter().collect();
    let (exit, format) = match Cli::read(line.clone()) {
        Ok(cli) => (command(&cli), cli.talk.log_format),
        Err(LineError::Line(error)) => refuse(&error, &line),
        Err(LineError::Schema(error)) => (Err(error.into()), Format::Text),
        Err(LineError::Config(error)) => (Err(error.into()), Format::Text),
    };
    let exit = match exit {
        Ok(exit) => exit,
        Err(error) if error.is_closed_pipe() => Exit::Done,
        Err(error) => {
            say(&error, error.exit(), format);
            error.exit()
        }
    };
    ExitCode::from(exit.code())
}

fn command(cli: &Cli) -> Result<Exit, CommandError> {
    let Cli { command, talk, settings, given, config } = cli;
    let config = config.as_ref();
    let has_progress = matches!(command, Command::Check(_) | Command::Import(_) | Command::Export(_));
    let progress = Progress::new(has_progress && !talk.quiet && !talk.no_progress);
    log::init(talk.verbose, talk.quiet, talk.log_format, &progress);
    check_clock(SystemTime::now())?;
    let out = &mut io::stdout().lock();
    match command {
        Command::Init(args) => init::run(args, talk, out),
        Command::Check(args) => check::run(args, given, config, progress, out),
        Command::Import(args) => import::run(args, given, config, progress, out),
        Command::Export(args) => export::run(args, talk.quiet, progress, out),
        Command::Verify(args) => verify::run(args, config, talk.quiet, out),
        Command::Account(args) => account::run(args, given, talk, &progress, out),
        Command::User(args) => user::run(args, talk, out),
        Command::Roles(args) => roles::run(args, talk.quiet, out),
        Command::Rejects(args) => rejects::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Schema(args) => schema::run(args, settings.config.is_some(), out),
        Command::Runs(args) => runs::run(args, talk.yes, out),
        Command::Undo(args) => undo::run(args, talk.yes, out),
        Command::Db(args) => db::run(args, out),
        Command::Completions(args) => completions::run(args, out),
    }
}

/// A run's id and its times can only be those of the years 1970 to 9999.
fn check_clock(now: SystemTime) -> Result<(), CommandError> {
    const END: Duration = Duration::from_hours(8_030 * 365 * 24);
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) if since < END => Ok(()),
        _ => Err(CommandError::Usage("the system's clock is before 1970 or after 9999; set it".to_owned())),
    }
}

/// Prints a fatal error with its causes; among JSON logs, as one of them.
fn say(error: &dyn Error, exit: Exit, format: Format) {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        message.push_str("\n  because: ");
        message.push_str(&without_values(&inner.to_string()));
        cause = inner.source();
    }
    match format {
        Format::Json => tracing::error!(exit_code = exit.code(), "{message}"),
        // If not even this can be written, the exit code says it.
        Format::Text => _ = io::stderr().write_all(log::fatal(&message).as_bytes()),
    }
}

/// A cause without the lines in which PostgreSQL quotes the row at hand: personal data stays out of logs.
fn without_values(cause: &str) -> String {
    let harmless = |line: &&str| !line.starts_with("DETAIL:") && !line.starts_with("CONTEXT:");
    cause.lines().filter(harmless).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_no_run_can_have_is_refused() {
        let century = Duration::from_hours(100 * 365 * 24);
        assert!(check_clock(SystemTime::now()).is_ok() && check_clock(UNIX_EPOCH + 79 * century).is_ok());
        assert!(
            check_clock(UNIX_EPOCH - century).is_err() && check_clock(UNIX_EPOCH + 81 * century).is_err()
        );
    }
}
