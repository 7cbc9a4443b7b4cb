//! The steps of an invitation: choose the recipients, decide who gets a mail, ask, fill the outbox, deliver.

use std::sync::Arc;

use crate::fault;
use crate::run::RunError;

use super::addresses;
use super::deliver::{Delivered, Delivery};
use super::error::InviteError;
use super::folder::Folder;
use super::mail::Mail;
use super::options::{InviteOptions, Invited, Means, Sending};
use super::outbox::Rules;
use super::plan::{self, InvitePlan};
use super::postmark::{Content, Postmark};
use super::provider::{Answer, Provider, Reply};
use super::session::InviteSession;
use super::token::Token;
use super::{outbox, tables};

/// Invites. `confirm` gets the plan, and may refuse. Without [`InviteOptions::sending`] nothing is asked and nothing
/// is written.
/// Errors: see [`InviteError`]. Mails that were sent before are in the outbox, and are not sent again.
pub(crate) fn invite(
    options: &InviteOptions,
    confirm: impl FnOnce(&InvitePlan) -> Result<(), RunError>,
) -> Result<Invited, InviteError> {
    let session = InviteSession::open(options.schemas.as_deref(), options.database_url.as_deref())?;
    let is_dry = options.sending.is_none();
    session.require(!is_dry)?;
    let provider =
        options.sending.as_ref().map(|sending| provider(options, sending, &session.run)).transpose()?;
    let invitees = session.invitees()?;
    let conditions = invitees.conditions(&options.selection)?;
    let (wanted, wrong) = session.wanted(&options.selection)?;
    let mut suppressed = Vec::new();
    for path in &options.suppress {
        let list = addresses::read(path, &invitees)?;
        if let Some(place) = list.wrong.first() {
            let problem = format!(
                "{place} is not an e-mail address; fix it, or the person meant there would get a mail"
            );
            return Err(InviteError::List { path: path.clone(), problem });
        }
        suppressed.extend(list.addresses.into_iter().map(|wanted| wanted.address));
    }
    let named_run = session.named_run(&options.selection)?;
    let client = &session.session.client;
    if options.sending.is_some() && !session.wait(tables::lock(client))? {
        return Err(InviteError::Busy);
    }
    let channel = options.sending.as_ref().map_or("postmark", |sending| sending.means.channel());
    let decide = async || {
        outbox::begin(client).await?;
        let place = if is_dry { tables::place_or_stand_in(client).await? } else { tables::PLACE };
        if !is_dry {
            tables::ensure(client).await?;
            outbox::suppress(client, &suppressed, "listed").await?;
        }
        invitees.choose(client, &conditions, wanted.as_deref(), named_run.as_deref()).await?;
        let rules =
            Rules { place, suppressed: &suppressed, resend: options.resend, channel, limit: options.limit };
        outbox::decide(client, &invitees, &rules).await?;
        plan::of(client, |language| written_in(&options.content, language)).await
    };
    let is_preview =
        options.sending.as_ref().is_some_and(|sending| matches!(sending.means, Means::Preview(_)));
    let (plan, claimed) = session.wait(async {
        let plan = decide().await?;
        let mut claimed = outbox::Claimed::default();
        if is_preview {
            outbox::enqueue(client, &invitees, &session.run).await?;
            claimed = outbox::claim(client, &invitees, &session.run, usize::MAX, options.expires).await?;
        }
        outbox::roll_back(client).await?;
        Ok((plan, claimed))
    })?;
    let plan = InvitePlan { wrong, ..plan };
    let mut invited = Invited { run: session.run.clone(), plan, dry_run: true, ..Invited::default() };
    let Some(provider) = provider else { return Ok(invited) };
    if is_preview {
        invited.failed = claimed.refused.len() as u64;
        invited.invalid = claimed.names().collect();
        return preview(provider.as_ref(), claimed.mails).map(|()| invited);
    }
    invited.dry_run = false;
    confirm(&invited.plan)?;
    // Decided again: the answer may have taken a while.
    let found = session.wait(async { Ok(decide().await?.mails) })?;
    if found > invited.plan.mails {
        return Err(InviteError::Grown { asked: invited.plan.mails, found });
    }
    session.wait(async {
        outbox::enqueue(client, &invitees, &session.run).await?;
        outbox::commit(client).await
    })?;
    fault::point("MUSTER_TEST_INVITE_STOP", "enqueued");
    let delivery = Delivery {
        database: &session.database,
        session: &session.session,
        cancelled: &session.cancelled,
        invitees,
        provider,
        run: &session.run,
        expires: options.expires,
        settle: options.settle,
        rate: options.rate,
    };
    let done = delivery.deliver()?;
    let Delivered { sent, found, failed, invalid, unknown, cancelled, .. } = done;
    Ok(Invited { sent, found, failed, invalid, unknown, cancelled, ..invited })
}

/// Writes mails that the outbox does not know: their links open nothing.
fn preview(provider: &dyn Provider, mails: Vec<Mail>) -> Result<(), InviteError> {
    let draw = |mail| Ok::<_, InviteError>((mail, Token::draw().map_err(InviteError::Random)?));
    let batch = mails.into_iter().map(draw).collect::<Result<Vec<_>, _>>()?;
    let Reply::Answers(answers) = provider.send(&batch) else { return Ok(()) };
    for (sent, answer) in (0..).zip(answers) {
        if let Answer::Stop(stop) = answer {
            return Err(InviteError::Stopped { stop, sent });
        }
    }
    Ok(())
}

/// The language of the mails to people of this language.
fn written_in(content: &Content, language: &str) -> String {
    match content {
        Content::Ours(templates) => templates.language(language).to_owned(),
        Content::Stored(alias) => alias.replace("{language}", language),
    }
}

fn provider(
    options: &InviteOptions,
    sending: &Sending,
    run: &str,
) -> Result<Arc<dyn Provider + Send + Sync>, InviteError> {
    let Sending { means, from, link } = sending.clone();
    let is_preview = matches!(means, Means::Preview(_));
    match (means, &options.content) {
        (Means::Folder(path) | Means::Preview(path), Content::Ours(templates)) => {
            Ok(Arc::new(Folder::open(&path, templates.clone(), from, link, is_preview)?))
        }
        (Means::Folder(_) | Means::Preview(_), Content::Stored(_)) => {
            let problem =
                "only Postmark has its templates; files are written with those of --templates".to_owned();
            Err(InviteError::Option { option: "--template", problem })
        }
        (Means::Postmark(access), content) => {
            Ok(Arc::new(Postmark::new(&access, content.clone(), from, link, run)?))
        }
    }
}
