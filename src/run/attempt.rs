//! One attempt of an import at its transaction.

use crate::db::Session;
use crate::fault::{self, Point};
use crate::load::{Load, LoadError};
use crate::report::{Counts, Status};
use crate::settle::EntityVerdict;

use super::database::Database;
use super::file::EntityRead;
use super::phases::entity_rows;
use super::single::Single;
use super::state::Run;
use super::{Reported, RunError, absent, law};

/// One attempt at the transaction.
pub(super) struct Attempt<'a> {
    pub(super) database: &'a Database,
    pub(super) session: &'a Session,
    pub(super) entities: &'a [EntityRead],
    /// The run is about a single record.
    pub(super) single: Option<&'a Single>,
}

impl Attempt<'_> {
    /// Goes all the way to COMMIT, or to the rollback. The reports are written and on the disk by then; the caller
    /// gives them their names. `latest` has the latest verdicts, also if this ends with an error.
    pub(super) fn go(
        &self,
        run: &mut Run<'_>,
        load: &mut Load<'_>,
        latest: &mut Option<Vec<EntityVerdict>>,
    ) -> Result<Reported, RunError> {
        let rows = entity_rows(self.entities);
        let (database, session) = (self.database, self.session);
        let settings = run.settings;
        let target = &settings.target;
        database.wait(session, load.begin(&rows))?;
        database.wait(session, load.stage(&rows))?;
        let mut facts = database.wait(session, load.facts(&rows))?;
        fault::reach(Point::FactsFound);
        let (mut counts, written) = loop {
            *latest = None;
            let verdicts = run.settle(self.entities, &mut facts, |verdicts, facts| {
                let answers = database.wait(session, load.answers(&rows, &verdicts.questions))?;
                facts.answer(&verdicts.questions, answers);
                Ok(())
            })?;
            let verdicts = &*latest.insert(verdicts);
            fault::reach(Point::Settled);
            let counts = run.counts(self.entities, verdicts)?;
            if run.is_refused(self.entities, &counts) {
                database.wait(session, load.roll_back())?;
                return self.report(run, verdicts, &counts, Status::Refused);
            }
            if !target.allow_deletes
                && let Some(error) = run.deletes(self.entities)
            {
                database.wait(session, load.roll_back())?;
                self.report(run, verdicts, &counts, Status::Refused)?;
                return Err(error);
            }
            if target.report_absent {
                absent::report((database, session), &run.schema, &mut run.folder, load, &rows)?;
            }
            match database.wait(session, load.write(&rows, verdicts)) {
                // A row that the database refuses becomes a fact: its users are rejected with it, its duplicate may be kept.
                Err(RunError::Load(LoadError::Rows { entity, rows })) => facts.take_refused(entity, rows),
                // A row that others refer to is not deleted.
                Err(RunError::Load(LoadError::Referred { entity, rows })) => {
                    facts.take_referred(entity, rows);
                }
                Err(RunError::Load(LoadError::NotReleased { .. })) => facts.free_none(),
                Err(error @ RunError::Load(LoadError::MassDeletes { .. })) => {
                    database.wait(session, load.roll_back())?;
                    self.report(run, verdicts, &counts, Status::Refused)?;
                    return Err(error);
                }
                written => break (counts, written?),
            }
        };
        let verdicts = latest.as_deref().unwrap_or_default();
        if self.single.is_some() && verdicts.iter().all(|verdict| verdict.accepted == 0) {
            // A single record that is rejected is no run: the journal does not have it.
            database.wait(session, load.roll_back())?;
            return self.report(run, verdicts, &counts, Status::Checked);
        }
        if self.single.is_some_and(|single| !single.update)
            && written.iter().any(|(written, _)| written.updated + written.unchanged > 0)
        {
            database.wait(session, load.roll_back())?;
            return self.report(run, verdicts, &counts, Status::Refused);
        }
        let mut changes = Vec::new();
        for (item, (written, changed)) in rows.iter().zip(written) {
            changes.push((item.entity, changed));
            let entity = &run.schema.entities[item.entity].name;
            let counts = &mut counts[item.entity];
            counts.inserted = written.inserted;
            counts.updated = written.updated;
            counts.unchanged = written.unchanged;
            counts.deleted = written.deleted;
            law::falsify(entity, counts, true);
            law::loaded(entity, counts)?;
        }
        if let Some(single) = self.single {
            let looking = single.row(&session.client, &run.schema, self.entities)?;
            run.record = database.wait(session, looking)?;
        }
        if target.dry_run {
            run.plan = Some(run.plan_of(&changes, &counts));
            database.wait(session, load.roll_back())?;
            return self.report(run, verdicts, &counts, Status::Planned);
        }
        let note = run.note(self.entities, &counts);
        database.wait(session, load.note(&note))?;
        fault::reach(Point::RunNoted);
        let reported = self.report(run, verdicts, &counts, Status::Committed)?;
        if run.is_cancelled() {
            return Err(RunError::Interrupted);
        }
        database.wait_surely(load.commit())?;
        Ok(reported)
    }

    fn report(
        &self,
        run: &mut Run<'_>,
        verdicts: &[EntityVerdict],
        counts: &[Counts],
        status: Status,
    ) -> Result<Reported, RunError> {
        let mut reported =
            run.report(self.entities, verdicts, counts, status, Some(self.session.target()))?;
        if self.single.is_some() {
            reported.findings = run.findings()?;
        }
        Ok(reported)
    }
}

impl Run<'_> {
    /// The error that says how many rows would be deleted, if any.
    fn deletes(&self, entities: &[EntityRead]) -> Option<RunError> {
        let deletes = |read: &EntityRead| read.harvest.deletes.len() as u64;
        let rows = entities.iter().map(deletes).sum();
        let named = self.schema.entities.iter().zip(entities).filter(|(_, read)| deletes(read) > 0);
        let entities = named.map(|(entity, read)| format!("{} {}", entity.name, deletes(read))).collect();
        (rows > 0).then_some(RunError::Deletes { rows, entities })
    }
}
