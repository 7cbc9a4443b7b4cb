//! `import`: check, then write accounts, then users, in one transaction.

use std::time::Duration;

use crate::db::Session;
use crate::event::Listener;
use crate::fault::{self, Point};
use crate::load::Load;
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

/// How often a transaction is tried that conflicts with another one.
const TRIES: u32 = 5;

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
    let mut load = target.prepare(&schema, &settings.target, listener, &run.id)?;
    fault::reach(Point::LockTaken);
    let entities = run.read(Some(target.session.target()))?;
    fault::reach(Point::Read);
    let mut latest = None;
    let mut tries = 0;
    loop {
        tries += 1;
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
                return Err(run.failed(&entities, latest.as_deref(), error, Some(target.session.target())));
            }
        };
        tracing::warn!("{again}; trying again");
        // After a refused COPY the library's connection is out of step with the server: take a new one.
        drop(load);
        let name = target.session.target().to_owned();
        database.end(target.session);
        target = match database.target(&run) {
            Ok(session) => TargetSession { database: &database, session },
            Err(error) => return Err(run.failed(&entities, latest.as_deref(), error, Some(&name))),
        };
        load = match target.prepare(&schema, &patient, listener, &run.id) {
            Ok(load) => load,
            Err(error) => return Err(run.failed(&entities, latest.as_deref(), error, Some(&name))),
        };
        if again.is_about_data() {
            load.find_refused();
        }
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
        run: &RunId,
    ) -> Result<Load<'s>, RunError> {
        self.database.wait(&self.session, async {
            crate::db::require_writable(&self.session).await?;
            Load::prepare(&self.session, schema, options, listener, run).await
        })
    }
}

impl Database {
    fn target(&self, run: &Run<'_>) -> Result<Session, RunError> {
        self.connect(run.settings.target.database_url.as_deref(), &run.session_name())
    }
}
