//! The outbox: who of the chosen gets a mail, mails put in, taken out in batches, and the result of each. Every step
//! is a separate transaction, so that after a crash only mails that were being handed over are in doubt.

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::load::LoadError;
use crate::sql::{ident, literal, text_array};

use super::mail::{Batch, Mail, Person};
use super::people::Invitees;
use super::provider::Answer;
use super::token::Token;

/// How often a mail is handed over without an answer before a person must look at it.
const ATTEMPTS: i32 = 3;
/// Postmark keeps what it sent for 45 days; after that, a mail that is not found may have been sent.
const KEPT_DAYS: i32 = 40;

/// A mail that was handed over without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnansweredMail {
    pub(crate) id: i64,
    pub(crate) channel: String,
    pub(crate) tag: String,
    pub(crate) address: String,
    /// If the provider does not have it, it may be handed over again.
    pub(crate) again: bool,
}

/// The result of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BatchResult {
    pub(crate) sent: u64,
    pub(crate) failed: u64,
}

fn failed(error: crate::db::postgres::Error) -> LoadError {
    DbError::of("keeping the outbox (schema muster)", error).into()
}

pub(super) async fn begin(client: &Client) -> Result<(), LoadError> {
    // Also for a role whose transactions are usually read-only: then it is rolled back in the end.
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await.map_err(failed)
}

pub(super) async fn commit(client: &Client) -> Result<(), LoadError> {
    client.batch_execute("COMMIT").await.map_err(failed)
}

pub(super) async fn roll_back(client: &Client) -> Result<(), LoadError> {
    client.batch_execute("ROLLBACK").await.map_err(failed)
}

/// Adds addresses to those that get no invitation.
pub(super) async fn suppress(client: &Client, addresses: &[String], reason: &str) -> Result<u64, LoadError> {
    let sql = "INSERT INTO muster.suppressed (address, reason) SELECT a, $2 FROM unnest($1::text[]) a
               ON CONFLICT DO NOTHING";
    client.execute(sql, &[&addresses, &reason]).await.map_err(failed)
}

/// By what it is decided who gets a mail.
#[derive(Debug)]
pub(super) struct Rules<'r> {
    /// The schema of the invitations' tables.
    pub(super) place: &'static str,
    /// Addresses that get none, also if the tables do not have them.
    pub(super) suppressed: &'r [String],
    pub(super) resend: bool,
    pub(super) channel: &'r str,
    pub(super) limit: Option<u64>,
}

/// Decides for each of `muster_chosen`, in the temporary table `muster_decided`: `new`, `again`, `pending` and `unknown`
/// get a mail, the first `limit` of them; every other decision is a reason not to.
pub(super) async fn decide(
    client: &Client,
    invitees: &Invitees<'_>,
    rules: &Rules<'_>,
) -> Result<(), LoadError> {
    let &Rules { place, suppressed, resend, channel, limit } = rules;
    let sql = format!(
        "CREATE TEMPORARY TABLE muster_decided ON COMMIT DROP AS
         SELECT c.id, c.address, c.language, c.account, s.id AS invite, false AS taken, CASE
            WHEN coalesce(c.address, '') = '' THEN 'no-address'
            WHEN c.place > 1 THEN 'same-address'
            WHEN c.orphan THEN 'no-account'
            WHEN x.address IS NOT NULL THEN 'suppressed'
            WHEN s.state IN ('accepted', 'pending') THEN s.state
            WHEN s.state IN ('sending', 'unknown') THEN 'unknown'
            WHEN s.state IS NULL THEN {new}
            WHEN {resend} OR s.state = 'cancelled' OR s.channel = 'postmark-test' AND {channel} <> s.channel
                THEN 'again'
            ELSE s.state END AS decision
         FROM muster_chosen c
         LEFT JOIN LATERAL (
            SELECT i.id FROM {place}.invites i
            WHERE i.entity = {entity} AND (i.address = c.address OR i.record_id = c.id)
            ORDER BY i.address = c.address DESC, i.id LIMIT 1) i ON true
         LEFT JOIN {place}.invite_states s ON s.id = i.id
         LEFT JOIN (SELECT address FROM {place}.suppressed UNION SELECT unnest({suppressed}) COLLATE \"C\") x
             ON x.address = c.address;
         UPDATE muster_decided j SET taken = true FROM (
            SELECT id FROM muster_decided WHERE decision IN ('new', 'again', 'pending', 'unknown')
            ORDER BY id LIMIT {limit}) n WHERE n.id = j.id;
         ANALYZE muster_decided",
        new = if resend { "'not-invited'" } else { "'new'" },
        suppressed = text_array(suppressed),
        channel = literal(channel),
        entity = literal(&invitees.entity.name),
        limit = limit.map_or("ALL".to_owned(), |limit| limit.to_string()),
    );
    client.batch_execute(&sql).await.map_err(failed)
}

/// Puts a mail into the outbox for each person who gets one, and adopts the mails that it holds already.
pub(super) async fn enqueue(client: &Client, invitees: &Invitees<'_>, run: &str) -> Result<(), LoadError> {
    let sql = format!(
        "INSERT INTO muster.invites (entity, record_id, address, account, language)
             SELECT {entity}, id, address, account, language FROM muster_decided WHERE taken AND decision = 'new'
             ORDER BY id;
         UPDATE muster.invites i SET record_id = j.id, address = j.address, account = j.account,
                language = j.language, withdrawn = NULL
             FROM muster_decided j WHERE j.taken AND j.decision = 'again' AND i.id = j.invite;
         UPDATE muster.invites i SET record_id = j.id, address = j.address FROM muster_decided j
             WHERE j.taken AND j.decision = 'pending' AND i.id = j.invite;
         UPDATE muster.outbox o SET run = {run}::uuid FROM muster_decided j
             WHERE j.taken AND o.invite = j.invite AND o.state IN ('pending', 'sending', 'unknown');
         INSERT INTO muster.outbox (invite, run)
             SELECT i.id, {run}::uuid FROM muster_decided j
             JOIN muster.invites i ON i.entity = {entity} AND i.address = j.address
             WHERE j.taken AND j.decision IN ('new', 'again') ORDER BY j.id",
        entity = literal(&invitees.entity.name),
        run = literal(run),
    );
    client.batch_execute(&sql).await.map_err(failed)
}

/// Mails taken out of the outbox.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(crate) mails: Vec<Mail>,
    /// Those whose recipient is not one valid address. They are not sent.
    pub(crate) refused: Vec<Mail>,
}

