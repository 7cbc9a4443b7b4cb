//! Inviting users by e-mail: who is meant (`people`, `addresses`), what that would do (`plan`), what the mails say
//! (`message`, `template`), the outbox that sees to it that each goes out once (`outbox`, `tables.sql`), the way to
//! a provider (`deliver`; `postmark`, or files in a `folder`), and the links (`token`, `states`).
//!
//! Nothing here is called by an import: the module stands above `run`, which cannot name it.
//!
//! # Once
//!
//! A mail is pending, then sending, then sent or failed; each step is committed before and after a batch is handed
//! over. What was sending when the program died, and what got no answer (unknown), is looked up at the provider by
//! tag and recipient, and only after `--settle`, since a provider shows a mail that it took a little later; found
//! is sent, not found goes out again, three times at most. One invitation at a time works on a database, by an
//! advisory lock.
//!
//! # Links
//!
//! Only the hash of a link's secret is stored, so that a mail that goes out again cannot have the same link again:
//! it gets a new one. The links of earlier attempts of the same mail stay valid, since one may have arrived after
//! all; whichever is opened first accepts the invite, and then none opens any more. A mail that was sent again on
//! request (`resend`) replaces the links of the mails before it as soon as it was taken.

mod addresses;
mod deliver;
mod error;
mod fault;
mod folder;
mod message;
mod outbox;
mod people;
mod plan;
pub(crate) mod postmark;
mod provider;
mod sender;
mod states;
mod tables;
mod template;
mod token;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::db::{Session, require_writable};
use crate::load::{LoadError, journal};
use crate::record::RunId;
use crate::run::{Database, RunError, session_name};
use crate::schema::Schema;
use crate::signal;

use addresses::List;
use deliver::{Delivered, Delivery};
use folder::Folder;
use people::Wanted;
use postmark::{Access, Content, Postmark, TEST_TOKEN};
use provider::Provider;
use states::Opened;
use token::Token;

pub(crate) use error::InviteError;
pub(crate) use message::Templates;
pub(crate) use people::{Invitees, Selection};
pub(crate) use plan::Plan;
pub(crate) use sender::{Link, Mailbox};
pub(crate) use states::{Accepted, Invite, ListQuery, STATES};

/// Where mails go.
#[derive(Debug, Clone)]
pub(crate) enum Means {
    /// Into files in this folder.
    Folder(PathBuf),
    /// Into files in this folder, with links that open nothing; nobody counts as invited.
    Preview(PathBuf),
    /// To Postmark.
    Postmark(Access),
}

impl Means {
    fn channel(&self) -> &'static str {
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

/// What an invitation can be asked.
#[derive(Debug, Clone)]
pub(crate) struct InviteOptions {
    /// Where the target is; see [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// Who is meant.
    pub(crate) selection: Selection,
    /// Only those who were invited before, whatever came of it but an acceptance.
    pub(crate) resend: bool,
    /// What the mails say.
    pub(crate) content: Content,
    /// How they go out; none for a dry run.
    pub(crate) sending: Option<Sending>,
    /// Lists of addresses that no invitation goes to.
    pub(crate) suppress: Vec<PathBuf>,
    /// At most so many mails.
    pub(crate) limit: Option<u64>,
    /// At most so many mails a minute.
    pub(crate) rate: Option<u32>,
    /// How long a link opens.
    pub(crate) expires: Duration,
    /// After which time a provider that does not have a mail never got it.
    pub(crate) settle: Duration,
}

/// What an invitation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Invited {
    /// Its id, which tag and metadata of the mails carry.
    pub(crate) run: String,
    /// What it set out to do.
    pub(crate) plan: Plan,
    /// Whether that was all.
    pub(crate) dry_run: bool,
    /// Mails that were taken.
    pub(crate) sent: u64,
    /// Of these: found at the provider, where an earlier call had left them without an answer.
    pub(crate) found: u64,
    /// Addresses that were refused.
    pub(crate) failed: u64,
    /// Mails of which it is not known whether they were taken.
    pub(crate) unknown: u64,
    /// Mails that turned out to be for nobody any more.
    pub(crate) cancelled: u64,
}

/// A database, and what of the schema is looked at in it.
struct Desk {
    schema: Schema,
    database: Database,
    session: Session,
    cancelled: Arc<AtomicBool>,
    run: String,
}

impl Desk {
    fn open(schemas: Option<&Path>, url: Option<&str>) -> Result<Self, InviteError> {
        let schema = Schema::open(schemas)?;
        Invitees::of(&schema)?;
        let cancelled = signal::flag().map_err(RunError::from)?;
        let run = RunId::generate();
        let database = Database::new(&cancelled)?;
        let session = database.connect(url, &session_name(&run, Timestamp::now()))?;
        Ok(Self { schema, database, session, cancelled, run: run.to_string() })
    }

