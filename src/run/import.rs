//! `import`: check, then write accounts, then users, in one transaction.

use std::time::Duration;

use crate::db::Session;
use crate::event::Listener;
use crate::load::{Load, LoadError, LoadOptions};
use crate::report::{Counts, Status};
use crate::settle::EntityVerdict;

use super::database::Database;
use super::inputs::EntityRead;
use crate::schema::Schema;

use super::one::One;
use super::{Options, Reported, Run, RunError, cargo, law};

/// How often a transaction that met another one is tried.
const TRIES: u32 = 5;

/// How long an ended session may hold its lock.
const FAREWELL: Duration = Duration::from_secs(10);

/// What import can be asked beyond check.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// Where the target is; see [`crate::db::connect()`].
    pub database_url: Option<String>,
    /// How rows are loaded.
    pub load: LoadOptions,
    /// Go all the way in the database, then roll back.
    pub dry_run: bool,
    /// Whether the target's keys that the files lack are written beside the reports.
    pub report_absent: bool,
    /// The run is about one record by itself.
    pub one: Option<One>,
}

/// Imports the inputs and writes the reports.
///
/// # Errors
///
/// See [`RunError`]. The target is as it was before, unless the error says that this is not known.
pub fn import(
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
    let entities = run.read()?;
    let mut tries = 0;
    loop {
        tries += 1;
        let attempt = Attempt { database: &database, session: &target.session, entities: &entities, import };
        let again = match attempt.go(&mut run, &mut load) {
            Ok(reported) => {
                run.publish()?;
                return Ok(reported);
            }
            Err(RunError::Load(error))
                if tries < TRIES && (error.is_transient() || error.is_about_data()) =>
            {
                error
            }
            Err(error) => return Err(run.failed(&entities, error, target.session.target())),
        };
        tracing::warn!("{again}; trying again");
        // After a refused COPY the library's connection is out of step with the server: take a new one.
        drop(load);
        database.end(target.session);
        target = Target { database: &database, session: database.target(&run, import)? };
        // The server may need a moment to see that the old session is gone, and its lock with it.
        let options = LoadOptions { patience: import.load.patience.max(FAREWELL), ..import.load };
        load = target.prepare(&schema, options, listener, &run.id)?;
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
        run: &str,
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

    fn go(&self, run: &mut Run<'_>, load: &mut Load<'_>) -> Result<Reported, RunError> {
        let cargo = cargo(self.entities);
        let (database, session) = (self.database, self.session);
        database.wait(session, load.begin(&cargo))?;
        database.wait(session, load.stage(&cargo))?;
        let mut facts = database.wait(session, load.facts(&cargo))?;
        let (verdicts, mut counts, written) = loop {
            let verdicts = run.settle(self.entities, &mut facts, |verdicts, facts| {
                let held = database.wait(session, load.answers(&verdicts.questions))?;
                facts.answer(verdicts, &held);
                Ok(())
            })?;
            let counts = run.counts(self.entities, &verdicts)?;
            if run.is_refused(&counts) {
                database.wait(session, load.roll_back())?;
                return self.report(run, &verdicts, &counts, Status::Refused);
            }
            if self.import.report_absent {
                self.report_absent(run, load, &cargo)?;
            }
            match database.wait(session, load.write(&cargo, &verdicts)) {
                // What the database refuses becomes a fact: its users go with it, its duplicate is free.
                Err(RunError::Load(LoadError::Rows { entity, rows })) => facts.take_refused(entity, rows),
                written => break (verdicts, counts, written?),
            }
        };
        if self.import.one.as_ref().is_some_and(|one| !one.update)
            && written.iter().any(|(written, _)| written.updated + written.unchanged > 0)
        {
            database.wait(session, load.roll_back())?;
            return self.report(run, &verdicts, &counts, Status::Refused);
        }
        let mut changes = Vec::new();
        for (item, (written, changed)) in cargo.iter().zip(written) {
            changes.push((item.entity, changed));
            let entity = &run.schema.entities[item.entity].name;
            let counts = &mut counts[item.entity];
            counts.inserted = written.inserted;
            counts.updated = written.updated;
            counts.unchanged = written.unchanged;
            law::falsify(entity, counts, true);
            law::loaded(entity, counts)?;
        }
        if let Some(one) = &self.import.one {
            run.record = self.record(run, one)?;
        }
        if self.import.dry_run {
            run.plan = Some(run.plan_of(&changes, &counts));
            database.wait(session, load.roll_back())?;
            return self.report(run, &verdicts, &counts, Status::Planned);
        }
        let note = run.note(self.entities, &counts, self.import);
        database.wait(session, load.note(&note))?;
        let reported = self.report(run, &verdicts, &counts, Status::Committed)?;
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
    /// Reports a run that came to nothing, and hands its error back. What is reported is what reading found;
    /// a report that cannot be written either changes nothing about the error.
    fn failed(&mut self, entities: &[EntityRead], error: RunError, target: &str) -> RunError {
        if matches!(error, RunError::Load(LoadError::Unknown { .. })) {
            // The sealed reports say `committed`, which is not known: they stay unpublished.
            return error;
        }
        let status =
            if matches!(error, RunError::Interrupted) { Status::Interrupted } else { Status::Failed };
        let verdicts = vec![EntityVerdict::default(); entities.len()];
        let counts = vec![Counts::default(); entities.len()];
        let reported = self.report(entities, &verdicts, &counts, status, Some(target));
        if let Err(second) = reported.and_then(|_| self.publish()) {
            tracing::error!("the reports could not be written: {second}");
        }
        error
    }
}
