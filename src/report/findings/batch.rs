//! A batch of findings made ready to be written: the bytes of both files, and its tally.

use std::sync::Arc;

use crate::output::Buffers;
use crate::record::{Finding, Severity};

use super::super::context::Context;
use super::super::tally::{ChunkTally, Columns};
use super::render::{Memo, Renderer};

/// How many bytes a rendered finding usually needs at most.
const LINE: usize = 512;

/// Renders batches, on any thread.
#[derive(Debug)]
pub(crate) struct BatchRenderer<'a> {
    pub(super) context: &'a Context,
    pub(super) renderer: Renderer<'a>,
    /// For each entity.
    pub(super) columns: Vec<Arc<Columns>>,
    /// For each file.
    pub(super) buffers: [Buffers; 2],
}

/// A rendered batch.
#[derive(Debug)]
pub(crate) struct RenderedBatch {
    pub(super) entity: usize,
    pub(super) findings: Vec<Finding>,
    pub(super) ndjson: Vec<u8>,
    pub(super) csv: Vec<u8>,
    pub(super) tally: ChunkTally,
}

impl BatchRenderer<'_> {
    /// Renders findings of an entity, which are in their final order. All findings of a record are in one batch;
    /// how many records a batch has does not matter.
    pub(crate) fn render(&self, entity: usize, mut findings: Vec<Finding>) -> RenderedBatch {
        findings.retain(|finding| finding.severity != Severity::Ignore);
        let [ndjson, csv] = &self.buffers;
        let (mut ndjson, mut csv) = (ndjson.take(findings.len() * LINE), csv.take(findings.len() * LINE / 2));
        let mut memo = Memo::default();
        for finding in &findings {
            self.renderer.finding(&mut ndjson, &mut csv, &mut memo, entity, finding);
        }
        let tally = ChunkTally::of(&self.columns[entity], &self.context.entities[entity], &findings);
        RenderedBatch { entity, findings, ndjson, csv, tally }
    }
}

impl RenderedBatch {
    /// How many findings it holds.
    pub(crate) fn len(&self) -> usize {
        self.findings.len()
    }

    /// How many bytes of both files it is.
    pub(crate) fn bytes(&self) -> usize {
        self.ndjson.len() + self.csv.len()
    }
}