    fn invitees(&self) -> Result<Invitees<'_>, InviteError> {
        Invitees::of(&self.schema)
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, LoadError>>) -> Result<T, InviteError> {
        match self.database.wait(&self.session, work) {
            Err(RunError::Interrupted) => Err(InviteError::Interrupted { sent: 0 }),
            done => Ok(done?),
        }
    }

    /// An error where there is nobody to invite, or nothing can be written.
    fn require(&self) -> Result<(), InviteError> {
        let invitees = self.invitees()?;
        let there = self.wait(async {
            require_writable(&self.session).await?;
            invitees.require_table(&self.session.client).await
        })?;
        if !there {
            return Err(InviteError::NoTable { table: invitees.entity.table.to_string() });
        }
        Ok(())
    }

    /// The addresses of a selection, where it names any, and the places where there should be one.
    fn wanted(&self, selection: &Selection) -> Result<(Option<Vec<Wanted>>, Vec<String>), InviteError> {
        let invitees = self.invitees()?;
        if selection.addresses.is_empty() && selection.file.is_none() {
            return Ok((None, Vec::new()));
        }
        let mut list = List::default();
        for text in &selection.addresses {
            let Some(address) = invitees.address(text) else {
                let problem = format!("`{text}` is not an e-mail address");
                return Err(InviteError::Option { option: "ADDRESS", problem });
            };
            list.addresses.push(Wanted { place: text.clone(), address });
        }
        if let Some(path) = &selection.file {
            let read = addresses::read(path, &invitees)?;
            list.addresses.extend(read.addresses);
            list.wrong.extend(read.wrong);
        }
        Ok((Some(list.addresses), list.wrong))
    }

    /// The full id of the run that a selection names.
    fn named_run(&self, selection: &Selection) -> Result<Option<String>, InviteError> {
        let Some(prefix) = &selection.run else { return Ok(None) };
        let found = self.wait(journal::find(&self.session.client, prefix))?;
        if !found.undoable {
            return Err(InviteError::NoProvenance { run: found.run });
        }
        Ok(Some(found.run))
    }
}

/// Invites. `confirm` is shown the plan, and may say no; without [`InviteOptions::sending`] nothing is asked,
/// and nothing is written.
///
/// # Errors
///
/// See [`InviteError`]. Mails that were sent before are in the outbox, and are not sent again.
pub(crate) fn invite(
    options: &InviteOptions,
    confirm: impl FnOnce(&Plan) -> Result<(), RunError>,
) -> Result<Invited, InviteError> {
    let desk = Desk::open(options.schemas.as_deref(), options.database_url.as_deref())?;
    desk.require()?;
    let provider =
        options.sending.as_ref().map(|sending| provider(options, sending, &desk.run)).transpose()?;
    let invitees = desk.invitees()?;
    let conditions = invitees.conditions(&options.selection)?;
    let (wanted, wrong) = desk.wanted(&options.selection)?;
    let mut suppressed = Vec::new();
    for path in &options.suppress {
        let list = addresses::read(path, &invitees)?;
        if let Some(place) = list.wrong.first() {
            let problem =
                format!("{place} is not an e-mail address; whoever is meant there would get a mail");
            return Err(InviteError::List { path: path.clone(), problem });
        }
        suppressed.extend(list.addresses.into_iter().map(|wanted| wanted.address));
    }
    let named_run = desk.named_run(&options.selection)?;
    let client = &desk.session.client;
    if options.sending.is_some() && !desk.wait(tables::lock(client))? {
        return Err(InviteError::Busy);
    }
    let channel = options.sending.as_ref().map_or("postmark", |sending| sending.means.channel());
    let judge = async || {
        outbox::begin(client).await?;
        tables::ensure(client).await?;
        outbox::suppress(client, &suppressed, "listed").await?;
        invitees.choose(client, &conditions, wanted.as_deref(), named_run.as_deref()).await?;
        outbox::judge(client, &invitees, options.resend, channel, options.limit).await?;
        plan::of(client, |language| written_in(&options.content, language)).await
    };
    let is_preview =
        options.sending.as_ref().is_some_and(|sending| matches!(sending.means, Means::Preview(_)));
    let (plan, mails) = desk.wait(async {
        let plan = judge().await?;
        let mut mails = Vec::new();
        if is_preview {
            outbox::enqueue(client, &invitees, &desk.run).await?;
            mails = outbox::claim(client, &invitees, &desk.run, usize::MAX, options.expires).await?;
        }
        outbox::roll_back(client).await?;
        Ok((plan, mails))
    })?;
    let plan = Plan { wrong, ..plan };
    let mut invited = Invited { run: desk.run.clone(), plan, dry_run: true, ..Invited::default() };
    let Some(provider) = provider else { return Ok(invited) };
    if is_preview {
        provider.1.iter().try_for_each(|folder| folder.preview(&mails))?;
        return Ok(invited);
    }
    invited.dry_run = false;
    confirm(&invited.plan)?;
    // Looked at again: the answer may have taken its time.
    let found = desk.wait(async { Ok(judge().await?.mails) })?;
    if found > invited.plan.mails {
        return Err(InviteError::Grown { asked: invited.plan.mails, found });
    }
    desk.wait(async {
        outbox::enqueue(client, &invitees, &desk.run).await?;
        outbox::commit(client).await
    })?;
    fault::point("enqueued");
    let delivery = Delivery {
        database: &desk.database,
        session: &desk.session,
        cancelled: &desk.cancelled,
        invitees,
        provider: Arc::clone(&provider.0),
        run: &desk.run,
        expires: options.expires,
        settle: options.settle,
        rate: options.rate,
    };
    let done = delivery.deliver().map_err(|error| match (error, provider.1.and_then(|f| f.failure())) {
        (InviteError::Stopped { sent, .. }, Some((path, source))) => {
            InviteError::Unwritable { path, sent, source }
        }
        (error, _) => error,
    })?;
    let Delivered { sent, found, failed, unknown, cancelled, .. } = done;
    Ok(Invited { sent, found, failed, unknown, cancelled, ..invited })
}

