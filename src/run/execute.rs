//! Runs an SQL script of muster in a database.

use jiff::Timestamp;

use crate::db::{DbError, require_writable};
use crate::load::LoadError;
use crate::record::RunId;
use crate::signal;

use super::RunError;
use super::database::{Database, session_name};

/// Runs a script, which has its own transaction. `doing` says in errors what it does.
pub(crate) fn execute(database_url: Option<&str>, script: &str, doing: &str) -> Result<(), RunError> {
    let database = Database::new(&signal::flag()?)?;
    let name = session_name(&RunId::generate(), Timestamp::now());
    let session = database.connect(database_url, &name)?;
    database.wait::<_, LoadError>(&session, async {
        require_writable(&session).await?;
        Ok(session.client.batch_execute(script).await.map_err(|e| DbError::of(doing, e))?)
    })
}
