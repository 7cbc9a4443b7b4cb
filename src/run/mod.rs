//! The order of the phases, and what makes a run a run: its identity, its folder, its options, its error,
//! its cancellation, its exit code.
//!
//! `check` and `import` are the same run up to the verdicts; only import has a database to write to.

mod check;
mod database;
mod error;
mod execute;
mod exported;
mod findings;
mod import;
mod inputs;
mod journal;
mod law;
mod names;
pub(crate) mod one;
mod options;
mod publish;
mod returned;
mod rows;
mod runs;
mod table;
mod undo;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::event::{Event, Listener, Stage};
use crate::exit::Exit;
use crate::export::records::OwnedRecord;
use crate::fault::{self, Point};
use crate::load::EntityRows;
use crate::output::RunFolder;
use crate::read::{Harvest, ReadError, Reader, Seed, slots};
use crate::record::{EntityIndex, RunId};
use crate::report::rejects::StoredRun;
use crate::report::{Context, Counts, Outcome, PlannedRun, Returned, Status, Tally};
use crate::schema::Schema;
use crate::settle::{EntityVerdict, Facts, Verdicts, settle};
use crate::signal;

use inputs::EntityRead;
use rows::Settleable;

pub(crate) use check::check;
pub(crate) use database::Database;
pub(crate) use error::RunError;
pub(crate) use execute::execute;
pub(crate) use import::{ImportOptions, import};
pub(crate) use inputs::Looking;
pub(crate) use options::{MaxRejects, Options};
pub(crate) use runs::{RunsQuery, runs};
pub(crate) use undo::{UndoOptions, UndoReported, undo};

/// The folder that runs are kept in when `--out` names none.
const RUNS: &str = "muster-runs";

/// A run under way.
pub(crate) struct Run<'o> {
    /// Its identity.
    pub(crate) id: RunId,
    /// The subcommand.
    pub(crate) command: &'static str,
    /// When it began.
    pub(crate) started: Timestamp,
    options: &'o Options,
    schema: Schema,
    folder: RunFolder,
    /// An earlier run to compare with.
    earlier: Option<StoredRun>,
    seed: Seed,
    listener: &'o dyn Listener,
    cancelled: Arc<AtomicBool>,
    /// What a dry run would do.
    plan: Option<PlannedRun>,
    /// The one record of a run about one.
    record: Option<OwnedRecord>,
}

/// What a run has to show for itself.
#[derive(Debug)]
pub(crate) struct Reported {
    /// Names.
    pub(crate) context: Context,
    /// Status and counts.
    pub(crate) outcome: Outcome,
    /// Findings, by rule.
    pub(crate) tally: Tally,
    /// The files that go back to their sender.
    pub(crate) returned: Vec<Returned>,
    /// Where the reports are.
    pub(crate) folder: PathBuf,
    /// What a dry run would do.
    pub(crate) plan: Option<PlannedRun>,
    /// The one record of a run about one, as the database has it at the end.
    pub(crate) record: Option<OwnedRecord>,
}

impl Reported {
    /// The process's exit.
    #[must_use]
    pub(crate) fn exit(&self) -> Exit {
        let lost: u64 = self.outcome.counts.iter().map(|counts| counts.rejected + counts.duplicates).sum();
        match self.outcome.status {
            Status::Refused => Exit::Refused,
            Status::Failed => Exit::Failed,
            Status::Interrupted => Exit::Interrupted,
            _ if lost > 0 => Exit::Rejects,
            _ => Exit::Done,
        }
    }
}

impl<'o> Run<'o> {
    /// Loads the schema, makes the run's folder and listens to signals.
    fn begin(
        command: &'static str,
        options: &'o Options,
        listener: &'o dyn Listener,
    ) -> Result<Self, RunError> {
        let schema = Schema::open(options.schemas.as_deref())?;
        let one = fault::slow().then_some(NonZeroUsize::MIN);
        if let Some(threads) = one.or(options.threads) {
            crate::parallel::use_threads(threads);
        }
        let earlier = options.against.as_deref().map(StoredRun::open).transpose()?;
        let cancelled = signal::flag()?;
        let id = RunId::generate();
        let path = options.out.clone().unwrap_or_else(|| PathBuf::from(RUNS).join(id.as_str()));
        let mut folder = RunFolder::open(path)?;
        inputs::paths(&options.inputs).for_each(|path| folder.keep(path));
        fault::reach(Point::Begun);
        Ok(Self {
            id,
            command,
            started: Timestamp::now(),
            options,
            schema,
            folder,
            earlier,
            seed: Seed::default(),
            listener,
            cancelled,
            plan: None,
            record: None,
        })
    }

