//! `rejects.ndjson` and `rejects.csv`: every finding, in the order in which it is given, in memory that
//! does not grow with their number. Chunks are rendered and tallied in parallel and written in order, while
//! the next ones are being rendered.

mod render;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use rayon::prelude::*;

use crate::output::{OutputError, RunFolder, StagedFile, names, spreadsheet};
use crate::record::{Finding, Severity};

use super::context::Context;
use super::tally::{ChunkTally, Tally};
use render::Renderer;

pub use render::HEADER;
pub use stored::csv_of_stored;

/// How many findings are gathered before they are rendered.
const BATCH: usize = 16 * 1024;
/// How many findings one thread takes at a time.
const CHUNK: usize = 1024;
/// What a rendered finding usually needs at most.
const LINE: usize = 512;

/// Writes both files and keeps the tally.
#[derive(Debug)]
pub struct FindingsWriter<'a> {
    context: &'a Context,
    renderer: Renderer<'a>,
    ndjson: StagedFile,
    csv: StagedFile,
    tally: Tally,
    gathered: Vec<(usize, Vec<Finding>)>,
    count: usize,
    /// Rendered and not written yet.
    ready: Vec<(usize, Vec<Finding>, Vec<Rendered>)>,
}

/// One chunk, ready to be written.
#[derive(Debug)]
struct Rendered {
    findings: std::ops::Range<usize>,
    ndjson: Vec<u8>,
    csv: Vec<u8>,
    tally: ChunkTally,
}

impl<'a> FindingsWriter<'a> {
    /// Begins both files.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub fn new(context: &'a Context, folder: &mut RunFolder) -> Result<Self, OutputError> {
        let ndjson = folder.create(names::FINDINGS_NDJSON)?;
        let mut csv = folder.create(names::FINDINGS_CSV)?;
        csv.put(spreadsheet::BOM)?;
        csv.put(render::HEADER.as_bytes())?;
        csv.put(spreadsheet::LINE_END)?;
        Ok(Self {
            context,
            renderer: Renderer::new(context),
            ndjson,
            csv,
            tally: Tally::new(context),
            gathered: Vec::new(),
            count: 0,
            ready: Vec::new(),
        })
    }

    /// Takes the next findings in their final order, all of one entity. Where a chunk ends does not matter.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub fn push(&mut self, entity: usize, mut findings: Vec<Finding>) -> Result<(), OutputError> {
        findings.retain(|finding| finding.severity != Severity::Ignore);
        self.count += findings.len();
        // The findings of one record stay together.
        if let Some((last_entity, last)) = self.gathered.last_mut()
            && *last_entity == entity
            && let Some(end) = last.last()
        {
            let same = |finding: &&Finding| super::tally::same_record(end, finding);
            let belongs = findings.iter().take_while(same).count();
            last.extend(findings.drain(..belongs));
        }
        if !findings.is_empty() {
            self.gathered.push((entity, findings));
        }
        if self.count >= BATCH { self.turn(true) } else { Ok(()) }
    }

    /// Writes what is left and ends both files.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub fn finish(mut self) -> Result<Tally, OutputError> {
        self.turn(false)?;
        self.turn(false)?;
        self.ndjson.finish()?;
        self.csv.finish()?;
        Ok(self.tally)
    }

    /// Renders what was gathered while writing what was rendered before. With `more` to come, the last
    /// record is kept back: its next finding may still come.
    fn turn(&mut self, more: bool) -> Result<(), OutputError> {
        let mut gathered = std::mem::take(&mut self.gathered);
        self.count = 0;
        if more && let Some((entity, last)) = gathered.last_mut() {
            let start = last.iter().rposition(|f| !super::tally::same_record(f, &last[last.len() - 1]));
            let kept = last.split_off(start.map_or(0, |at| at + 1));
            self.count = kept.len();
            self.gathered.push((*entity, kept));
        }
        let ready = std::mem::take(&mut self.ready);
        let (ndjson, csv) = (&mut self.ndjson, &mut self.csv);
        let chunks = || ready.iter().flat_map(|(.., chunks)| chunks);
        let (written, fresh) = rayon::join(
            || -> Result<(), OutputError> {
                chunks().try_for_each(|chunk| ndjson.put(&chunk.ndjson))?;
                chunks().try_for_each(|chunk| csv.put(&chunk.csv))
            },
            || render(&self.renderer, &self.tally, self.context, &gathered),
        );
        written?;
        for (entity, findings, chunks) in ready {
            for chunk in chunks {
                self.tally.merge(entity, chunk.tally, &findings[chunk.findings]);
            }
        }
        let fresh = gathered.into_iter().zip(fresh);
        self.ready = fresh.map(|((entity, findings), chunks)| (entity, findings, chunks)).collect();
        Ok(())
    }
}

/// Renders all that was gathered, in chunks of whole records.
fn render(
    renderer: &Renderer<'_>,
    tally: &Tally,
    context: &Context,
    gathered: &[(usize, Vec<Finding>)],
) -> Vec<Vec<Rendered>> {
    let cut = |(entity, findings): &(usize, Vec<Finding>)| {
        let mut ranges = Vec::new();
        let mut start = 0;
        while start < findings.len() {
            let mut end = (start + CHUNK).min(findings.len());
            while end < findings.len() && super::tally::same_record(&findings[end - 1], &findings[end]) {
                end += 1;
            }
            ranges.push(start..end);
            start = end;
        }
        let chunk = |range: std::ops::Range<usize>| {
            let part = &findings[range.clone()];
            let mut ndjson = Vec::with_capacity(part.len() * LINE);
            let mut csv = Vec::with_capacity(part.len() * LINE / 2);
            for finding in part {
                renderer.finding(&mut ndjson, &mut csv, *entity, finding);
            }
            let tally = ChunkTally::of(tally, &context.entities[*entity], *entity, part);
            Rendered { findings: range, ndjson, csv, tally }
        };
        ranges.into_par_iter().map(chunk).collect()
    };
    gathered.par_iter().map(cut).collect()
}
