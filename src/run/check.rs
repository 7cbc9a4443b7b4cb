//! `check`: everything but writing to a database.

use crate::event::Listener;
use crate::load::Lookup;
use crate::read::Keep;
use crate::report::Status;
use crate::settings::Settings;
use crate::settle::{EntityVerdict, Facts};

use super::database::Database;
use super::file::EntityRead;
use super::phases::entity_rows;
use super::state::Run;
use super::{Reported, RunError};

/// Checks the inputs and writes the reports. With `--against-database`, keys and references are looked up there,
/// read-only.
/// Errors: see [`RunError`]; files that cannot be read as a whole have been reported by then.
pub(crate) fn check(settings: &Settings, listener: &dyn Listener) -> Result<Reported, RunError> {
    // Nothing is loaded, so only a database's columns need the other fields of a row once they have been validated.
    let keep = if settings.target.against_database { Keep::Rows } else { Keep::Keys };
    let mut run = Run::begin("check", settings, keep, listener)?;
    let entities = run.read(None)?;
    let settled = if settings.target.against_database {
        run.settle_against(&entities).map(|(verdicts, target)| (verdicts, Some(target)))
    } else {
        run.settle(&entities, &mut Facts::none(), |_, _| Ok(())).map(|verdicts| (verdicts, None))
    };
    let (verdicts, target) = match settled {
        Err(error @ RunError::Interrupted) => return Err(run.failed(&entities, None, error, None)),
        settled => settled?,
    };
    let counts = run.counts(&entities, &verdicts)?;
    let status = if run.is_refused(&entities, &counts) { Status::Refused } else { Status::Checked };
    let reported = match run.report(&entities, &verdicts, &counts, status, target.as_deref()) {
        Err(error @ RunError::Interrupted) => {
            return Err(run.failed(&entities, Some(&verdicts), error, target.as_deref()));
        }
        reported => reported?,
    };
    run.publish()?;
    Ok(reported)
}

impl Run<'_> {
    /// Settles with what a database knows, and says which one it was.
    fn settle_against(&self, entities: &[EntityRead]) -> Result<(Vec<EntityVerdict>, String), RunError> {
        let target = &self.settings.target;
        let database = Database::new(&self.cancelled)?;
        let session = database.connect(target.database_url.as_deref(), &self.session_name())?;
        let rows = entity_rows(entities);
        let schema = database.locate(&session, &self.schema)?;
        let mut lookup = database.wait(&session, Lookup::begin(&session, &schema))?;
        let mut facts = database.wait(&session, lookup.facts(&rows, target.move_rows))?;
        let verdicts = self.settle(entities, &mut facts, |verdicts, facts| {
            let answers = database.wait(&session, lookup.answers(&rows, &verdicts.questions))?;
            facts.answer(&verdicts.questions, answers);
            Ok(())
        })?;
        Ok((verdicts, session.target().to_owned()))
    }
}
