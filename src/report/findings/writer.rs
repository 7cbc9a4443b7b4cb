//! Writes the rendered batches to both files, in order, and keeps the tally.

use crate::output::{BackgroundFile, OutputError, RunFolder, names, spreadsheet};

use super::super::context::Context;
use super::super::tally::Tally;
use super::batch::{BatchRenderer, RenderedBatch};
use super::render::{HEADER, Renderer};

/// Both files under way.
#[derive(Debug)]
pub(crate) struct FindingsWriter {
    ndjson: BackgroundFile,
    csv: BackgroundFile,
    tally: Tally,
}

impl FindingsWriter {
    /// Begins both files.
    pub(crate) fn new(context: &Context, folder: &mut RunFolder) -> Result<Self, OutputError> {
        let ndjson = folder.create(names::FINDINGS_NDJSON)?;
        let mut csv = folder.create(names::FINDINGS_CSV)?;
        csv.put(spreadsheet::BOM)?;
        csv.put(HEADER.as_bytes())?;
        csv.put(spreadsheet::LINE_END)?;
        let (ndjson, csv) = (BackgroundFile::new(ndjson)?, BackgroundFile::new(csv)?);
        Ok(Self { ndjson, csv, tally: Tally::new(context) })
    }

    /// Renders what this writer takes.
    pub(crate) fn renderer<'a>(&self, context: &'a Context) -> BatchRenderer<'a> {
        BatchRenderer {
            context,
            renderer: Renderer::new(context),
            columns: (0..context.entities.len()).map(|entity| self.tally.columns(entity)).collect(),
            buffers: [self.ndjson.buffers(), self.csv.buffers()],
        }
    }

    /// Takes the next batch, in order.
    pub(crate) fn put(&mut self, batch: RenderedBatch) -> Result<(), OutputError> {
        self.ndjson.put(batch.ndjson)?;
        self.csv.put(batch.csv)?;
        self.tally.merge(batch.entity, batch.tally, &batch.findings);
        Ok(())
    }

    /// Ends both files.
    pub(crate) fn finish(self) -> Result<Tally, OutputError> {
        self.ndjson.finish()?;
        self.csv.finish()?;
        Ok(self.tally)
    }
}
