//! `muster user`: the users of the database, one by one, and their invites.

use std::io::Write;

use crate::cli::{Talk, UserAction, UserArgs};
use crate::export::ExportError;

use super::invite::{self, InvitingError};
use super::records;

/// The entity that the command is named after.
const ENTITY: &str = "users";

/// What `muster user` can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserError {
    /// Looking at users.
    #[error(transparent)]
    Records(#[from] ExportError),
    /// Inviting them.
    #[error(transparent)]
    Inviting(#[from] InvitingError),
}

impl UserError {
    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Records(error) => error.exit_code(),
            Self::Inviting(error) => error.exit_code(),
        }
    }
}

/// Does what was asked. Returns the exit code.
///
/// # Errors
///
/// See [`UserError`].
pub(crate) fn run(args: &UserArgs, talk: &Talk, out: &mut dyn Write) -> Result<u8, UserError> {
    Ok(match &args.action {
        UserAction::Show(args) => records::show(args, ENTITY, out)?,
        UserAction::List(args) => records::list(args, ENTITY, talk.quiet, out)?,
        UserAction::Invite(args) => invite::run(args, false, talk.yes, out)?,
        UserAction::Invites(args) => invite::invites(args, talk.yes, out)?,
        UserAction::Accept(args) => invite::open(args, out)?,
    })
}
