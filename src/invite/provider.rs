//! What takes mails: the words that a provider's answers are told in. `postmark` and `folder` are two.

use std::time::Duration;

use super::outbox::Mail;
use super::token::Token;

/// Mails that travel together, each with the secret of its link.
pub(crate) type Batch = [(Mail, Token)];

/// Whatever takes mails.
pub(crate) trait Provider {
    /// What the outbox calls it. Mails of one channel are looked up in no other.
    fn channel(&self) -> &'static str;

    /// How many mails of the front of a batch fit into one call.
    fn fits(&self, batch: &Batch) -> usize;

    /// Hands mails over, in one call.
    fn send(&self, batch: &Batch) -> Reply;

    /// Looks for a mail that was handed over without an answer; gives the provider's own number of it.
    ///
    /// # Errors
    ///
    /// The question could not be answered now.
    fn find(&self, id: i64, tag: &str, address: &str) -> Result<Option<String>, Reply>;

    /// How many mails a call takes at most.
    fn most(&self) -> usize;
}

/// What came back for a call.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One answer for each mail, in the order sent.
    Answers(Vec<Answer>),
    /// Nothing was taken; the same may be tried again after this time.
    Later(Wait),
    /// Whether anything was taken is not known.
    Lost(Wait),
    /// Nothing was taken, and trying again is of no use.
    Stop(Stop),
}

/// Why something is to be tried again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    /// What happened.
    pub(crate) why: String,
    /// What the provider asked for.
    pub(crate) after: Option<Duration>,
}

/// What became of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken; the provider's number for it.
    Sent(String),
    /// This address cannot be mailed; the provider's code.
    Failed(i32),
    /// Not taken, and neither will others be.
    Stop(Stop),
    /// Not taken now.
    Later(i32),
}

/// Why a provider takes nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop(pub(crate) String);

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
