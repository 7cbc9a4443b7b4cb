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
pub fn run(args: &CheckArgs, listener: &dyn Listener) -> Result<Reported, RunError> {
    let options = request::options(&args.read)?;
    let database = args.against_database.then_some(args.database.database_url.as_deref());
    check(&options, database, args.read.move_users, listener)
}
