//! The program: parse the command line, run the command, print the one fatal error, exit.

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::{Cli, Command, DbAction, LineError, LogFormat, RejectsArgs, Talk};
use crate::command::{
    account, check, completions, db, explain, export, import, rejects, roles, runs, schema, undo, user,
    verify,
};
use crate::report::Status;
use crate::report::log::{self, Format};
use crate::report::progress::Progress;
use crate::report::summary::Summary;
use crate::report::terminal;
use crate::run::{Exit, Reported, RunError};

/// Runs the command line `args`, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(args) {
        Ok(cli) => cli,
        Err(LineError::Line(error)) => error.exit(),
        Err(LineError::Schema(error)) => return ExitCode::from(fail(&error, 1)),
    };
    let progress = Progress::new(!cli.talk.quiet && !cli.talk.no_progress && reads_files(&cli.command));
    log::init(cli.talk.verbose, cli.talk.quiet, format(&cli.talk), &progress);
    let mut out = io::stdout().lock();
    let code = match &cli.command {
        Command::Check(args) => finish(check::run(args, &progress), progress, args.read.json, &mut out),
        Command::Import(args) => finish(import::run(args, &progress), progress, args.read.json, &mut out),
        Command::Export(args) => {
            let done = export::run(args, cli.talk.quiet, &progress, &mut out);
            drop(progress);
            done.unwrap_or_else(|e| log_or_fail(&e, e.exit_code(), &cli.talk))
        }
        Command::Verify(args) => verify::run(args, cli.talk.quiet, &mut out)
            .unwrap_or_else(|e| log_or_fail(&e, e.exit_code(), &cli.talk)),
        Command::Account(args) => {
            account::run(args, &cli.talk, &progress, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code()))
        }
        Command::User(args) => {
            user::run(args, &cli.talk, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code()))
        }
        Command::Roles(args) => {
            roles::run(args, cli.talk.quiet, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code()))
        }
        Command::Rejects(args) => look_into(args, &mut out),
        Command::Explain(args) => explain::run(args, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code())),
        Command::Schema(args) => schema::run(args, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code())),
        Command::Runs(args) => runs::run(args, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code())),
        Command::Undo(args) => {
            undo::run(args, cli.talk.yes, &mut out).unwrap_or_else(|e| fail(&e, e.exit_code()))
        }
        Command::Db(args) => local_database(args.action.as_ref(), &mut out),
        Command::Completions(args) => completions::run(args, &mut out).unwrap_or_else(|e| fail(&e, 1)),
    };
    ExitCode::from(code)
}

/// Prints what a run has to show, and ends it.
fn finish(run: Result<Reported, RunError>, progress: Progress, json: bool, out: &mut dyn Write) -> u8 {
    // The bars go before the summary comes.
    drop(progress);
    let reported = match run {
        Ok(reported) => reported,
        Err(error) => return fail(&error, error.exit().code()),
    };
    let Reported { context, outcome, tally, returned, folder, plan, record: _ } = &reported;
    let printed = if json {
        out.write_all(Summary::new(context, outcome, tally).planning(plan.as_ref()).to_json().as_bytes())
    } else {
        terminal::print(context, outcome, tally, folder, returned)
            .and_then(|()| plan.as_ref().map_or(Ok(()), |plan| out.write_all(plan.render().as_bytes())))
    };
    match printed.and_then(|()| out.flush()) {
        // The run is done; a reader that went away does not undo it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => reported.exit().code(),
        Err(source) if outcome.status == Status::Committed => {
            let error = RunError::Unprinted { run: context.run.clone(), source };
            fail(&error, error.exit().code())
        }
        Err(error) => fail(&error, Exit::Failed.code()),
        Ok(()) => reported.exit().code(),
    }
}

/// Shows the findings of a finished run.
fn look_into(args: &RejectsArgs, out: &mut dyn Write) -> u8 {
    let colour = terminal::colour();
    match rejects::run(args, out, colour).and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Err(error) if error.is_closed_pipe() => 0,
        Err(error) => fail(&error, error.exit_code()),
        Ok(code) => code,
    }
}

fn local_database(action: Option<&DbAction>, out: &mut dyn Write) -> u8 {
    let action = match action {
        Some(DbAction::Start) => db::Action::Start,
        Some(DbAction::Stop) => db::Action::Stop,
        Some(DbAction::Status) | None => db::Action::Status,
        Some(DbAction::Psql { args }) => db::Action::Psql(args.clone()),
    };
    match db::run(action) {
        Ok(line) => writeln!(out, "{line}").map_or_else(|e| fail(&e, 1), |()| 0),
        Err(error) => fail(&error, 1),
    }
}

/// Prints a fatal error with its causes; among JSON logs, as one of them.
fn log_or_fail(error: &dyn std::error::Error, code: u8, talk: &Talk) -> u8 {
    match format(talk) {
        Format::Text => return fail(error, code),
        Format::Json => tracing::error!(exit_code = code, "{}", with_causes(error)),
    }
    code
}

/// Prints a fatal error with its causes.
fn fail(error: &dyn std::error::Error, code: u8) -> u8 {
    // Where not even this can be said, the exit code says it.
    let _ = io::stderr().write_all(log::fatal(&with_causes(error)).as_bytes());
    code
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        message.push_str("\n  because: ");
        message.push_str(&without_values(&inner.to_string()));
        cause = inner.source();
    }
    message
}

/// A cause without the lines in which PostgreSQL quotes the row at hand: personal data stays out of logs.
fn without_values(cause: &str) -> String {
    let told = cause.lines().filter(|line| !line.starts_with("DETAIL:") && !line.starts_with("CONTEXT:"));
    told.collect::<Vec<_>>().join("\n")
}

fn format(talk: &Talk) -> Format {
    match talk.log_format {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    }
}

fn reads_files(command: &Command) -> bool {
    matches!(command, Command::Check(_) | Command::Import(_) | Command::Export(_))
}