/// In which language people of this language are written to.
fn written_in(content: &Content, language: &str) -> String {
    match content {
        Content::Own(templates) => templates.language(language).to_owned(),
        Content::Kept(alias) => alias.replace("{language}", language),
    }
}

type AnyProvider = (Arc<dyn Provider + Send + Sync>, Option<Arc<Folder>>);

fn provider(options: &InviteOptions, sending: &Sending, run: &str) -> Result<AnyProvider, InviteError> {
    let Sending { means, from, link } = sending.clone();
    match (means, &options.content) {
        (Means::Folder(path) | Means::Preview(path), Content::Own(templates)) => {
            let folder = Arc::new(Folder::open(&path, templates.clone(), from, link)?);
            Ok((Arc::clone(&folder) as Arc<dyn Provider + Send + Sync>, Some(folder)))
        }
        (Means::Folder(_) | Means::Preview(_), Content::Kept(_)) => {
            let problem = "only Postmark has these templates; files are written with --templates".to_owned();
            Err(InviteError::Option { option: "--template", problem })
        }
        (Means::Postmark(access), content) => {
            Ok((Arc::new(Postmark::new(&access, content.clone(), from, link, run)?), None))
        }
    }
}

/// The invites of a database.
///
/// # Errors
///
/// See [`InviteError`].
pub(crate) fn list(
    query: &ListQuery,
    schemas: Option<&Path>,
    url: Option<&str>,
) -> Result<Vec<Invite>, InviteError> {
    let desk = Desk::open(schemas, url)?;
    let mut query = query.clone();
    if let Some(typed) = &query.address {
        let Some(address) = desk.invitees()?.address(typed) else {
            let problem = format!("`{typed}` is not an e-mail address");
            return Err(InviteError::Option { option: "ADDRESS", problem });
        };
        query.address = Some(address);
    }
    let client = &desk.session.client;
    desk.wait(async {
        if tables::exist(client).await? { states::list(client, &query).await } else { Ok(Vec::new()) }
    })
}

/// Withdraws the invites of a selection that are not accepted; `confirm` is told how many. Gives that number.
///
/// # Errors
///
/// See [`InviteError`].
pub(crate) fn revoke(
    selection: &Selection,
    schemas: Option<&Path>,
    url: Option<&str>,
    confirm: impl FnOnce(u64) -> Result<(), RunError>,
) -> Result<(u64, Vec<String>), InviteError> {
    let desk = Desk::open(schemas, url)?;
    desk.require()?;
    let invitees = desk.invitees()?;
    let conditions = invitees.conditions(selection)?;
    let (wanted, wrong) = desk.wanted(selection)?;
    let run = desk.named_run(selection)?;
    let client = &desk.session.client;
    let count = desk.wait(async {
        outbox::begin(client).await?;
        tables::ensure(client).await?;
        invitees.choose(client, &conditions, wanted.as_deref(), run.as_deref()).await?;
        states::revocable(client, &invitees).await
    })?;
    if count > 0 {
        confirm(count)?;
    }
    let revoked = desk.wait(async {
        let revoked = states::revoke(client, &invitees).await?;
        outbox::commit(client).await?;
        Ok(revoked)
    })?;
    Ok((revoked, wrong))
}

/// Opens the link with this token, once.
///
/// # Errors
///
/// [`InviteError::Refused`] says why it does not open; see [`InviteError`] for the others.
pub(crate) fn accept(text: &str, schemas: Option<&Path>, url: Option<&str>) -> Result<Accepted, InviteError> {
    let Some(token) = Token::typed(text) else { return Err(InviteError::Refused(states::UNKNOWN)) };
    let desk = Desk::open(schemas, url)?;
    let invitees = desk.invitees()?;
    let client = &desk.session.client;
    let opened = desk.wait(async {
        require_writable(&desk.session).await?;
        if !tables::exist(client).await? {
            return Ok(Opened::Refused(states::UNKNOWN));
        }
        states::accept(client, &invitees, &token).await
    })?;
    match opened {
        Opened::Accepted(accepted) => Ok(accepted),
        Opened::Refused(why) => Err(InviteError::Refused(why)),
    }
}
