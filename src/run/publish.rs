//! The last phase: all findings in one order, the files that go back, the page, the summary. It has two steps:
//! [`Run::report`] brings all files to the disk before COMMIT, [`Run::publish`] gives them their names after it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;

use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::frame;
use crate::output::RunFolder;
use crate::parallel::{in_order, usual_limit};
use crate::record::{Location, RunId};
use crate::report::summary::Summary;
use crate::report::{Counts, FindingsWriter, Outcome, Page, Records, Status, html};
use crate::settle::EntityVerdict;
use crate::source::ReadAt as _;

use super::file::{EntityRead, FileRead};
use super::findings::EntityFindings;
use super::growth::Growth;
use super::returned::{ReturnedFiles, Span, spans};
use super::state::Run;
use super::{Reported, RunError, law};

/// How much of a record the page shows, in bytes.
const SHOWN: u64 = 4096;

impl Run<'_> {
    /// Writes and seals all files of the run. None has its final name yet: see [`Run::publish`].
    pub(super) fn report(
        &mut self,
        entities: &[EntityRead],
        verdicts: &[EntityVerdict],
        counts: &[Counts],
        status: Status,
        target: Option<&str>,
    ) -> Result<Reported, RunError> {
        self.listener.on(Event::Started { stage: Stage::Publish, entity: "all", total: None });
        let context = self.context(entities, target);
        let mut returned = Vec::new();
        let mut writer = FindingsWriter::new(&context, &mut self.folder)?;
        let renderer = writer.renderer(&context);
        let mut growth = Growth::new(expected(entities, verdicts));
        let cancelled = Arc::clone(&self.cancelled);
        for (index, described) in context.given() {
            let (read, rules) = (&entities[index], &self.schema.entities[index]);
            let found = EntityFindings {
                schema: &self.schema,
                entities,
                index,
                losses: &verdicts[index].findings,
                of_rejected: &verdicts[index].of_rejected,
                has_database: target.is_some(),
            };
            let mut files = ReturnedFiles::new(described, read);
            let (folder, listener) = (&mut self.folder, self.listener);
            let batches = found.batches().map_err(RunError::Spool)?.into_iter().map(Ok::<_, RunError>);
            let render = |batch| {
                let findings = found.findings(batch).map_err(RunError::Spool)?;
                let spans = spans(&findings);
                Ok((renderer.render(index, findings), spans))
            };
            in_order(usual_limit(), batches, render, |(rendered, spans)| {
                // What an interrupted run still reports is little.
                if status != Status::Interrupted && cancelled.load(Ordering::Relaxed) {
                    return Err(RunError::Interrupted);
                }
                let findings = rendered.len() as u64;
                let bytes = rendered.bytes() as u64 + spans.iter().map(Span::len).sum::<u64>();
                if let Some(rest) = growth.rest(findings, bytes) {
                    folder.require(rest)?;
                }
                writer.put(rendered)?;
                files.take(&spans, folder)?;
                listener.on(Event::Advanced { by: findings, rows: findings });
                Ok(())
            })?;
            let (rejected, duplicates) =
                files.finish(index, rules, read, &self.settings.reading, &mut returned)?;
            // A run that ended before its verdicts has nothing to compare with.
            if status != Status::Failed && status != Status::Interrupted {
                law::written(&rules.name, &counts[index], rejected, duplicates)?;
            }
        }
        let tally = writer.finish()?;
        let outcome = Outcome { status, finished: Timestamp::now(), counts: counts.to_vec() };
        let folder = self.folder.path().to_owned();
        let changes = match &self.earlier {
            Some(earlier) => frame::compare(&earlier.rules(), &tally.rule_rows(&context)),
            None => Vec::new(),
        };
        let page = Page {
            context: &context,
            outcome: &outcome,
            tally: &tally,
            folder: &folder.display().to_string(),
            returned: &returned,
            against: self.earlier.as_ref().map(|earlier| (earlier, changes.as_slice())),
            records: &SourceRecords(entities),
        };
        html::write(&page, &mut self.folder)?;
        fault::reach(Point::ReportsWritten);
        Summary::new(&context, &outcome, &tally, &returned)
            .planning(self.plan.as_ref())
            .write(&mut self.folder)?;
        self.folder.seal()?;
        fault::reach(Point::Sealed);
        self.listener.on(Event::Finished);
        let (plan, record) = (self.plan.clone(), self.record.clone());
        Ok(Reported { context, outcome, tally, returned, folder, plan, record, findings: String::new() })
    }

    /// Gives the sealed files their names.
    pub(super) fn publish(&mut self) -> Result<(), RunError> {
        Ok(self.folder.publish()?)
    }

    /// Gives the sealed files of a committed run their names. If that fails, its rows are in the database anyway.
    pub(super) fn publish_committed(&mut self) -> Result<(), RunError> {
        publish_committed(&mut self.folder, &self.id)
    }

    /// Reports files whose headers stop the run.
    pub(super) fn report_faults(&mut self, files: Vec<Vec<FileRead>>) -> Result<Reported, RunError> {
        let entities = files.into_iter().enumerate().map(|(index, files)| self.unread(index, files));
        let entities = entities.collect::<Result<Vec<_>, _>>()?;
        let verdicts = vec![EntityVerdict::default(); entities.len()];
        let counts: Vec<_> = entities
            .iter()
            .map(|read| Counts { warnings: read.harvest.counts.warnings, ..Counts::default() })
            .collect();
        let reported = self.report(&entities, &verdicts, &counts, Status::Failed, None)?;
        self.publish()?;
        Ok(reported)
    }
}

/// How many findings there will be.
pub(super) fn expected(entities: &[EntityRead], verdicts: &[EntityVerdict]) -> u64 {
    let of_reading: u64 = entities.iter().map(|read| read.harvest.findings_count()).sum();
    let of_verdict = |verdict: &EntityVerdict| verdict.findings.len() + verdict.of_rejected.len();
    of_reading + verdicts.iter().map(of_verdict).sum::<usize>() as u64
}

/// Gives the sealed files of what `run` committed their names.
pub(super) fn publish_committed(folder: &mut RunFolder, run: &RunId) -> Result<(), RunError> {
    folder.publish().map_err(|source| RunError::Unpublished {
        run: run.to_string(),
        folder: folder.path().to_owned(),
        source,
    })
}

/// The sources, from which the page takes the lines of its samples.
struct SourceRecords<'r>(&'r [EntityRead]);

impl Records for SourceRecords<'_> {
    fn text(&self, entity: usize, location: &Location) -> Option<String> {
        let file = self.0.get(entity)?.files.get(usize::from(location.file))?;
        let encoding = file.look.opening.encoding;
        let len = (location.byte_end - location.byte_start).min(SHOWN);
        // A cut must not go through a code unit; through a character it may.
        let len = usize::try_from(len).ok()? / encoding.unit() * encoding.unit();
        let mut bytes = vec![0; len];
        file.source.read_exact_at(&mut bytes, location.byte_start).ok()?;
        let mut text = String::new();
        Some(match encoding.decode(&bytes, &mut text) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}
