//! Invites that exist: listed, withdrawn, accepted.

use std::path::Path;

use crate::db::require_writable;
use crate::run::RunError;

use super::error::InviteError;
use super::people::Selection;
use super::session::InviteSession;
use super::states::{self, Accepted, Invite, ListQuery, Opened};
use super::token::Token;
use super::{outbox, tables};

/// The invites of a database.
pub(crate) fn list(
    query: &ListQuery,
    schemas: Option<&Path>,
    url: Option<&str>,
) -> Result<Vec<Invite>, InviteError> {
    let session = InviteSession::open(schemas, url)?;
    let mut query = query.clone();
    if let Some(typed) = &query.address {
        let Some(address) = session.invitees()?.address(typed) else {
            let problem = format!("`{typed}` is not an e-mail address");
            return Err(InviteError::Option { option: "ADDRESS", problem });
        };
        query.address = Some(address);
    }
    let client = &session.session.client;
    session.wait(async {
        if tables::exist(client).await? { states::list(client, &query).await } else { Ok(Vec::new()) }
    })
}

/// Withdraws the invites of a selection that are not accepted; `confirm` gets their number. Returns that number, and the
/// places of the selection without a valid address.
pub(crate) fn revoke(
    selection: &Selection,
    schemas: Option<&Path>,
    url: Option<&str>,
    confirm: impl FnOnce(u64) -> Result<(), RunError>,
) -> Result<(u64, Vec<String>), InviteError> {
    let session = InviteSession::open(schemas, url)?;
    session.require(true)?;
    let invitees = session.invitees()?;
    let conditions = invitees.conditions(selection)?;
    let (wanted, wrong) = session.wanted(selection)?;
    let run = session.named_run(selection)?;
    let client = &session.session.client;
    let count = session.wait(async {
        outbox::begin(client).await?;
        tables::ensure(client).await?;
        invitees.choose(client, &conditions, wanted.as_deref(), run.as_deref()).await?;
        states::revocable(client, &invitees).await
    })?;
    if count > 0 {
        confirm(count)?;
    }
    let revoked = session.wait(async {
        let revoked = states::revoke(client, &invitees).await?;
        outbox::commit(client).await?;
        Ok(revoked)
    })?;
    Ok((revoked, wrong))
}

/// Opens the link with this token, once.
/// Errors: [`InviteError::Refused`] says why it does not work; see [`InviteError`] for the others.
pub(crate) fn accept(text: &str, schemas: Option<&Path>, url: Option<&str>) -> Result<Accepted, InviteError> {
    let Some(token) = Token::typed(text) else { return Err(InviteError::Refused(states::UNKNOWN)) };
    let session = InviteSession::open(schemas, url)?;
    let invitees = session.invitees()?;
    let client = &session.session.client;
    let opened = session.wait(async {
        require_writable(&session.session).await?;
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
