//! What an invitation would do: how many mails to whom, and who gets none and why.

use serde::Serialize;

use crate::db::postgres::Client;
use crate::load::LoadError;

use super::people::failed;

/// Mails of one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OfLanguage {
    /// The people's language; may be empty.
    pub(crate) language: String,
    /// The language of the mails.
    pub(crate) written_in: String,
    /// How many.
    pub(crate) mails: u64,
}

/// Mails to people of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OfAccount {
    /// The account's key; none if people have no account.
    pub(crate) account: Option<String>,
    /// How many.
    pub(crate) mails: u64,
}

/// People who get no mail for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Skipped {
    /// The reason, in kebab-case.
    pub(crate) why: String,
    /// How many.
    pub(crate) people: u64,
}

/// What an invitation would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct InvitePlan {
    /// How many people were chosen.
    pub(crate) people: u64,
    /// How many mails are sent.
    pub(crate) mails: u64,
    /// Of these: pending since an earlier command.
    pub(crate) waiting: u64,
    /// Of these: handed over earlier without an answer. They are looked up first, and sent again only if the provider
    /// does not have them.
    pub(crate) looked_up: u64,
    /// How many mails are not sent because of `--limit`.
    pub(crate) held_back: u64,
    /// By language.
    pub(crate) languages: Vec<OfLanguage>,
    /// By account, most mails first.
    pub(crate) accounts: Vec<OfAccount>,
    /// Who gets none.
    pub(crate) passed: Vec<Skipped>,
    /// The places of addresses in the selection that no chosen user has.
    pub(crate) unmatched: Vec<String>,
    /// The places in the selection without a valid address.
    pub(crate) wrong: Vec<String>,
}

impl InvitePlan {
    /// Whether somebody who was named gets no mail because an address or a user is missing.
    pub(crate) fn is_incomplete(&self) -> bool {
        let lacking = ["no-address", "no-account"];
        !self.unmatched.is_empty()
            || !self.wrong.is_empty()
            || self.passed.iter().any(|passed| lacking.contains(&passed.why.as_str()))
    }
}

/// The plan of what was decided in the current transaction.
pub(super) async fn of(
    client: &Client,
    written_in: impl Fn(&str) -> String,
) -> Result<InvitePlan, LoadError> {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let mut plan = InvitePlan::default();
    let sql = "SELECT count(*), count(*) FILTER (WHERE taken),
            count(*) FILTER (WHERE taken AND decision = 'pending'), count(*) FILTER (WHERE taken AND decision = 'unknown'),
            count(*) FILTER (WHERE NOT taken AND decision IN ('new', 'again', 'pending', 'unknown'))
        FROM muster_decided";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let [people, mails, waiting, looked_up, held_back] = [0, 1, 2, 3, 4].map(|at| count(row.get(at)));
    (plan.people, plan.mails, plan.waiting, plan.looked_up, plan.held_back) =
        (people, mails, waiting, looked_up, held_back);
    let sql = "SELECT language, count(*) FROM muster_decided WHERE taken GROUP BY 1 ORDER BY 2 DESC, 1";
    for row in client.query(sql, &[]).await.map_err(failed)? {
        let language: String = row.get(0);
        let written_in = written_in(&language);
        plan.languages.push(OfLanguage { language, written_in, mails: count(row.get(1)) });
    }
    let sql = "SELECT account, count(*) FROM muster_decided WHERE taken GROUP BY 1 ORDER BY 2 DESC, 1";
    let rows = client.query(sql, &[]).await.map_err(failed)?;
    plan.accounts =
        rows.iter().map(|row| OfAccount { account: row.get(0), mails: count(row.get(1)) }).collect();
    let sql = "SELECT decision, count(*) FROM muster_decided
        WHERE decision NOT IN ('new', 'again', 'pending', 'unknown') GROUP BY 1 ORDER BY 2 DESC, 1";
    let rows = client.query(sql, &[]).await.map_err(failed)?;
    plan.passed = rows.iter().map(|row| Skipped { why: row.get(0), people: count(row.get(1)) }).collect();
    let sql = "SELECT w.place FROM muster_wanted w
        WHERE NOT EXISTS (SELECT FROM muster_chosen c WHERE c.address = w.address) ORDER BY w.number";
    let rows = client.query(sql, &[]).await.map_err(failed)?;
    plan.unmatched = rows.iter().map(|row| row.get(0)).collect();
    Ok(plan)
}
