//! What an invitation is asked, and what it did.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::people::Selection;
use super::plan::InvitePlan;
use super::postmark::{Access, Content, TEST_TOKEN};
use super::sender::{Link, Mailbox};

/// Where mails go.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    /// Into files in this folder.
    Folder(PathBuf),
    /// Into files in this folder, with links that open nothing: nobody counts as invited.
    Preview(PathBuf),
    /// To Postmark.
    Postmark(Access),
}

impl Means {
    /// What the outbox calls it.
    pub(super) fn channel(&self) -> &'static str {
        match self {
            Self::Folder(_) | Self::Preview(_) => "folder",
            Self::Postmark(access) if access.token.reveal() == TEST_TOKEN => "postmark-test",
            Self::Postmark(_) => "postmark",
        }
    }
}

/// What is needed to send.
#[derive(Debug, Clone)]
pub(crate) struct Sending {
    /// Where mails go.
    pub(crate) means: Means,
    /// Who they are from.
    pub(crate) from: Mailbox,
    /// Where their links lead.
    pub(crate) link: Link,
}

/// What an invitation is asked.
#[derive(Debug, Clone)]
pub(crate) struct InviteOptions {
    /// Where the target is; see [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// The recipients.
    pub(crate) selection: Selection,
    /// Only users who were invited before and have not accepted.
    pub(crate) resend: bool,
    /// What the mails say.
    pub(crate) content: Content,
    /// How they are sent; none for a dry run.
    pub(crate) sending: Option<Sending>,
    /// Lists of addresses that get no invitation.
    pub(crate) suppress: Vec<PathBuf>,
    /// The largest number of mails.
    pub(crate) limit: Option<u64>,
    /// The largest number of mails a minute.
    pub(crate) rate: Option<u32>,
    /// How long a link is valid.
    pub(crate) expires: Duration,
    /// After this time, a mail that the provider does not have never reached it.
    pub(crate) settle: Duration,
}

/// What an invitation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Invited {
    /// Its id, which tag and metadata of the mails carry.
    pub(crate) run: String,
    /// What it was going to do.
    pub(crate) plan: InvitePlan,
    /// Whether nothing was sent.
    pub(crate) dry_run: bool,
    /// Mails that the provider accepted.
    pub(crate) sent: u64,
    /// Of these: found at the provider, where an earlier call had left them without an answer.
    pub(crate) found: u64,
    /// Addresses that were refused.
    pub(crate) failed: u64,
    /// Of these: not one valid address; nothing was sent there.
    pub(crate) invalid: Vec<String>,
    /// Mails of which it is not known whether the provider accepted them.
    pub(crate) unknown: u64,
    /// Mails whose recipient should not get them any more.
    pub(crate) cancelled: u64,
}
