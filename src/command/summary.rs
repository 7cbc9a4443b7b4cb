//! What a check or an import prints at its end: the summary, and for a dry run the plan.

use std::io::{self, Write};

use crate::exit::Exit;
use crate::report::Status;
use crate::report::summary::Summary;
use crate::report::terminal;
use crate::run::{Reported, RunError};

use super::CommandError;

/// Prints it.
/// Errors: standard output cannot be written to. A reader that went away is no error: the run is done.
pub(super) fn print(reported: &Reported, json: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let Reported { context, outcome, tally, returned, folder, plan, .. } = reported;
    let printed = if json {
        out.write_all(
            Summary::new(context, outcome, tally, returned).planning(plan.as_ref()).to_json().as_bytes(),
        )
    } else {
        terminal::print(context, outcome, tally, folder, returned)
            .and_then(|()| plan.as_ref().map_or(Ok(()), |plan| out.write_all(plan.render().as_bytes())))
    };
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(reported.exit()),
        Err(source) if outcome.status == Status::Committed => {
            Err(RunError::Unprinted { run: context.run.to_string(), source }.into())
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(reported.exit()),
    }
}
