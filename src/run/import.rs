//! `import`: check, then write accounts, then users, in one transaction.

use std::time::Duration;

use crate::db::Session;
use crate::event::Listener;
use crate::fault::{self, Point};
use crate::load::{Load, LoadError, LoadOptions};
use crate::record::RunId;
use crate::report::{Counts, Status};
use crate::settle::EntityVerdict;

use super::database::Database;
use super::inputs::EntityRead;
use crate::schema::Schema;

use super::one::One;
use super::{Options, Reported, Run, RunError, entity_rows, law};

/// How often a transaction that met another one is tried.
const TRIES: u32 = 5;

/// How long an ended session may hold its lock.
const FAREWELL: Duration = Duration::from_secs(10);

/// What import can be asked beyond check.
#[derive(Debug, Clone)]
pub(crate) struct ImportOptions {
    /// Where the target is; see [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// How rows are loaded.
    pub(crate) load: LoadOptions,
    /// Go all the way in the database, then roll back.
    pub(crate) dry_run: bool,
    /// Rows that a file of changes names are deleted.
    pub(crate) allow_deletes: bool,
    /// Whether the target's keys that the files lack are written beside the reports.
    pub(crate) report_absent: bool,
    /// The run is about one record by itself.
    pub(crate) one: Option<One>,
}

/// Imports the inputs and writes the reports.
///
/// # Errors
///
/// See [`RunError`]. The target is as it was before, unless the error says that this is not known.
pub(crate) fn import(
    options: &Options,
    import: &ImportOptions,
    listener: &dyn Listener,
) -> Result<Reported, RunError> {
    let command = import.one.as_ref().map_or("import", |one| one.command);
    let mut run = Run::begin(command, options, listener)?;
    let database = Database::new(&run.cancelled)?;
    let schema = run.schema.clone();
    let mut target = Target { database: &database, session: database.target(&run, import)? };
    let mut load = target.prepare(&schema, import.load, listener, &run.id)?;
    fault::reach(Point::LockTaken);
    let entities = run.read(Some(target.session.target()))?;
    fault::reach(Point::Read);
    let mut judged = None;
    let mut tries = 0;
    loop {
        tries += 1;
        let attempt = Attempt { database: &database, session: &target.session, entities: &entities, import };
        let again = match attempt.go(&mut run, &mut load, &mut judged) {
            Ok(reported) => {
                if reported.outcome.status == Status::Committed {
                    fault::reach(Point::Committed);
                    run.publish_committed()?;
                } else {
                    run.publish()?;
                }
                return Ok(reported);
            }
            Err(RunError::Load(error))
                if tries < TRIES && (error.is_transient() || error.is_about_data()) =>
            {
                error
            }
            // Its reports say `refused`.
            Err(error @ RunError::Deletes { .. }) => {
                run.publish()?;
                return Err(error);
            }
            Err(error) => {
                return Err(run.failed(&entities, judged.as_deref(), error, Some(target.session.target())));
            }
        };
        tracing::warn!("{again}; trying again");
        // After a refused COPY the library's connection is out of step with the server: take a new one.
        drop(load);
        let name = target.session.target().to_owned();
        database.end(target.session);
        target = match database.target(&run, import) {
            Ok(session) => Target { database: &database, session },
            Err(error) => return Err(run.failed(&entities, judged.as_deref(), error, Some(&name))),
        };
        // The server may need a moment to see that the old session is gone, and its lock with it.
        let options = LoadOptions { patience: import.load.patience.max(FAREWELL), ..import.load };
        load = match target.prepare(&schema, options, listener, &run.id) {
            Ok(load) => load,
            Err(error) => return Err(run.failed(&entities, judged.as_deref(), error, Some(&name))),
        };
        if again.is_about_data() {
            load.find_refused();
        }
    }
}

/// The target of an import: a session that may write.
struct Target<'d> {
    database: &'d Database,
    session: Session,
}

impl Target<'_> {
    /// Takes the run's lock and looks at the tables.
    fn prepare<'s>(
        &'s self,
        schema: &'s Schema,
        options: LoadOptions,
        listener: &'s dyn Listener,
        run: &RunId,
    ) -> Result<Load<'s>, RunError> {
        self.database.wait(&self.session, async {
            crate::db::require_writable(&self.session).await?;
            Load::prepare(&self.session, schema, options, listener, run).await
        })
    }
}

impl Database {
    fn target(&self, run: &Run<'_>, import: &ImportOptions) -> Result<Session, RunError> {
        self.connect(import.database_url.as_deref(), &run.session_name())
    }
}

/// One try at the transaction.
pub(super) struct Attempt<'a> {
    pub(super) database: &'a Database,
    pub(super) session: &'a Session,
    entities: &'a [EntityRead],
    import: &'a ImportOptions,
}

