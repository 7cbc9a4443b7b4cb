//! `check`: everything but writing to a database.

use std::collections::HashSet;

use crate::event::Listener;
use crate::load::Lookup;
use crate::read::{Keep, ReadOptions};
use crate::report::Status;
use crate::settle::{EntityVerdict, Facts, Question};

use super::database::Database;
use super::inputs::EntityRead;
use super::{Options, Reported, Run, RunError, entity_rows};

/// Checks the inputs and writes the reports. With a `database` (a URL, or the one that is found without) keys
/// and references are looked up there, read-only.
///
/// # Errors
///
/// See [`RunError`]; files that cannot be read as a whole have been reported by then.
#[expect(clippy::option_option)]
pub(crate) fn check(
    options: &Options,
    database: Option<Option<&str>>,
    move_rows: bool,
    listener: &dyn Listener,
) -> Result<Reported, RunError> {
    // Nothing is loaded, so nothing needs the other fields of a row once they have been judged.
    let options = Options { read: ReadOptions { keep: Keep::Keys, ..options.read }, ..options.clone() };
    let mut run = Run::begin("check", &options, listener)?;
    let entities = run.read(None)?;
    let settled = match database {
        None => run.settle(&entities, &mut Facts::none(), |_, _| Ok(())).map(|verdicts| (verdicts, None)),
        Some(url) => {
            run.settle_against(&entities, url, move_rows).map(|(verdicts, target)| (verdicts, Some(target)))
        }
    };
    let (verdicts, target) = match settled {
        Err(error @ RunError::Interrupted) => return Err(run.failed(&entities, None, error, None)),
        settled => settled?,
    };
    let counts = run.counts(&entities, &verdicts)?;
    let status = if run.is_refused(&counts) { Status::Refused } else { Status::Checked };
    let reported = run.report(&entities, &verdicts, &counts, status, target.as_deref())?;
    run.publish()?;
    Ok(reported)
}

impl Run<'_> {
    /// Settles with what a database knows, and says which one it was.
    fn settle_against(
        &self,
        entities: &[EntityRead],
        url: Option<&str>,
        move_rows: bool,
    ) -> Result<(Vec<EntityVerdict>, String), RunError> {
        let database = Database::new(&self.cancelled)?;
        let session = database.connect(url, &self.session_name())?;
        let rows = entity_rows(entities);
        let lookup = database.wait(&session, Lookup::begin(&session, &self.schema))?;
        let mut facts = database.wait(&session, lookup.facts(&rows, move_rows))?;
        let verdicts = self.settle(entities, &mut facts, |verdicts, facts| {
            let held: HashSet<Question> = database.wait(&session, lookup.answers(&verdicts.questions))?;
            facts.answer(&verdicts.questions, &held);
            Ok(())
        })?;
        Ok((verdicts, session.target().to_owned()))
    }
}
