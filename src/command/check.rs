//! `muster check`: reads and validates files, resolves duplicates and references, and writes reports; writes to no
//! database.

use std::io::Write;
use std::sync::Arc;

use crate::cli::CheckArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::report::progress::Progress;
use crate::run::check;
use crate::settings::Given;

use super::{CommandError, summary};

/// Checks the files, and prints the summary.
pub(crate) fn run(
    args: &CheckArgs,
    given: &Given,
    config: Option<&Arc<Config>>,
    progress: Progress,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let reported = check(&args.settings(given, config)?, &progress)?;
    drop(progress);
    summary::print(&reported, args.read.json, out)
}
