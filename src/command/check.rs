//! `muster check`: reads and validates files, resolves duplicates and references, and writes reports; writes to no
//! database.

use std::io::Write;

use crate::cli::CheckArgs;
use crate::exit::Exit;
use crate::report::progress::Progress;
use crate::run::check;

use super::{CommandError, request, summary};

/// Checks the files, and prints the summary.
///
/// # Errors
///
/// See [`CommandError`].
pub(crate) fn run(args: &CheckArgs, progress: Progress, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut options = request::options(&args.read)?;
    if args.against_database {
        options.again.push("--against-database".to_owned());
        options.again.extend(request::same_database(args.database.database_url.as_deref()));
    }
    let database = args.against_database.then_some(args.database.database_url.as_deref());
    let reported = check(&options, database, args.read.move_users, &progress)?;
    drop(progress);
    summary::print(&reported, args.read.json, out)
}