impl Claimed {
    /// The recipients who are refused.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.refused.iter().map(|mail| mail.person.address.clone())
    }
}

/// Takes the next mails of a run, at most `most`, within the current transaction. A person who has accepted, was
/// withdrawn, suppressed or deleted, or has another address by now, is skipped.
pub(super) async fn claim(
    client: &Client,
    invitees: &Invitees<'_>,
    run: &str,
    most: usize,
    expires: std::time::Duration,
) -> Result<Claimed, LoadError> {
    let (from, key, name) = invitees.from();
    let fields = invitees.fields;
    let sql = format!(
        "SELECT o.id, o.invite, i.address, {first}, {last}, {name}, coalesce({key}, ''), {role}, {language},
                {migrated}, floor(extract(epoch FROM now() + make_interval(secs => $3)))::bigint
         FROM muster.outbox o JOIN muster.invites i ON i.id = o.invite
         JOIN ({from}) ON t.{id} = i.record_id AND {address} = i.address
         WHERE o.run = $1::text::uuid AND o.state = 'pending' AND i.accepted IS NULL AND i.withdrawn IS NULL
           AND NOT EXISTS (SELECT FROM muster.suppressed x WHERE x.address = i.address)
         ORDER BY o.id LIMIT $2 FOR UPDATE OF o SKIP LOCKED",
        first = invitees.text(fields.first_name),
        last = invitees.text(fields.last_name),
        role = invitees.text(fields.role),
        language = invitees.text(fields.language),
        migrated = fields
            .migrated
            .map_or("false".to_owned(), |field| format!("coalesce({}, false)", invitees.column(field))),
        id = ident(&invitees.entity.system.id),
        address = invitees.address_column(),
    );
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = client.query(&sql, &[&run, &most, &expires.as_secs_f64()]).await.map_err(failed)?;
    let tag = tag(run);
    let claimed = rows.iter().map(|row| mail(row, &tag));
    let (mails, refused) = claimed.partition(|mail| invitees.may_receive(&mail.person.address));
    Ok(Claimed { mails, refused })
}

/// Records, within the current transaction, that these mails are not sent.
pub(super) async fn refuse(client: &Client, mails: &[Mail]) -> Result<(), LoadError> {
    let ids: Vec<i64> = mails.iter().map(|mail| mail.id).collect();
    let sql = "UPDATE muster.outbox SET state = 'failed', code = NULL, settled = clock_timestamp()
               WHERE id = ANY ($1)";
    client.execute(sql, &[&ids]).await.map_err(failed)?;
    Ok(())
}

/// The name of a run's mails at the provider.
fn tag(run: &str) -> String {
    format!("muster-{run}")
}

