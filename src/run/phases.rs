//! The phases that `check` and `import` have in common: read, settle, count.

use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::load::EntityRows;
use crate::read::{Harvest, Reader, slots};
use crate::record::EntityIndex;
use crate::report::Counts;
use crate::settle::{EntityVerdict, Facts, Verdicts, settle};
use crate::source::UnknownColumns;

use super::file::{EntityRead, FileRead, findings_of};
use super::rows::Settleable;
use super::state::Run;
use super::{RunError, law, open, read};

impl Run<'_> {
    /// Phase 1: every record read, validated and encoded. `target` is named if this is interrupted.
    pub(super) fn read(&mut self, target: Option<&str>) -> Result<Vec<EntityRead>, RunError> {
        let spool = self.folder.path().to_owned();
        let files = match open::open(self.settings, &self.schema, &spool, &self.cancelled) {
            Err(_) if self.is_cancelled() => {
                let entities = 0..self.schema.entities.len();
                let entities: Vec<_> =
                    entities.map(|at| self.unread(at, Vec::new())).collect::<Result<_, _>>()?;
                return Err(self.failed(&entities, None, RunError::Interrupted, target));
            }
            opened => opened?,
        };
        let faults = open::fatal(&files);
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
        let mut entities: Vec<EntityRead> = Vec::new();
        let mut waiting = files.into_iter();
        while let Some(mut files) = waiting.next() {
            let (schema, at) = (&self.schema, entities.len());
            match read::read(&reader, schema, at, &mut files, self.settings, self.keep) {
                Ok(harvest) => entities.push(EntityRead { files, harvest }),
                Err(_) if self.is_cancelled() => {
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

    /// Phase 3, repeated until the database has answered all questions.
    pub(super) fn settle(
        &self,
        entities: &[EntityRead],
        facts: &mut Facts,
        mut ask: impl FnMut(&Verdicts, &mut Facts) -> Result<(), RunError>,
    ) -> Result<Vec<EntityVerdict>, RunError> {
        self.listener.on(Event::Started { stage: Stage::Settle, entity: "all", total: None });
        let parts: Vec<_> = entities
            .iter()
            .enumerate()
            .map(|(index, read)| {
                Settleable::new(&self.schema.entities[index], index, &read.harvest, &self.seed)
            })
            .collect();
        let candidates: Vec<_> = parts.iter().map(Settleable::candidates).collect();
        loop {
            if self.is_cancelled() {
                return Err(RunError::Interrupted);
            }
            let verdicts =
                settle(&candidates, facts, self.settings.rules.duplicates).map_err(RunError::Spool)?;
            if verdicts.questions.is_empty() {
                self.listener.on(Event::Finished);
                return Ok(verdicts.entities);
            }
            ask(&verdicts, facts)?;
        }
    }

    /// The counts so far, each from the place where it was counted.
    pub(super) fn counts(
        &self,
        entities: &[EntityRead],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<Counts>, RunError> {
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

    /// Whether more rows were rejected than allowed, or columns are lost and must not be.
    pub(super) fn is_refused(&self, entities: &[EntityRead], counts: &[Counts]) -> bool {
        if self.settings.reading.unknown_columns == UnknownColumns::Refuse
            && entities.iter().any(EntityRead::loses_columns)
        {
            return true;
        }
        let rejected = counts.iter().map(|counts| counts.rejected).sum();
        let read = counts.iter().map(|counts| counts.read).sum();
        self.settings.rules.max_rejects.is_some_and(|max| max.is_exceeded(rejected, read))
    }

    /// An entity of which only the files' headers were read.
    pub(super) fn unread(&self, entity: usize, files: Vec<FileRead>) -> Result<EntityRead, RunError> {
        let findings = findings_of(&files);
        let slots = slots(&self.schema.entities[entity]).len();
        let harvest = Harvest::of_findings(slots, self.folder.path(), &findings).map_err(RunError::Spool)?;
        Ok(EntityRead { files, harvest })
    }
}

/// The clean rows of the entities that have files.
pub(super) fn entity_rows(entities: &[EntityRead]) -> Vec<EntityRows<'_>> {
    let given = entities.iter().enumerate().filter(|(_, read)| !read.files.is_empty());
    given.map(|(entity, read)| EntityRows { entity: EntityIndex(entity), harvest: &read.harvest }).collect()
}
