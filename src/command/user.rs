//! `muster user`: the users of the database, one by one.

use std::io::Write;

use crate::cli::{UserAction, UserArgs};
use crate::export::ExportError;

use super::records;

/// The entity that the command is named after.
const ENTITY: &str = "users";

/// Does what was asked. Returns the exit code.
///
/// # Errors
///
/// See [`ExportError`].
pub fn run(args: &UserArgs, quiet: bool, out: &mut dyn Write) -> Result<u8, ExportError> {
    match &args.action {
        UserAction::Show(args) => records::show(args, ENTITY, out),
        UserAction::List(args) => records::list(args, ENTITY, quiet, out),
    }
}