fn mail(row: &Row, tag: &str) -> Mail {
    Mail {
        id: row.get(0),
        invite: row.get(1),
        tag: tag.to_owned(),
        expires: row.get(10),
        person: Person {
            address: row.get(2),
            first_name: row.get(3),
            last_name: row.get(4),
            account: row.get::<_, Option<String>>(5).unwrap_or_default(),
            account_key: row.get(6),
            role: row.get(7),
            language: row.get(8),
            migrated: row.get(9),
        },
    }
}

/// Records that a batch is being handed over, and the hashes of its links; within the current transaction.
pub(super) async fn note_sending(client: &Client, batch: &Batch, channel: &str) -> Result<(), LoadError> {
    let mails: Vec<i64> = batch.iter().map(|(mail, _)| mail.id).collect();
    let invites: Vec<i64> = batch.iter().map(|(mail, _)| mail.invite).collect();
    let expires: Vec<f64> = batch.iter().map(|(mail, _)| mail.expires as f64).collect();
    let hashes: Vec<Vec<u8>> = batch.iter().map(|(_, token)| Token::hash(token)).collect();
    let tag = batch.first().map_or("", |(mail, _)| mail.tag.as_str());
    let keep = "INSERT INTO muster.invite_tokens (hash, invite, mail, expires)
        SELECT h, i, m, to_timestamp(e) FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::float8[])
            u(h, i, m, e)";
    client.execute(keep, &[&hashes, &invites, &mails, &expires]).await.map_err(failed)?;
    let sending = "UPDATE muster.outbox SET state = 'sending', channel = $2, tag = $3, code = NULL,
            attempts = attempts + 1, tried = clock_timestamp() WHERE id = ANY ($1)";
    client.execute(sending, &[&mails, &channel, &tag]).await.map_err(failed)?;
    Ok(())
}

/// Records that mails are handed over once more, the same batch with the same links.
pub(super) async fn touch(client: &Client, batch: &Batch) -> Result<(), LoadError> {
    let mails: Vec<i64> = batch.iter().map(|(mail, _)| mail.id).collect();
    let sql = "UPDATE muster.outbox SET tried = clock_timestamp() WHERE id = ANY ($1)";
    client.execute(sql, &[&mails]).await.map_err(failed)?;
    Ok(())
}

/// Records the result of each mail of a batch, in one transaction. A mail that was not accepted is pending again, and
/// links that nobody got are deleted.
pub(super) async fn note_answers(
    client: &Client,
    batch: &Batch,
    answers: &[Answer],
) -> Result<BatchResult, LoadError> {
    let mut ids: Vec<i64> = Vec::new();
    let mut messages: Vec<&str> = Vec::new();
    let (mut refused, mut codes): (Vec<i64>, Vec<i32>) = (Vec::new(), Vec::new());
    let mut inactive = Vec::new();
    let mut waiting: Vec<i64> = Vec::new();
    for ((mail, _), answer) in batch.iter().zip(answers) {
        match answer {
            Answer::Sent(message) => {
                ids.push(mail.id);
                messages.push(message);
            }
            Answer::Failed(code) => {
                refused.push(mail.id);
                codes.push(*code);
                if *code == 406 {
                    inactive.push(mail.person.address.clone());
                }
            }
            Answer::Later(_) | Answer::Stop(_) => waiting.push(mail.id),
        }
    }
    begin(client).await?;
    let sent = note_sent(client, &ids, &messages).await?;
    let sql = "UPDATE muster.outbox o SET state = 'failed', code = u.c, settled = clock_timestamp()
               FROM unnest($1::bigint[], $2::int[]) u(m, c) WHERE o.id = u.m";
    let failures = client.execute(sql, &[&refused, &codes]).await.map_err(failed)?;
    suppress(client, &inactive, "postmark-406").await?;
    release(client, &waiting).await?;
    commit(client).await?;
    Ok(BatchResult { sent, failed: failures })
}

/// Mails that were certainly not accepted are pending again.
pub(super) async fn put_back(client: &Client, batch: &Batch) -> Result<(), LoadError> {
    let ids: Vec<i64> = batch.iter().map(|(mail, _)| mail.id).collect();
    begin(client).await?;
    release(client, &ids).await?;
    commit(client).await
}

/// Records that it is not known whether these mails were accepted.
pub(super) async fn note_unknown(client: &Client, batch: &Batch) -> Result<(), LoadError> {
    let ids: Vec<i64> = batch.iter().map(|(mail, _)| mail.id).collect();
    let sql = "UPDATE muster.outbox SET state = 'unknown', tried = clock_timestamp() WHERE id = ANY ($1)";
    client.execute(sql, &[&ids]).await.map_err(failed)?;
    Ok(())
}

