//! The order of an undo's steps.

use crate::db::Session;
use crate::db::faults;
use crate::fault::{self, Point};
use crate::load::commit;
use crate::load::error::LoadError;
use crate::load::journal::{self, EntityRecord, RunRecord, STAMPS, hostname};
use crate::load::rights;
use crate::load::tables;
use crate::record::RunId;
use crate::sql::literal;

use super::blocking::BlockingRow;
use super::readback::{self, Undone};
use super::rows::{RunRows, failed};
use super::{find, restore};

/// A run that may be undone.
#[derive(Debug)]
pub(crate) struct Undo<'a> {
    session: &'a Session,
    run: &'a RunRecord,
    /// A row that has the run's stamp in `xmin` is as the run left it.
    stamped: bool,
}

impl<'a> Undo<'a> {
    /// Checks whether the run can be undone at all.
    /// Errors: it is an undo, was undone, or its undo data was not kept or was pruned.
    pub(crate) async fn of(session: &'a Session, run: &'a RunRecord) -> Result<Self, LoadError> {
        let client = &session.client;
        let refused = |why: String| Err(LoadError::NotUndoable { run: run.run.clone(), why });
        if let Some(by) = &run.undone_by {
            return refused(format!("it is undone already, by run {by}"));
        }
        if run.undoes.is_some() {
            return refused("it is itself an undo; import the files again instead".to_owned());
        }
        if let Some(pruned) = &run.pruned {
            return refused(format!("its undo data was pruned at {pruned}"));
        }
        if !run.undoable {
            return refused("it ran with --no-undo, which keeps no undo data".to_owned());
        }
        rights::journal(client, rights::JOURNAL_UNDO).await?;
        rights::undo(client, run.entities.iter().map(|entity| &entity.table)).await?;
        for entity in &run.entities {
            let hidden = faults::hidden(client, &entity.table).await?;
            tables::fail_if_any(hidden.into_iter().collect())?;
        }
        let sql = format!(
            "SELECT EXISTS (SELECT FROM muster.runs r {STAMPS} AND r.id = $1::text::uuid),
                    EXISTS (SELECT FROM muster.inserted b WHERE b.run = $1::text::uuid AND b.hashes IS NULL)"
        );
        let row = client.query_one(&sql, &[&run.run]).await.map_err(|e| failed(&run.run, e))?;
        let (stamped, unhashed): (bool, bool) = (row.get(0), row.get(1));
        if !stamped && unhashed {
            return refused(
                "the journal was written again since, as by a restored dump, or the numbers of transactions have repeated \
                 since, and the run is of an older muster, which kept no hashes of the rows it inserted: whether they \
                 were changed is not known"
                    .to_owned(),
            );
        }
        if !stamped {
            tracing::info!(
                "run {}: its rows are compared by their hashes, as after a restored dump",
                run.run
            );
        }
        Ok(Self { session, run, stamped })
    }

    /// Begins the transaction, restores and deletes. Does not commit.
    /// Errors: [`LoadError::Blocked`] names the rows that keep the run from being undone. The transaction must be
    /// rolled back.
    pub(crate) async fn run(&self, undo: &RunId) -> Result<Vec<Undone>, LoadError> {
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        // From here on, those who prune the journal or forget a person wait; what they did before is seen.
        let id = &self.run.run;
        self.execute(&format!("SELECT FROM muster.runs WHERE id = {}::uuid FOR UPDATE", literal(id))).await?;
        if journal::find(&self.session.client, id).await? != *self.run {
            let why =
                "its undo data was pruned, or a person forgotten, at the same time; see `muster runs show`";
            return Err(LoadError::NotUndoable { run: id.clone(), why: why.to_owned() });
        }
        let entities: Vec<_> = self.run.entities.iter().map(|entity| self.rows(entity)).collect();
        let (mut blocking, mut differs) = (Vec::new(), Vec::new());
        for rows in &entities {
            rows.lock().await?;
            blocking.extend(find::changed(rows).await?);
            blocking.extend(find::created_again(rows).await?);
        }
        fault::reach(Point::UndoLocked);
        if blocking.is_empty() {
            // The load's steps in reverse: what was deleted last comes first, and with it what others refer to.
            for rows in &entities {
                restore::deleted(rows, true).await?;
            }
            for rows in &entities {
                blocking.extend(find::followed(rows).await?);
            }
            self.unless_blocked(&mut blocking)?;
            for rows in &entities {
                differs.push(restore::updated(rows).await?);
            }
            fault::reach(Point::UndoRestored);
            for rows in &entities {
                blocking.extend(find::referred(rows).await?);
            }
        }
        self.unless_blocked(&mut blocking)?;
        // Rows that refer to others go first.
        for rows in entities.iter().rev() {
            restore::inserted(rows).await?;
        }
        for rows in &entities {
            restore::deleted(rows, false).await?;
        }
        fault::reach(Point::UndoDeleted);
        self.execute(&self.session.path.around("SET CONSTRAINTS ALL IMMEDIATE")).await?;
        let mut all = Vec::new();
        for (rows, differs) in entities.iter().zip(&differs) {
            all.push(readback::check(rows, differs.as_deref()).await?);
        }
        self.note(undo).await?;
        fault::reach(Point::UndoNoted);
        Ok(all)
    }

    /// Commits.
    /// Errors: see [`LoadError::Unknown`]; with any other error the transaction was rolled back.
    pub(crate) async fn commit(session: &Session, undo: &RunId) -> Result<(), LoadError> {
        commit::commit(session, undo).await
    }

    /// Writes the undo to the journal as a run, and the run as undone.
    async fn note(&self, undo: &RunId) -> Result<(), LoadError> {
        let client = &self.session.client;
        client
            .execute(
                "INSERT INTO muster.runs (id, command, started, finished, host, version, schema_sha256, undoable, undoes, stamp)
                 SELECT $1::text::uuid, 'undo', now(), clock_timestamp(), $3, $4, schema_sha256, false, id, pg_current_xact_id()::xid
                 FROM muster.runs WHERE id = $2::text::uuid",
                &[&undo.as_str(), &self.run.run, &hostname(), &env!("CARGO_PKG_VERSION")],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        client
            .execute(
                "UPDATE muster.runs SET status = 'undone', undone_by = $1::text::uuid WHERE id = $2::text::uuid",
                &[&undo.as_str(), &self.run.run],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        Ok(())
    }

    /// Errors: rows keep the run from being undone.
    fn unless_blocked(&self, blocking: &mut Vec<BlockingRow>) -> Result<(), LoadError> {
        if blocking.is_empty() {
            return Ok(());
        }
        Err(LoadError::Blocked { run: self.run.run.clone(), rows: std::mem::take(blocking) })
    }

    fn rows(&self, entity: &'a EntityRecord) -> RunRows<'a> {
        RunRows::of(self.session, self.run, entity, self.stamped)
    }

    async fn execute(&self, sql: &str) -> Result<(), LoadError> {
        Ok(self.session.client.batch_execute(sql).await.map_err(|e| failed(&self.run.run, e))?)
    }
}
