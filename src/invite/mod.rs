//! Inviting users by e-mail: the recipients (`people`, `addresses`), what would happen (`plan`), what the mails say
//! (`message`, `template`), the outbox, which sends each mail once (`outbox`, `tables.sql`), the delivery to a provider
//! (`deliver`; `postmark`, or files in a `folder`), and the links (`token`, `states`). `send` and `manage` are the
//! steps of the commands.
//!
//! No import calls anything here: the module is above `run`, which cannot name it.
//!
//! # Once
//!
//! A mail is pending, then sending, then sent or failed; each step is committed before and after a batch is handed
//! over. A mail that was sending when the program died, or that got no answer (unknown), is looked up at the provider
//! by tag and recipient. That is done only after `--settle`, since a provider shows a mail a little after it accepted
//! it. A mail that is found is sent; one that is not found is sent again, three times at most. An advisory lock lets
//! only one invitation at a time work on a database.
//!
//! # Links
//!
//! Only the hash of a link's secret is stored, so a mail that is sent again gets a new link. The links of earlier
//! attempts of the same mail stay valid, since one of them may have arrived; the first one that is opened accepts the
//! invite, and then all stop working. A mail that is sent again on request (`resend`) replaces the links of the mails
//! before it as soon as the provider has accepted it.

mod addresses;
mod deliver;
mod error;
mod folder;
mod mail;
mod manage;
mod message;
mod options;
mod outbox;
mod people;
mod plan;
pub(crate) mod postmark;
mod provider;
mod send;
mod sender;
mod session;
mod states;
mod tables;
mod template;
mod token;

pub(crate) use error::InviteError;
pub(crate) use manage::{accept, list, revoke};
pub(crate) use message::Templates;
pub(crate) use options::{InviteOptions, Invited, Means, Sending};
pub(crate) use people::Selection;
pub(crate) use plan::InvitePlan;
pub(crate) use send::invite;
pub(crate) use sender::{Link, Mailbox};
pub(crate) use states::{Invite, ListQuery, STATES};
