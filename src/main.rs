//! The `muster` binary: parse the command line, run, print the one fatal error, exit.

use std::process::ExitCode;

use muster::command::db::{self, Action};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).skip_while(|word| word == "db");
    let action = match arguments.next().as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("start") => Action::Start,
        Some("stop") => Action::Stop,
        Some("status") => Action::Status,
        Some("psql") => Action::Psql(arguments.collect()),
        _ => return ExitCode::from(2),
    };
    match db::run(action) {
        Ok(line) => say(&mut std::io::stdout(), &line, ExitCode::SUCCESS),
        Err(error) => say(&mut std::io::stderr(), &format!("muster: {error}"), ExitCode::FAILURE),
    }
}

fn say(stream: &mut dyn std::io::Write, line: &str, code: ExitCode) -> ExitCode {
    let told = writeln!(stream, "{line}");
    if told.is_ok() { code } else { ExitCode::FAILURE }
}
