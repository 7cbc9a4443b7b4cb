//! `muster user`: the users of the database, one by one, and their invites.

use std::io::Write;

use crate::cli::{Talk, UserAction, UserArgs};
use crate::exit::Exit;

use super::{CommandError, invite, records};

/// The entity that the command is named after.
const ENTITY: &str = "users";

/// Does what was asked.
pub(crate) fn run(args: &UserArgs, talk: &Talk, out: &mut dyn Write) -> Result<Exit, CommandError> {
    match &args.action {
        UserAction::Show(args) => records::show(args, ENTITY, out),
        UserAction::List(args) => records::list(args, ENTITY, talk.quiet, out),
        UserAction::Invite(args) => invite::run(args, false, talk.yes, out),
        UserAction::Invites(args) => invite::invites(args, talk.yes, out),
        UserAction::Accept(args) => invite::open(args, out),
    }
}
