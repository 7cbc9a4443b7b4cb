//! `muster import`: checks files, then writes their rows to the database in one transaction.

use std::io::Write;
use std::sync::Arc;

use crate::cli::ImportArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::report::progress::Progress;
use crate::run::import;
use crate::settings::Given;

use super::{CommandError, summary};

/// Imports the files, and prints the summary.
pub(crate) fn run(
    args: &ImportArgs,
    given: &Given,
    config: Option<&Arc<Config>>,
    progress: Progress,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let reported = import(&args.settings(given, config)?, &progress)?;
    drop(progress);
    summary::print(&reported, args.read.json, out)
}
