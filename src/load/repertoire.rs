//! The characters that the database's encoding lacks. A database in UTF-8 has all of them, and nothing is looked at. In
//! any other one COPY would end at the first that is missing, so the rows that hold one are refused before they are sent.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::db::postgres::error::SqlState;
use crate::read::{Harvest, Segment};
use crate::record::RowNumber;
use crate::settle::Question;

use super::error::{LoadError, RefusedRow};
use super::rows::EntityRows;

/// The characters of a run's rows that the database's encoding lacks.
#[derive(Debug, Default)]
pub(super) struct Repertoire {
    /// The database's encoding, if it may lack some.
    encoding: Option<String>,
    lacking: HashSet<char>,
}

impl Repertoire {
    /// Asks the database about the characters of the rows, in a transaction.
    pub(super) async fn of(client: &Client, entities: &[EntityRows<'_>]) -> Result<Self, LoadError> {
        let row = client.query_one("SELECT getdatabaseencoding()::text", &[]).await.map_err(failed)?;
        let encoding: String = row.get(0);
        // SQL_ASCII stores bytes as they are.
        if matches!(encoding.as_str(), "UTF8" | "SQL_ASCII") {
            return Ok(Self::default());
        }
        let mut found = BTreeSet::new();
        for EntityRows { harvest, .. } in entities {
            let all = harvest.segments.iter().chain(&harvest.rejected_references);
            each_row(harvest, all, |_, row| found.extend(row.chars().filter(|c| !c.is_ascii())))?;
            harvest.rejected_keys.iter().for_each(|rejected| found.extend(rejected.key.chars()));
        }
        let lacking = ask(client, found).await?;
        Ok(Self { encoding: Some(encoding), lacking })
    }

    /// Whether the database can hold a value of the run's rows, encoded or not.
    pub(super) fn has(&self, value: &[u8]) -> bool {
        self.lacking.is_empty() || !String::from_utf8_lossy(value).contains(|c| self.lacking.contains(&c))
    }

    /// The questions about keys that the database can be asked: it holds no other ones.
    pub(super) fn askable<'q>(&self, questions: &'q [Question]) -> Cow<'q, [Question]> {
        if self.lacking.is_empty() {
            return Cow::Borrowed(questions);
        }
        questions.iter().filter(|question| self.has(&question.key)).cloned().collect()
    }

    /// The rows that hold a character that the database lacks, in order.
    pub(super) fn refused(&self, harvest: &Harvest) -> Result<Vec<RefusedRow>, LoadError> {
        let mut refused = Vec::new();
        if self.lacking.is_empty() {
            return Ok(refused);
        }
        let encoding = self.encoding.as_deref().unwrap_or_default();
        each_row(harvest, &harvest.segments, |number, row| {
            if let Some(lacking) = row.chars().find(|c| self.lacking.contains(c)) {
                let (state, code) = (SqlState::UNTRANSLATABLE_CHARACTER, u32::from(lacking));
                refused.push((number, format!("{}, {encoding} has no U+{code:04X}", state.code())));
            }
        })?;
        Ok(refused)
    }

    /// A text about the run as the database can hold it: `?` for each character that it lacks.
    pub(super) async fn fitted(&self, client: &Client, text: &str) -> Result<String, LoadError> {
        if self.encoding.is_none() || text.is_ascii() {
            return Ok(text.to_owned());
        }
        let lacking = ask(client, text.chars().collect()).await?;
        Ok(text.replace(|c| lacking.contains(&c), "?"))
    }
}

/// Those of these characters that the database's encoding lacks.
async fn ask(client: &Client, chars: BTreeSet<char>) -> Result<HashSet<char>, LoadError> {
    let mut lacking = HashSet::new();
    let mut open: Vec<Vec<char>> = vec![chars.into_iter().collect()];
    // The server names no character, so a refused half is halved again. This works in a read-only transaction, too.
    while let Some(some) = open.pop().filter(|some| !some.is_empty()) {
        client.batch_execute("SAVEPOINT repertoire").await.map_err(failed)?;
        let text = some.iter().collect::<String>().into_bytes();
        let sql = "SELECT length(convert($1::bytea, 'UTF8', getdatabaseencoding()))";
        let asked = client.query_one(sql, &[&text]).await;
        client.batch_execute("ROLLBACK TO repertoire; RELEASE repertoire").await.map_err(failed)?;
        match asked {
            Ok(_) => {}
            Err(error) if error.code() != Some(&SqlState::UNTRANSLATABLE_CHARACTER) => {
                return Err(failed(error).into());
            }
            Err(_) if some.len() == 1 => lacking.extend(some),
            Err(_) => {
                let (one, other) = some.split_at(some.len() / 2);
                open.extend([one.to_vec(), other.to_vec()]);
            }
        }
    }
    Ok(lacking)
}

/// Calls `each` with the rows of these segments that are not all ASCII, encoded as they are.
fn each_row<'h>(
    harvest: &'h Harvest,
    segments: impl IntoIterator<Item = &'h Segment>,
    mut each: impl FnMut(RowNumber, &str),
) -> Result<(), LoadError> {
    let mut buffer = Vec::new();
    for segment in segments {
        let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (number, row) in (segment.first..).map(RowNumber).zip(rows.iter()) {
            if !row.is_ascii() {
                each(number, &String::from_utf8_lossy(row));
            }
        }
    }
    Ok(())
}

fn failed(error: crate::db::postgres::Error) -> DbError {
    DbError::of("asking which characters the database's encoding has", error)
}
