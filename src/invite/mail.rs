//! A mail and its recipient.

use super::token::Token;

/// Mails that are sent together, each with the secret of its link.
pub(crate) type Batch = [(Mail, Token)];

/// A mail to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Its number in the outbox.
    pub(crate) id: i64,
    /// The number of its invite.
    pub(crate) invite: i64,
    /// With its recipient, the provider can find it by this.
    pub(crate) tag: String,
    /// When its link expires, in seconds since 1970.
    pub(crate) expires: i64,
    /// The recipient.
    pub(crate) person: Person,
}

/// The recipient of a mail, as the database has them at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// Where the mail goes.
    pub(crate) address: String,
    /// May be empty.
    pub(crate) first_name: String,
    /// May be empty.
    pub(crate) last_name: String,
    /// The account's name, else its key.
    pub(crate) account: String,
    pub(crate) account_key: String,
    /// In its normal form.
    pub(crate) role: String,
    /// In its normal form; may be empty.
    pub(crate) language: String,
    /// Whether they came from an older system.
    pub(crate) migrated: bool,
}
