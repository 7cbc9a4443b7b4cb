//! The state of invites in the database: listed, withdrawn, accepted.

use serde::Serialize;

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::load::LoadError;
use crate::sql::{ident, literal};

use super::outbox::{begin, commit, roll_back};
use super::people::Invitees;
use super::token::Token;

/// The states of an invite, as they are typed and printed.
pub(crate) const STATES: [&str; 9] =
    ["pending", "sending", "sent", "failed", "unknown", "accepted", "expired", "withdrawn", "cancelled"];

/// One invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Invite {
    /// Its number.
    pub(crate) id: i64,
    /// The recipient.
    pub(crate) email: String,
    /// The key of their account.
    pub(crate) account: Option<String>,
    pub(crate) language: Option<String>,
    /// One of [`STATES`].
    pub(crate) state: String,
    /// What accepted its last mail: `postmark`, `postmark-test` or `folder`.
    pub(crate) channel: Option<String>,
    /// The provider's code where the address failed.
    pub(crate) code: Option<i32>,
    /// When its last mail was accepted, RFC 3339.
    pub(crate) sent: Option<String>,
    /// When its link expires.
    pub(crate) expires: Option<String>,
    /// When it was accepted.
    pub(crate) accepted: Option<String>,
}

/// Which invites are listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListQuery {
    /// Only in this state.
    pub(crate) state: Option<String>,
    /// Only of this account.
    pub(crate) account: Option<String>,
    /// Only with this address, in its normal form.
    pub(crate) address: Option<String>,
}

/// What a link opened, or why it does not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opened {
    Accepted(Accepted),
    Refused(&'static str),
}

/// An accepted invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Accepted {
    pub(crate) invite: i64,
    /// Who accepted.
    pub(crate) email: String,
    /// The key of their account.
    pub(crate) account: Option<String>,
}

fn failed(error: crate::db::postgres::Error) -> LoadError {
    DbError::of("reading the invitations (schema muster)", error).into()
}

/// The invites, in the order of their creation.
pub(super) async fn list(client: &Client, query: &ListQuery) -> Result<Vec<Invite>, LoadError> {
    let sql = "SELECT id, address, account, language, state, channel, code, to_json(sent) #>> '{}',
            to_json(expires) #>> '{}', to_json(accepted) #>> '{}' FROM muster.invite_states
        WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR account = $2)
          AND ($3::text IS NULL OR address = $3) ORDER BY id";
    let rows = client.query(sql, &[&query.state, &query.account, &query.address]).await.map_err(failed)?;
    let invite = |row: &crate::db::postgres::Row| Invite {
        id: row.get(0),
        email: row.get(1),
        account: row.get(2),
        language: row.get(3),
        state: row.get(4),
        channel: row.get(5),
        code: row.get(6),
        sent: row.get(7),
        expires: row.get(8),
        accepted: row.get(9),
    };
    Ok(rows.iter().map(invite).collect())
}

/// Invites of the chosen users and given addresses that are not accepted, as a condition over `i`.
fn meant(invitees: &Invitees<'_>) -> String {
    format!(
        "i.entity = {} AND i.accepted IS NULL AND i.withdrawn IS NULL AND (
            i.address IN (SELECT address FROM muster_wanted) OR
            EXISTS (SELECT FROM muster_chosen c WHERE c.address = i.address OR c.id = i.record_id))",
        literal(&invitees.entity.name),
    )
}

/// How many invites of the chosen users can be withdrawn.
pub(super) async fn revocable(client: &Client, invitees: &Invitees<'_>) -> Result<u64, LoadError> {
    let sql = format!("SELECT count(*) FROM muster.invites i WHERE {}", meant(invitees));
    let count: i64 = client.query_one(&sql, &[]).await.map_err(failed)?.get(0);
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Withdraws the invites of the chosen users, within the current transaction: pending mails are not sent, and links
/// stop working.
pub(super) async fn revoke(client: &Client, invitees: &Invitees<'_>) -> Result<u64, LoadError> {
    let sql = format!(
        "WITH gone AS (UPDATE muster.invites i SET withdrawn = now() WHERE {} RETURNING i.id),
         mails AS (UPDATE muster.outbox o SET state = 'cancelled', settled = now() FROM gone
             WHERE o.invite = gone.id AND o.state = 'pending'),
         links AS (UPDATE muster.invite_tokens k SET replaced = now() FROM gone
             WHERE k.invite = gone.id AND k.replaced IS NULL)
         SELECT count(*) FROM gone",
        meant(invitees),
    );
    let count: i64 = client.query_one(&sql, &[]).await.map_err(failed)?.get(0);
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Opens a link, once. A hash is looked up in an index: how long that takes reveals nothing about the secret.
pub(super) async fn accept(
    client: &Client,
    invitees: &Invitees<'_>,
    token: &Token,
) -> Result<Opened, LoadError> {
    begin(client).await?;
    let opened = open(client, invitees, token).await?;
    match opened {
        Opened::Accepted(_) => commit(client).await?,
        Opened::Refused(_) => roll_back(client).await?,
    }
    Ok(opened)
}

async fn open(client: &Client, invitees: &Invitees<'_>, token: &Token) -> Result<Opened, LoadError> {
    let sql = format!(
        "SELECT i.id, i.address, i.account, i.withdrawn IS NOT NULL, i.accepted IS NOT NULL,
                k.replaced IS NOT NULL, k.expires < now(),
                CASE WHEN EXISTS (SELECT FROM {table} t WHERE t.{id} = i.record_id) THEN true
                     ELSE EXISTS (SELECT FROM {table} t WHERE {address} = i.address) END
         FROM muster.invite_tokens k JOIN muster.invites i ON i.id = k.invite
         WHERE k.hash = $1 AND i.entity = {entity} FOR UPDATE OF i",
        table = invitees.entity.table,
        id = ident(&invitees.entity.system.id),
        // Users that were undone and imported again have another id.
        address = invitees.address_column(),
        entity = literal(&invitees.entity.name),
    );
    let Some(row) = client.query_opt(&sql, &[&token.hash()]).await.map_err(failed)? else {
        return Ok(Opened::Refused(UNKNOWN));
    };
    let [withdrawn, accepted, replaced, expired, there] = [3, 4, 5, 6, 7].map(|at| row.get::<_, bool>(at));
    let refused = [
        (withdrawn, "this invitation was withdrawn; ask the person who invited you"),
        (accepted, "this invitation was accepted before; a link works once"),
        (replaced, "this link was replaced by the one in a newer mail; look for that"),
        (expired, "this invitation has expired; ask for a new one (muster user invites resend)"),
        (!there, "the user of this invitation is gone"),
    ];
    if let Some((_, why)) = refused.into_iter().find(|(holds, _)| *holds) {
        return Ok(Opened::Refused(why));
    }
    let accepted = Accepted { invite: row.get(0), email: row.get(1), account: row.get(2) };
    let mark = "UPDATE muster.invites SET accepted = now() WHERE id = $1";
    client.execute(mark, &[&accepted.invite]).await.map_err(failed)?;
    // Pending mails are of no use any more.
    let mails = "UPDATE muster.outbox SET state = 'cancelled', settled = now()
                 WHERE invite = $1 AND state = 'pending'";
    client.execute(mails, &[&accepted.invite]).await.map_err(failed)?;
    Ok(Opened::Accepted(accepted))
}

/// The message for an unknown token.
pub(super) const UNKNOWN: &str = "this link is not known; was it copied whole, from the last mail?";
