//! `rejects.ndjson` and `rejects.csv`: every finding, in the order in which it is given, in memory that
//! does not grow with their number. Batches are made, rendered and tallied in parallel and written in order, while
//! the next ones are being rendered.

mod render;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use crate::output::{BackgroundFile, Buffers, OutputError, RunFolder, names, spreadsheet};
use crate::parallel;
use crate::record::{Finding, Severity};

use super::context::Context;
use super::tally::{ChunkTally, Columns, Tally};
use render::{Memo, Renderer};

pub(crate) use render::HEADER;
pub(crate) use stored::csv_of_stored;

/// What a rendered finding usually needs at most.
const LINE: usize = 512;

/// Writes both files and keeps the tally.
#[derive(Debug)]
pub(crate) struct FindingsWriter<'a> {
    context: &'a Context,
    renderer: Renderer<'a>,
    ndjson: BackgroundFile,
    csv: BackgroundFile,
    tally: Tally,
}

/// One batch, ready to be written.
#[derive(Debug)]
struct Rendered<T> {
    findings: Vec<Finding>,
    ndjson: Vec<u8>,
    csv: Vec<u8>,
    tally: ChunkTally,
    /// What the caller made of it.
    made: T,
}

impl<'a> FindingsWriter<'a> {
    /// Begins both files.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub(crate) fn new(context: &'a Context, folder: &mut RunFolder) -> Result<Self, OutputError> {
        let ndjson = folder.create(names::FINDINGS_NDJSON)?;
        let mut csv = folder.create(names::FINDINGS_CSV)?;
        csv.put(spreadsheet::BOM)?;
        csv.put(render::HEADER.as_bytes())?;
        csv.put(spreadsheet::LINE_END)?;
        let (ndjson, csv) = (BackgroundFile::new(ndjson)?, BackgroundFile::new(csv)?);
        Ok(Self { context, renderer: Renderer::new(context), ndjson, csv, tally: Tally::new(context) })
    }

    /// Takes all findings of one entity, as batches in their final order. `make` makes the findings of a batch, on any
    /// thread and in any order, and whatever else is to be known of them; `taken` is given the latter, and the number
    /// of the findings, in order. All findings of a record are in one batch; how many records are does not matter.
    ///
    /// # Errors
    ///
    /// Those of writing a file, and what `make` and `taken` say.
    pub(crate) fn take<B, T, E>(
        &mut self,
        entity: usize,
        batches: impl IntoIterator<Item = B>,
        make: impl Fn(B) -> Result<(Vec<Finding>, T), E> + Sync,
        mut taken: impl FnMut(T, usize) -> Result<(), E>,
    ) -> Result<(), E>
    where
        B: Send,
        T: Send,
        E: From<OutputError> + Send,
    {
        let Self { context, renderer, ndjson, csv, tally } = self;
        let (context, renderer) = (*context, &*renderer);
        let buffers = [ndjson.buffers(), csv.buffers()];
        let buffers = &buffers;
        let columns = tally.columns(entity);
        let columns = &*columns;
        let work = |batch| {
            let (findings, made) = make(batch)?;
            Ok::<_, E>(render(renderer, columns, context, entity, buffers, findings, made))
        };
        parallel::in_order(parallel::usual_limit(), batches.into_iter().map(Ok), work, |batch| {
            ndjson.put(batch.ndjson)?;
            csv.put(batch.csv)?;
            tally.merge(entity, batch.tally, &batch.findings);
            taken(batch.made, batch.findings.len())
        })
    }

    /// Ends both files.
    ///
    /// # Errors
    ///
    /// Those of writing a file.
    pub(crate) fn finish(self) -> Result<Tally, OutputError> {
        self.ndjson.finish()?;
        self.csv.finish()?;
        Ok(self.tally)
    }
}

/// Renders and tallies a batch.
fn render<T>(
    renderer: &Renderer<'_>,
    columns: &Columns,
    context: &Context,
    entity: usize,
    [ndjson, csv]: &[Buffers; 2],
    mut findings: Vec<Finding>,
    made: T,
) -> Rendered<T> {
    findings.retain(|finding| finding.severity != Severity::Ignore);
    let (mut ndjson, mut csv) = (ndjson.take(findings.len() * LINE), csv.take(findings.len() * LINE / 2));
    let mut memo = Memo::default();
    for finding in &findings {
        renderer.finding(&mut ndjson, &mut csv, &mut memo, entity, finding);
    }
    let tally = ChunkTally::of(columns, &context.entities[entity], &findings);
    Rendered { findings, ndjson, csv, tally, made }
}
