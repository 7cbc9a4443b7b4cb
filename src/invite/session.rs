//! The connection to the database of an invitation, and what is asked of it first: the users' table, the addresses
//! and the run that a selection names.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;

use crate::db::{DbError, Session, require_writable};
use crate::load::{LoadError, journal};
use crate::record::RunId;
use crate::run::{Database, RunError, session_name};
use crate::schema::Schema;
use crate::signal;

use super::addresses::{self, List};
use super::error::InviteError;
use super::people::{Invitees, Selection, Wanted};

/// A database with the schema of its users.
pub(super) struct InviteSession {
    schema: Schema,
    pub(super) database: Database,
    pub(super) session: Session,
    pub(super) cancelled: Arc<AtomicBool>,
    /// The id of this invitation.
    pub(super) run: String,
}

impl InviteSession {
    pub(super) fn open(schemas: Option<&Path>, url: Option<&str>) -> Result<Self, InviteError> {
        let schema = Schema::open(schemas)?;
        Invitees::of(&schema)?;
        let cancelled = signal::flag().map_err(RunError::from)?;
        let run = RunId::generate();
        let database = Database::new(&cancelled)?;
        let session = database.connect(url, &session_name(&run, Timestamp::now()))?;
        let schema = database.locate(&session, &schema)?;
        Ok(Self { schema, database, session, cancelled, run: run.to_string() })
    }

    pub(super) fn invitees(&self) -> Result<Invitees<'_>, InviteError> {
        Invitees::of(&self.schema)
    }

    pub(super) fn wait<T>(&self, work: impl Future<Output = Result<T, LoadError>>) -> Result<T, InviteError> {
        match self.database.wait(&self.session, work) {
            Err(RunError::Interrupted) => Err(InviteError::Interrupted { sent: 0 }),
            done => Ok(done?),
        }
    }

    /// An error if the users' table does not exist, or if nothing can be written that is to be. What is rolled back in the
    /// end needs no more than a server that is no standby.
    pub(super) fn require(&self, writes: bool) -> Result<(), InviteError> {
        let invitees = self.invitees()?;
        let there = self.wait(async {
            match require_writable(&self.session).await {
                Err(DbError::ReadOnly { .. }) if !writes => {}
                done => done?,
            }
            invitees.require_table(&self.session.client).await
        })?;
        if !there {
            return Err(InviteError::NoTable { table: invitees.entity.table.to_string() });
        }
        Ok(())
    }

    /// The addresses of a selection, if it names any, and the places without a valid one.
    pub(super) fn wanted(
        &self,
        selection: &Selection,
    ) -> Result<(Option<Vec<Wanted>>, Vec<String>), InviteError> {
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
    pub(super) fn named_run(&self, selection: &Selection) -> Result<Option<String>, InviteError> {
        let Some(prefix) = &selection.run else { return Ok(None) };
        let found = self.wait(journal::find(&self.session.client, prefix))?;
        if !found.undoable {
            return Err(InviteError::NoUndoData { run: found.run });
        }
        Ok(Some(found.run))
    }
}
