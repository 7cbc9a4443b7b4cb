//! Delivers the mails of the outbox to the provider, a batch at a time: marked as `sending`, committed, handed over,
//! the answers recorded, committed. A batch without an answer is in doubt: after the time in which the provider would
//! show it, the provider is asked, and only mails that it does not have are sent again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::db::Session;
use crate::fault;
use crate::load::LoadError;
use crate::run::Database;
use crate::signal::POLL;

use super::error::InviteError;
use super::mail::Mail;
use super::outbox::{self, UnansweredMail};
use super::people::Invitees;
use super::provider::{Answer, Provider, Reply, Stop, Wait};
use super::token::Token;

/// How often in a row the same batch is tried, or a batch may get no answer.
const TRIES: u32 = 8;
/// The longest `Retry-After` that is waited for.
const LONGEST: Duration = Duration::from_mins(15);
/// How long an answer is waited for after a signal.
const GRACE: Duration = Duration::from_secs(10);
/// A rate is kept by sending batches of this many seconds.
const SLICE: u64 = 2;

/// What a delivery needs.
pub(super) struct Delivery<'a> {
    pub(crate) database: &'a Database,
    pub(crate) session: &'a Session,
    pub(crate) cancelled: &'a AtomicBool,
    pub(crate) invitees: Invitees<'a>,
    pub(crate) provider: Arc<dyn Provider + Send + Sync>,
    pub(crate) run: &'a str,
    /// How long a link is valid.
    pub(crate) expires: Duration,
    /// After this time, a mail that the provider does not have never reached it.
    pub(crate) settle: Duration,
    /// How many mails a minute.
    pub(crate) rate: Option<u32>,
}

/// The result of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Delivered {
    /// Mails that the provider accepted.
    pub(crate) sent: u64,
    /// Of these: found at the provider, where an earlier call had left them without an answer.
    pub(crate) found: u64,
    /// Addresses that were refused.
    pub(crate) failed: u64,
    /// Of these: not one valid address. No provider was asked.
    pub(crate) invalid: Vec<String>,
    /// Mails of which it is still not known whether the provider accepted them.
    pub(crate) unknown: u64,
    /// Mails whose recipient should not get them any more.
    pub(crate) cancelled: u64,
    /// Calls in a row without an accepted mail.
    troubles: u32,
    /// When the next batch may go out.
    next: Option<Instant>,
}

/// Whether there were unanswered mails to look up.
enum Due {
    /// There were.
    Asked,
    /// Not yet, but after this time.
    In(Duration),
    /// There are none.
    None,
}

type Mails = Arc<Vec<(Mail, Token)>>;

