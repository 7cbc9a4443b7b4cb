//! `import`: check, then write accounts, then users, in one transaction.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use crate::db::Session;
use crate::event::Listener;
use crate::fault::{self, Point};
use crate::load::{Earlier, Load, LoadError};
use crate::read::Keep;
use crate::record::RunId;
use crate::report::Status;
use crate::schema::Schema;
use crate::settings::{Settings, Target};

use super::attempt::Attempt;
use super::database::Database;
use super::single::Single;
use super::state::Run;
use super::{Reported, RunError};

/// How often a transaction is tried that conflicts with others.
const TRIES: u32 = 8;

/// The pause after the first conflict, in milliseconds; it is twice as long after each other one.
const PAUSE: u64 = 200;

/// How long an ended session may hold its lock.
const FAREWELL: Duration = Duration::from_secs(10);

/// Imports the inputs and writes the reports.
/// Errors: see [`RunError`]. The target is as it was before, unless the error says that the run is committed
/// ([`RunError::Unpublished`]), or that this is not known.
pub(crate) fn import(settings: &Settings, listener: &dyn Listener) -> Result<Reported, RunError> {
    import_as("import", settings, None, listener)
}

/// Imports the inputs as `command`; for a `single` record by its rules.
pub(super) fn import_as(
    command: &'static str,
    settings: &Settings,
    single: Option<&Single>,
    listener: &dyn Listener,
) -> Result<Reported, RunError> {
    // The server may need a moment to see that a session is gone, and its lock with it.
    let patient =
        Target { lock_timeout: settings.target.lock_timeout.max(FAREWELL), ..settings.target.clone() };
    let mut run = Run::begin(command, settings, Keep::Rows, listener)?;
    let database = Database::new(&run.cancelled)?;
    let mut target = TargetSession { database: &database, session: database.target(&run)? };
    run.schema = database.locate(&target.session, &run.schema)?;
    let schema = run.schema.clone();
    let mut earlier = Earlier::default();
    let mut load = target.prepare(&schema, &settings.target, listener, (&run.id, &mut earlier))?;
    fault::reach(Point::LockTaken);
    let entities = run.read(Some(target.session.target()))?;
    fault::reach(Point::Read);
    let mut latest = None;
    let mut conflicts = Conflicts::new();
    loop {
        let attempt = Attempt { database: &database, session: &target.session, entities: &entities, single };
        let again = match attempt.go(&mut run, &mut load, &mut latest) {
            Ok(reported) => {
                if reported.outcome.status == Status::Committed {
                    fault::reach(Point::Committed);
                    run.publish_committed()?;
                } else {
                    run.publish()?;
                }
                return Ok(reported);
            }
            Err(RunError::Load(error)) => match conflicts.pause(&mut earlier, error) {
                Ok(again) => again,
                Err(error) => {
                    // COMMIT may have been sent: no signal may hide the error.
                    let explained = database.wait_surely(async { Err(load.explain(error).await) });
                    let name = Some(target.session.target());
                    return explained.map_err(|error| run.failed(&entities, latest.as_deref(), error, name));
                }
            },
            // Its reports say `refused`.
            Err(error @ (RunError::Deletes { .. } | RunError::Load(LoadError::MassDeletes { .. }))) => {
                run.publish()?;
                return Err(error);
            }
            Err(error) => {
                return Err(run.failed(&entities, latest.as_deref(), error, Some(target.session.target())));
            }
        };
        let (why, pause) = again;
        tracing::warn!("trying again in {:.1} s: {why}", pause.as_secs_f64());
        // After a refused COPY the library's connection is out of step with the server: take a new one.
        drop(load);
        let name = target.session.target().to_owned();
        database.end(target.session);
        target = match database.target(&run) {
            Ok(session) => TargetSession { database: &database, session },
            Err(error) => return Err(run.failed(&entities, latest.as_deref(), error, Some(&name))),
        };
        let prepared = target.prepare(&schema, &patient, listener, (&run.id, &mut earlier));
        // With the lock, and outside a transaction.
        let waited = || {
            database.wait(&target.session, async {
                tokio::time::sleep(pause).await;
                Ok::<_, LoadError>(())
            })
        };
        load = match prepared.and_then(|load| waited().map(|()| load)) {
            Ok(load) => load,
            Err(error) => return Err(run.failed(&entities, latest.as_deref(), error, Some(&name))),
        };
    }
}

/// The conflicts that a run has had with other transactions.
struct Conflicts {
    met: u32,
    began: Instant,
}

impl Conflicts {
    fn new() -> Self {
        Self { met: 0, began: Instant::now() }
    }

    /// The error, and how long to pause before the next attempt. The more conflicts there were, the longer it is, up to
    /// twice as long by chance, so that two programs do not meet again and again.
    /// Errors: the next attempt would end like this one, or there were enough.
    fn pause(&mut self, earlier: &mut Earlier, error: LoadError) -> Result<(LoadError, Duration), LoadError> {
        if !earlier.take(&error) {
            return Err(error);
        }
        if matches!(error, LoadError::DirectPath(_)) {
            return Ok((error, Duration::ZERO));
        }
        self.met += 1;
        if self.met >= TRIES {
            let (tries, waited) = (self.met, self.began.elapsed());
            return Err(LoadError::Conflicts { tries, waited, last: Box::new(error) });
        }
        let least = fault::number("MUSTER_TEST_PAUSE_MS", PAUSE) << (self.met - 1);
        let more = RandomState::new().build_hasher().finish() % (least + 1);
        Ok((error, Duration::from_millis((least + more) / 2)))
    }
}

/// A session that may write.
struct TargetSession<'d> {
    database: &'d Database,
    session: Session,
}

impl TargetSession<'_> {
    /// Takes the run's lock and looks at the tables.
    fn prepare<'s>(
        &'s self,
        schema: &'s Schema,
        options: &'s Target,
        listener: &'s dyn Listener,
        attempt: (&RunId, &mut Earlier),
    ) -> Result<Load<'s>, RunError> {
        self.database.wait(&self.session, async {
            crate::db::require_writable(&self.session).await?;
            Load::prepare(&self.session, schema, options, listener, attempt).await
        })
    }
}

impl Database {
    fn target(&self, run: &Run<'_>) -> Result<Session, RunError> {
        self.connect(run.settings.target.database_url.as_deref(), &run.session_name())
    }
}
