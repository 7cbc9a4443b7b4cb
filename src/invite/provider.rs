//! What sends mails: the interface of a provider, and its answers. `postmark` and `folder` are two providers.

use std::time::Duration;

use super::mail::Batch;

/// Sends mails.
pub(crate) trait Provider {
    /// Its name in the outbox. Mails of one channel are only looked up in the same channel.
    fn channel(&self) -> &'static str;

    /// How many of the first mails of a batch fit into one call.
    fn fits(&self, batch: &Batch) -> usize;

    /// Hands mails over, in one call.
    fn send(&self, batch: &Batch) -> Reply;

    /// Looks for a mail that was handed over without an answer. Returns the provider's number of it.
    /// Errors: the question could not be answered now.
    fn find(&self, id: i64, tag: &str, address: &str) -> Result<Option<String>, Reply>;

    /// The largest number of mails in a call.
    fn most(&self) -> usize;
}

/// The answer to a call.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One answer for each mail, in the order sent.
    Answers(Vec<Answer>),
    /// Nothing was accepted; the same call may be tried again after this time.
    Later(Wait),
    /// Whether anything was accepted is not known.
    Lost(Wait),
    /// Nothing was accepted, and trying again is of no use.
    Stop(Stop),
}

/// Why a call must be tried again, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    /// What happened.
    pub(crate) why: String,
    /// What the provider asked for.
    pub(crate) after: Option<Duration>,
}

/// The answer for one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Accepted; the provider's number of it.
    Sent(String),
    /// The provider refuses this address, with this code.
    Failed(i32),
    /// Not accepted, and no other mail will be.
    Stop(Stop),
    /// Not accepted now.
    Later(i32),
}

/// Why a provider accepts nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop(pub(crate) String);

impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
