//! `rejects.ndjson` and `rejects.csv`: every finding, in the order in which it is given, in memory that
//! does not grow with their number. Chunks are rendered and tallied in parallel and written in order, while
//! the next ones are being rendered.

mod render;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

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
    gathered: Vec<Part>,
    spare: Spare,
    count: usize,
    /// Rendered and not written yet.
    ready: Vec<(Part, Vec<Rendered>)>,
}

/// Findings of one entity, whole records, as a part of what was pushed.
#[derive(Debug, Clone)]
struct Part {
    entity: usize,
    all: Arc<Vec<Finding>>,
    range: Range<usize>,
}

impl Part {
    fn findings(&self) -> &[Finding] {
        &self.all[self.range.clone()]
    }
}

/// Buffers that were written and wait for the next chunk: to make new ones is not free.
type Spare = Mutex<Vec<(Vec<u8>, Vec<u8>)>>;

/// One chunk, ready to be written.
#[derive(Debug)]
struct Rendered {
    findings: Range<usize>,
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
            spare: Spare::default(),
            count: 0,
            ready: Vec::new(),
        })
    }

    /// Takes the next findings in their final order, all of one entity. Where a chunk ends does not matter.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub fn push(&mut self, entity: usize, mut findings: Arc<Vec<Finding>>) -> Result<(), OutputError> {
        if findings.iter().any(|finding| finding.severity == Severity::Ignore) {
            Arc::make_mut(&mut findings).retain(|finding| finding.severity != Severity::Ignore);
        }
        self.count += findings.len();
        // The findings of one record stay together.
        let mut belongs = 0;
        if let Some(last) = self.gathered.last_mut()
            && last.entity == entity
            && let Some(end) = last.findings().last()
        {
            belongs = findings.iter().take_while(|finding| super::tally::same_record(end, finding)).count();
            if belongs > 0 {
                let joined = [last.findings(), &findings[..belongs]].concat();
                *last = Part { entity, range: 0..joined.len(), all: Arc::new(joined) };
            }
        }
        if belongs < findings.len() {
            self.gathered.push(Part { entity, range: belongs..findings.len(), all: findings });
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
        if more
            && let Some(last) = gathered.last_mut()
            && let Some(end) = last.findings().last()
        {
            let start = last.findings().iter().rposition(|f| !super::tally::same_record(f, end));
            let at = last.range.start + start.map_or(0, |at| at + 1);
            self.count = last.range.end - at;
            self.gathered.push(Part { range: at..last.range.end, ..last.clone() });
            last.range.end = at;
        }
        let ready = std::mem::take(&mut self.ready);
        let (ndjson, csv) = (&mut self.ndjson, &mut self.csv);
        let chunks = || ready.iter().flat_map(|(_, chunks)| chunks);
        let (written, fresh) = rayon::join(
            || -> Result<(), OutputError> {
                chunks().try_for_each(|chunk| ndjson.put(&chunk.ndjson))?;
                chunks().try_for_each(|chunk| csv.put(&chunk.csv))
            },
            || render(&self.renderer, &self.tally, self.context, &self.spare, &gathered),
        );
        written?;
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        for (part, chunks) in ready {
            for mut chunk in chunks {
                self.tally.merge(part.entity, chunk.tally, &part.findings()[chunk.findings]);
                chunk.ndjson.clear();
                chunk.csv.clear();
                spare.push((chunk.ndjson, chunk.csv));
            }
        }
        drop(spare);
        self.ready = gathered.into_iter().zip(fresh).collect();
        Ok(())
    }
}

/// Renders all that was gathered, in chunks of whole records.
fn render(
    renderer: &Renderer<'_>,
    tally: &Tally,
    context: &Context,
    spare: &Spare,
    gathered: &[Part],
) -> Vec<Vec<Rendered>> {
    let cut = |part: &Part| {
        let (entity, findings) = (part.entity, part.findings());
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
        let chunk = |range: Range<usize>| {
            let part = &findings[range.clone()];
            let used = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (mut ndjson, mut csv) = used.unwrap_or_else(|| {
                (Vec::with_capacity(part.len() * LINE), Vec::with_capacity(part.len() * LINE / 2))
            });
            for finding in part {
                renderer.finding(&mut ndjson, &mut csv, entity, finding);
            }
            let tally = ChunkTally::of(tally, &context.entities[entity], entity, part);
            Rendered { findings: range, ndjson, csv, tally }
        };
        ranges.into_par_iter().map(chunk).collect()
    };
    gathered.par_iter().map(cut).collect()
}