impl Delivery<'_> {
    /// Hands over all mails of the run.
    /// Errors: the provider accepts nothing any more, the database is gone, a signal. What was handed over is recorded.
    pub(crate) fn deliver(&self) -> Result<Delivered, InviteError> {
        let mut done = Delivered::default();
        let mut asked = HashSet::new();
        // Mails that an earlier command left unanswered come first.
        self.look_up_due(&mut asked, &mut done)?;
        loop {
            self.look(&done)?;
            if self.hand_over(&mut done)? {
                continue;
            }
            match self.look_up_due(&mut asked, &mut done)? {
                Due::Asked => {}
                Due::In(wait) => {
                    tracing::warn!("waiting {} s to look up mails that got no answer", wait.as_secs() + 1);
                    self.sleep(wait + POLL, &done)?;
                }
                Due::None => break,
            }
        }
        let client = &self.session.client;
        done.cancelled = self.surely(outbox::cancel_rest(client, self.run))?;
        (_, done.unknown) = self.surely(outbox::left(client, self.run))?;
        Ok(done)
    }

    /// Looks up the unanswered mails that the provider would show by now; `asked` are those that stay unanswered.
    fn look_up_due(&self, asked: &mut HashSet<i64>, done: &mut Delivered) -> Result<Due, InviteError> {
        let (due, wait) = self.surely(outbox::doubtful(&self.session.client, self.run, self.settle))?;
        let due: Vec<UnansweredMail> = due.into_iter().filter(|mail| !asked.contains(&mail.id)).collect();
        let found_any = !due.is_empty();
        for mail in due {
            self.look(done)?;
            if !self.look_up(&mail, done)? {
                asked.insert(mail.id);
            }
        }
        Ok(match wait {
            _ if found_any => Due::Asked,
            Some(seconds) => Due::In(Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64()))),
            None => Due::None,
        })
    }

    /// Takes a batch and hands it over; false if none is left.
    fn hand_over(&self, done: &mut Delivered) -> Result<bool, InviteError> {
        let Some(batch) = self.take(done)? else { return Ok(false) };
        let began = Instant::now();
        fault::point("MUSTER_TEST_INVITE_STOP", "claimed");
        let mut tries = 0;
        loop {
            match self.call(&batch) {
                Reply::Answers(answers) => {
                    fault::point("MUSTER_TEST_INVITE_STOP", "answered");
                    self.note(&batch, &answers, done)?;
                    break;
                }
                Reply::Later(wait) => {
                    tries += 1;
                    let goes_on = tries < TRIES
                        && wait.after.is_none_or(|after| after <= LONGEST)
                        && self.rest(&wait, tries, done).is_ok();
                    if !goes_on {
                        self.surely(outbox::put_back(&self.session.client, &batch))?;
                        self.look(done)?;
                        return Err(stopped(&wait, done));
                    }
                    self.surely(outbox::touch(&self.session.client, &batch))?;
                }
                Reply::Lost(wait) => {
                    self.surely(outbox::note_unknown(&self.session.client, &batch))?;
                    self.trouble(&wait, done)?;
                    break;
                }
                Reply::Stop(stop) => {
                    self.surely(outbox::put_back(&self.session.client, &batch))?;
                    return Err(InviteError::Stopped { stop, sent: done.sent });
                }
            }
        }
        done.next = self
            .rate
            .map(|rate| began + Duration::from_secs_f64(batch.len() as f64 * 60.0 / f64::from(rate)));
        Ok(true)
    }

    /// The next batch, marked as being handed over.
    fn take(&self, done: &mut Delivered) -> Result<Option<Mails>, InviteError> {
        let client = &self.session.client;
        if let Some(next) = done.next {
            let (waiting, _) = self.surely(outbox::left(client, self.run))?;
            if waiting > 0 {
                self.sleep(next.saturating_duration_since(Instant::now()), done)?;
            }
        }
        let slice = self.rate.map_or(u64::MAX, |rate| (u64::from(rate) * SLICE).div_ceil(60).max(1));
        let most = self.provider.most().min(usize::try_from(slice).unwrap_or(usize::MAX));
        let mails = loop {
            let claimed = self.surely(async {
                outbox::begin(client).await?;
                let claimed = outbox::claim(client, &self.invitees, self.run, most, self.expires).await?;
                outbox::refuse(client, &claimed.refused).await?;
                Ok(claimed)
            })?;
            done.failed += claimed.refused.len() as u64;
            done.invalid.extend(claimed.names());
            if !claimed.mails.is_empty() || claimed.refused.is_empty() {
                break claimed.mails;
            }
            self.surely(outbox::commit(client))?;
        };
        let mut batch = Vec::with_capacity(mails.len());
        for mail in mails {
            batch.push((mail, Token::draw().map_err(InviteError::Random)?));
        }
        batch.truncate(self.provider.fits(&batch));
        self.surely(async {
            if !batch.is_empty() {
                outbox::note_sending(client, &batch, self.provider.channel()).await?;
            }
            outbox::commit(client).await
        })?;
        Ok((!batch.is_empty()).then(|| Arc::new(batch)))
    }

    /// Records the answers of a batch.
    fn note(&self, batch: &Mails, answers: &[Answer], done: &mut Delivered) -> Result<(), InviteError> {
        let result = self.surely(outbox::note_answers(&self.session.client, batch, answers))?;
        fault::point("MUSTER_TEST_INVITE_STOP", "recorded");
        done.sent += result.sent;
        done.failed += result.failed;
        tracing::info!("{} mails sent, {} failed", done.sent, done.failed);
        if let Some(stop) = answers.iter().find_map(|answer| match answer {
            Answer::Stop(stop) => Some(stop.clone()),
            _ => None,
        }) {
            return Err(InviteError::Stopped { stop, sent: done.sent });
        }
        match answers
            .iter()
            .find_map(|answer| if let Answer::Later(code) = answer { Some(code) } else { None })
        {
            None => done.troubles = 0,
            Some(code) => {
                let why = format!("the provider accepts some of the mails later (ErrorCode {code})");
                self.trouble(&Wait { why, after: None }, done)?;
            }
        }
        Ok(())
    }

    /// Looks up one mail; false if it stays unanswered.
    fn look_up(&self, mail: &UnansweredMail, done: &mut Delivered) -> Result<bool, InviteError> {
        let found = if mail.channel == self.provider.channel() {
            let mut tries = 0;
            loop {
                let (provider, asked) = (Arc::clone(&self.provider), mail.clone());
                match self.aside(move || provider.find(asked.id, &asked.tag, &asked.address)) {
                    Some(Ok(found)) => break found,
                    Some(Err(Reply::Later(wait) | Reply::Lost(wait))) => {
                        tries += 1;
                        if tries >= TRIES || wait.after.is_some_and(|after| after > LONGEST) {
                            return Err(stopped(&wait, done));
                        }
                        self.rest(&wait, tries, done)?;
                    }
                    Some(Err(Reply::Stop(stop))) => {
                        return Err(InviteError::Stopped { stop, sent: done.sent });
                    }
                    Some(Err(Reply::Answers(_))) | None => {
                        return Err(InviteError::Interrupted { sent: done.sent });
                    }
                }
            }
        } else if mail.channel == "postmark-test" {
            // The test token delivers nothing.
            None
        } else {
            return Ok(false);
        };
        fault::point("MUSTER_TEST_INVITE_STOP", "looked-up");
        if found.is_none() && !mail.again {
            return Ok(false);
        }
        let sent = self.surely(outbox::note_found(&self.session.client, mail, found.as_deref()))?;
        done.sent += sent;
        done.found += sent;
        Ok(true)
    }

    /// Hands a batch over. Another thread waits for the answer, so that a signal is noticed.
    fn call(&self, batch: &Mails) -> Reply {
        let (provider, batch) = (Arc::clone(&self.provider), Arc::clone(batch));
        let lost = || Reply::Lost(Wait { why: "interrupted".to_owned(), after: None });
        self.aside(move || provider.send(&batch)).unwrap_or_else(lost)
    }

    /// Does a piece of work in another thread. None if a signal came and the work did not end soon after.
    fn aside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || sender.send(work()));
        let mut since = None;
        loop {
            match receiver.recv_timeout(POLL) {
                Ok(done) => return Some(done),
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            if self.cancelled.load(Ordering::Relaxed)
                && since.get_or_insert_with(Instant::now).elapsed() > GRACE
            {
                return None;
            }
        }
    }

    /// Counts a call that accepted no mails, and rests. An error if there were too many in a row.
    fn trouble(&self, wait: &Wait, done: &mut Delivered) -> Result<(), InviteError> {
        done.troubles += 1;
        self.look(done)?;
        if done.troubles >= TRIES || wait.after.is_some_and(|after| after > LONGEST) {
            return Err(stopped(wait, done));
        }
        self.rest(wait, done.troubles, done)
    }

    /// Waits as long as the provider asks, else twice as long each time.
    fn rest(&self, wait: &Wait, tries: u32, done: &Delivered) -> Result<(), InviteError> {
        let pause = wait.after.unwrap_or_else(|| unit() * (1 << tries.saturating_sub(1).min(6)));
        tracing::warn!("{}; trying again in {} s", wait.why, pause.as_secs_f64().ceil());
        self.sleep(pause, done)
    }

    fn sleep(&self, time: Duration, done: &Delivered) -> Result<(), InviteError> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            self.look(done)?;
            std::thread::sleep(left.min(POLL));
        }
        self.look(done)
    }

    /// An error if a signal came.
    fn look(&self, done: &Delivered) -> Result<(), InviteError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(InviteError::Interrupted { sent: done.sent });
        }
        Ok(())
    }

    /// Recording goes on in spite of a signal: the mails have been sent.
    fn surely<T>(&self, work: impl Future<Output = Result<T, LoadError>>) -> Result<T, InviteError> {
        Ok(self.database.wait_surely(work)?)
    }
}

fn stopped(wait: &Wait, done: &Delivered) -> InviteError {
    let asks = wait.after.map_or(String::new(), |after| format!("; it asks to wait {} s", after.as_secs()));
    InviteError::Stopped { stop: Stop(format!("{}{asks}", wait.why)), sent: done.sent }
}

/// The first pause.
fn unit() -> Duration {
    Duration::from_millis(fault::number("MUSTER_TEST_INVITE_PAUSE_MS", 1000))
}
