//! The journal: the list of runs, one run, old runs' undo data removed, a person forgotten.

use std::time::Duration;

use jiff::Timestamp;

use crate::db::require_writable;
use crate::load::{LoadError, RunRecord, journal};
use crate::record::RunId;
use crate::signal;

use super::RunError;
use super::database::{Database, session_name};

/// What is asked of the journal.
#[derive(Debug, Clone)]
pub(crate) enum RunsQuery {
    /// All runs.
    List,
    /// The run whose id begins like this.
    Show(String),
    /// The undo data of runs older than this is removed.
    Prune(Duration),
    /// The undo data about the person with this e-mail address is removed.
    Forget(String),
}

/// Asks the journal of a database. Returns the runs in question, and how many runs were pruned or records
/// forgotten.
pub(crate) fn runs(query: &RunsQuery, database_url: Option<&str>) -> Result<(Vec<RunRecord>, u64), RunError> {
    let database = Database::new(&signal::flag()?)?;
    let name = session_name(&RunId::generate(), Timestamp::now());
    let session = database.connect(database_url, &name)?;
    let asking = async {
        let client = &session.client;
        match query {
            RunsQuery::List => Ok((journal::list(client).await?, 0)),
            RunsQuery::Show(prefix) => Ok((vec![journal::find(client, prefix).await?], 0)),
            RunsQuery::Prune(age) => {
                require_writable(&session).await?;
                Ok((Vec::new(), journal::prune(client, age.as_secs_f64()).await?))
            }
            RunsQuery::Forget(email) => {
                require_writable(&session).await?;
                Ok((Vec::new(), journal::forget(client, email).await?))
            }
        }
    };
    database.wait::<_, LoadError>(&session, asking)
}