impl Attempt<'_> {
    pub(super) fn entities(&self) -> &[EntityRead] {
        self.entities
    }

    /// Goes all the way. `judged` has the latest verdicts, also where this ends with an error.
    fn go(
        &self,
        run: &mut Run<'_>,
        load: &mut Load<'_>,
        judged: &mut Option<Vec<EntityVerdict>>,
    ) -> Result<Reported, RunError> {
        let rows = entity_rows(self.entities);
        let (database, session) = (self.database, self.session);
        database.wait(session, load.begin(&rows))?;
        database.wait(session, load.stage(&rows))?;
        let mut facts = database.wait(session, load.facts(&rows))?;
        fault::reach(Point::FactsFound);
        let (mut counts, written) = loop {
            *judged = None;
            let verdicts = run.settle(self.entities, &mut facts, |verdicts, facts| {
                let held = database.wait(session, load.answers(&verdicts.questions))?;
                facts.answer(&verdicts.questions, &held);
                Ok(())
            })?;
            let verdicts = &*judged.insert(verdicts);
            fault::reach(Point::Settled);
            let counts = run.counts(self.entities, verdicts)?;
            if run.is_refused(&counts) {
                database.wait(session, load.roll_back())?;
                return self.report(run, verdicts, &counts, Status::Refused);
            }
            if !self.import.allow_deletes
                && let Some(error) = run.deletes(self.entities)
            {
                database.wait(session, load.roll_back())?;
                self.report(run, verdicts, &counts, Status::Refused)?;
                return Err(error);
            }
            if self.import.report_absent {
                self.report_absent(run, load, &rows)?;
            }
            match database.wait(session, load.write(&rows, verdicts)) {
                // What the database refuses becomes a fact: its users go with it, its duplicate is free.
                Err(RunError::Load(LoadError::Rows { entity, rows })) => facts.take_refused(entity, rows),
                // Whoever refers to a row that was to go keeps it.
                Err(RunError::Load(LoadError::Referred { entity, rows })) => {
                    facts.take_referred(entity, rows);
                }
                Err(RunError::Load(LoadError::NotReleased { .. })) => facts.free_none(),
                written => break (counts, written?),
            }
        };
        let verdicts = judged.as_deref().unwrap_or_default();
        if self.import.one.as_ref().is_some_and(|one| !one.update)
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
        if let Some(one) = &self.import.one {
            run.record = self.record(run, one)?;
        }
        if self.import.dry_run {
            run.plan = Some(run.plan_of(&changes, &counts));
            database.wait(session, load.roll_back())?;
            return self.report(run, verdicts, &counts, Status::Planned);
        }
        let note = run.note(self.entities, &counts, self.import);
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
        run.report(self.entities, verdicts, counts, status, Some(self.session.target()))
    }
}

impl Run<'_> {
    /// The error that says how many rows are to be deleted, where any are.
    fn deletes(&self, entities: &[EntityRead]) -> Option<RunError> {
        let deletes = |read: &EntityRead| read.harvest.deletes.len() as u64;
        let rows = entities.iter().map(deletes).sum();
        let named = self.schema.entities.iter().zip(entities).filter(|(_, read)| deletes(read) > 0);
        let entities = named.map(|(entity, read)| format!("{} {}", entity.name, deletes(read))).collect();
        (rows > 0).then_some(RunError::Deletes { rows, entities })
    }

    /// Reports a run that came to nothing, and hands its error back. What is reported is what is known by then:
    /// all verdicts where there were any, else what reading found; nothing counts as written. A report that
    /// cannot be written either changes nothing about the error.
    pub(super) fn failed(
        &mut self,
        entities: &[EntityRead],
        judged: Option<&[EntityVerdict]>,
        error: RunError,
        target: Option<&str>,
    ) -> RunError {
        if matches!(error, RunError::Load(LoadError::Unknown { .. })) {
            // The sealed reports say `committed`, which is not known: they get no names, and do not go either.
            self.folder.leave();
            let folder = self.folder.path().display();
            tracing::warn!("the run's files are in {folder} as .NAME.partial; they hold if it was committed");
            return error;
        }
        let status =
            if matches!(error, RunError::Interrupted) { Status::Interrupted } else { Status::Failed };
        let settled = judged.and_then(|verdicts| Some((verdicts, self.counts(entities, verdicts).ok()?)));
        let unsettled = vec![EntityVerdict::default(); entities.len()];
        let (verdicts, counts) =
            settled.unwrap_or_else(|| (&unsettled, entities.iter().map(EntityRead::counts).collect()));
        let reported = self.report(entities, verdicts, &counts, status, target);
        if let Err(second) = reported.and_then(|_| self.publish()) {
            tracing::error!("the reports could not be written: {second}");
        }
        error
    }
}
