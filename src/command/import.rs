//! `muster import`: checks files, then writes their rows to the database in one transaction.

use std::io::Write;

use crate::cli::ImportArgs;
use crate::exit::Exit;
use crate::report::progress::Progress;
use crate::run::import;
use crate::settings::Given;

use super::{CommandError, summary};

/// Imports the files, and prints the summary.
pub(crate) fn run(
    args: &ImportArgs,
    given: &Given,
    progress: Progress,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let reported = import(&args.settings(given)?, &progress)?;
    drop(progress);
    summary::print(&reported, args.read.json, out)
}