    /// Phase 1: every record read, judged and encoded. `target` is named where this is interrupted.
    fn read(&mut self, target: Option<&str>) -> Result<Vec<EntityRead>, RunError> {
        let spool = self.folder.path().to_owned();
        let goes_on = || !self.is_cancelled();
        let (inputs, looking) = (&self.options.inputs, &self.options.looking);
        let files = match inputs::open(inputs, &self.schema, looking, &spool, &goes_on) {
            Err(_) if self.is_cancelled() => {
                let entities = 0..self.schema.entities.len();
                let entities: Vec<_> =
                    entities.map(|at| self.unread(at, Vec::new())).collect::<Result<_, _>>()?;
                return Err(self.failed(&entities, None, RunError::Interrupted, target));
            }
            opened => opened?,
        };
        let faults = inputs::fatal(&files);
        if !faults.is_empty() {
            self.report_faults(files)?;
            return Err(RunError::Files(faults));
        }
        let stored = files.iter().flatten().map(|file| file.source.len()).sum();
        self.folder.require(stored)?;
        fault::reach(Point::Opened);
        let reader = Reader {
            spool_folder: &spool,
            seed: &self.seed,
            listener: self.listener,
            cancelled: &self.cancelled,
        };
        let (looking, options) = (&self.options.looking, self.options.read);
        let keep_keys = self.options.keep_rejected_keys;
        let mut entities: Vec<EntityRead> = Vec::new();
        let mut waiting = files.into_iter();
        while let Some(mut files) = waiting.next() {
            let (schema, at) = (&self.schema, entities.len());
            match inputs::read(&reader, schema, at, &mut files, looking, options, keep_keys) {
                Ok(harvest) => entities.push(EntityRead { files, harvest }),
                Err(RunError::Read(ReadError::Cancelled)) => {
                    for files in std::iter::once(files).chain(waiting) {
                        entities.push(self.unread(entities.len(), files)?);
                    }
                    return Err(self.failed(&entities, None, RunError::Interrupted, target));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(entities)
    }

    /// Phase 3, over and over until the database has answered all that it is asked.
    fn settle(
        &self,
        entities: &[EntityRead],
        facts: &mut Facts,
        mut ask: impl FnMut(&Verdicts, &mut Facts) -> Result<(), RunError>,
    ) -> Result<Vec<EntityVerdict>, RunError> {
        self.listener.on(Event::Started { stage: Stage::Settle, entity: "all", total: None });
        let parts: Vec<_> = entities
            .iter()
            .enumerate()
            .map(|(index, read)| Settleable::new(&self.schema.entities[index], index, &read.harvest))
            .collect();
        let candidates: Vec<_> = parts.iter().map(Settleable::candidates).collect();
        loop {
            let verdicts = settle(&candidates, facts, self.options.duplicates).map_err(RunError::Spool)?;
            if verdicts.questions.is_empty() {
                self.listener.on(Event::Finished);
                return Ok(verdicts.entities);
            }
            ask(&verdicts, facts)?;
        }
    }

    /// The counts so far, each from where it was counted.
    fn counts(&self, entities: &[EntityRead], verdicts: &[EntityVerdict]) -> Result<Vec<Counts>, RunError> {
        let mut all = Vec::new();
        for (index, (read, verdict)) in entities.iter().zip(verdicts).enumerate() {
            let counted = read.harvest.counts;
            let mut counts = Counts {
                read: counted.read,
                blank: counted.blank,
                accepted: verdict.accepted,
                rejected: counted.rejected + verdict.rejected,
                duplicates: verdict.duplicates,
                warnings: counted.warnings + verdict.warnings,
                unguarded: counted.unguarded,
                ..Counts::default()
            };
            let name = &self.schema.entities[index].name;
            law::falsify(name, &mut counts, false);
            law::settled(name, &counts)?;
            all.push(counts);
        }
        Ok(all)
    }

    /// Whether more rows were rejected than allowed.
    fn is_refused(&self, counts: &[Counts]) -> bool {
        let rejected = counts.iter().map(|counts| counts.rejected).sum();
        let read = counts.iter().map(|counts| counts.read).sum();
        self.options.max_rejects.is_some_and(|max| max.is_exceeded(rejected, read))
    }

    /// What the run's sessions are called on the server, for whoever meets its lock.
    fn session_name(&self) -> String {
        session_name(&self.id, self.started)
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// An entity of which nothing was read but what its files' headers say.
    fn unread(&self, entity: usize, files: Vec<inputs::FileRead>) -> Result<EntityRead, RunError> {
        let findings = inputs::findings_of(&files);
        let slots = slots(&self.schema.entities[entity]).len();
        let harvest = Harvest::of_findings(slots, self.folder.path(), &findings).map_err(RunError::Spool)?;
        Ok(EntityRead { files, harvest })
    }
}

/// What the sessions of a run are called on the server, for whoever meets its lock.
pub(crate) fn session_name(run: &RunId, started: Timestamp) -> String {
    format!("muster {} since {started:.0}", run.short())
}

/// The clean rows of the entities that have files.
fn entity_rows(entities: &[EntityRead]) -> Vec<EntityRows<'_>> {
    let given = entities.iter().enumerate().filter(|(_, read)| !read.files.is_empty());
    given.map(|(entity, read)| EntityRows { entity: EntityIndex(entity), harvest: &read.harvest }).collect()
}