async fn release(client: &Client, ids: &[i64]) -> Result<(), LoadError> {
    let back = "UPDATE muster.outbox SET state = 'pending', attempts = attempts - 1 WHERE id = ANY ($1)";
    client.execute(back, &[&ids]).await.map_err(failed)?;
    // Links of an unanswered attempt stay: an earlier one may have arrived.
    let drop = "DELETE FROM muster.invite_tokens k USING muster.outbox o
                WHERE k.mail = ANY ($1) AND o.id = k.mail AND o.attempts = 0";
    client.execute(drop, &[&ids]).await.map_err(failed)?;
    Ok(())
}

/// Records mails that were accepted; the links of earlier mails of the same invites stop working.
async fn note_sent(client: &Client, ids: &[i64], messages: &[&str]) -> Result<u64, LoadError> {
    let sql = "UPDATE muster.outbox o SET state = 'sent', message_id = u.n, settled = clock_timestamp(), code = NULL
               FROM unnest($1::bigint[], $2::text[]) u(m, n) WHERE o.id = u.m";
    let sent = client.execute(sql, &[&ids, &messages]).await.map_err(failed)?;
    let replace = "UPDATE muster.invite_tokens k SET replaced = clock_timestamp() FROM muster.outbox o
                   WHERE o.id = ANY ($1) AND k.invite = o.invite AND k.mail <> o.id AND k.replaced IS NULL";
    client.execute(replace, &[&ids]).await.map_err(failed)?;
    Ok(sent)
}

/// The unanswered mails of a run that were handed over so long ago that the provider would have them by now, and how
/// many seconds it takes until the next of the others is due.
pub(super) async fn doubtful(
    client: &Client,
    run: &str,
    settle: std::time::Duration,
) -> Result<(Vec<UnansweredMail>, Option<f64>), LoadError> {
    let sql = "SELECT o.id, coalesce(o.channel, ''), coalesce(o.tag, ''), i.address,
            greatest(0, extract(epoch FROM o.tried + make_interval(secs => $2) - clock_timestamp()))::float8,
            o.attempts < $3 AND o.tried > now() - make_interval(days => $4)
        FROM muster.outbox o JOIN muster.invites i ON i.id = o.invite
        WHERE o.run = $1::text::uuid AND o.state IN ('sending', 'unknown') ORDER BY o.id";
    let rows =
        client.query(sql, &[&run, &settle.as_secs_f64(), &ATTEMPTS, &KEPT_DAYS]).await.map_err(failed)?;
    let due = |row: &&Row| row.get::<_, f64>(4) <= 0.0;
    let found = rows.iter().filter(due).map(|row| UnansweredMail {
        id: row.get(0),
        channel: row.get(1),
        tag: row.get(2),
        address: row.get(3),
        again: row.get(5),
    });
    let wait = rows.iter().map(|row| row.get::<_, f64>(4)).filter(|wait| *wait > 0.0).reduce(f64::min);
    Ok((found.collect(), wait))
}

/// Records what the provider said about an unanswered mail: it has it, or it never got it.
pub(super) async fn note_found(
    client: &Client,
    mail: &UnansweredMail,
    found: Option<&str>,
) -> Result<u64, LoadError> {
    begin(client).await?;
    let sent = if let Some(message) = found {
        note_sent(client, &[mail.id], &[message]).await?
    } else {
        let sql = "UPDATE muster.outbox SET state = 'pending' WHERE id = $1";
        client.execute(sql, &[&mail.id]).await.map_err(failed)?;
        0
    };
    commit(client).await?;
    Ok(sent)
}

/// What is left of a run: pending mails and unanswered ones.
pub(super) async fn left(client: &Client, run: &str) -> Result<(u64, u64), LoadError> {
    let sql = "SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state <> 'pending')
        FROM muster.outbox WHERE run = $1::text::uuid AND state IN ('pending', 'sending', 'unknown')";
    let row = client.query_one(sql, &[&run]).await.map_err(failed)?;
    let count = |at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
    Ok((count(0), count(1)))
}

/// Cancels the pending mails of a run that nobody should get any more. Returns their number.
pub(super) async fn cancel_rest(client: &Client, run: &str) -> Result<u64, LoadError> {
    let sql = "UPDATE muster.outbox SET state = 'cancelled', settled = clock_timestamp()
               WHERE run = $1::text::uuid AND state = 'pending'";
    client.execute(sql, &[&run]).await.map_err(failed)
}
