//! What can be typed for `muster user`.

use clap::{Args, Subcommand};

use super::invite::{AcceptArgs, InviteArgs, InvitesArgs};
use super::records::{ListArgs, ShowArgs};

/// `muster user`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct UserArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: UserAction,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// Show one user, by its key
    #[command(after_help = "Example:\n  muster user show jan@example.nl --json")]
    Show(ShowArgs),
    /// List users in the order of their keys
    #[command(after_help = "\
Examples:
  muster user list --account A-17
  muster user list --role accountAdmin --json")]
    List(ListArgs),
    /// Invite users by e-mail; users who were invited before are skipped
    Invite(Box<InviteArgs>),
    /// List invites with their states, send them again, withdraw them
    Invites(InvitesArgs),
    /// Open the link of an invitation, once
    Accept(AcceptArgs),
}
