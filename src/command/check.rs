//! `muster check`: reads, judges and settles files, and writes reports; no database is written to.

use crate::cli::CheckArgs;
use crate::event::Listener;
use crate::run::{Reported, RunError, check};

use super::request;

/// Checks the files.
///
/// # Errors
///
/// See [`RunError`].
pub(crate) fn run(args: &CheckArgs, listener: &dyn Listener) -> Result<Reported, RunError> {
    let mut options = request::options(&args.read)?;
    if args.against_database {
        options.again.push("--against-database".to_owned());
        options.again.extend(request::same_database(args.database.database_url.as_deref()));
    }
    let database = args.against_database.then_some(args.database.database_url.as_deref());
    check(&options, database, args.read.move_users, listener)
}
