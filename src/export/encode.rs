//! Rows as PostgreSQL's COPY sends them, encoded for a file. Pure: no I/O, any thread.

use std::sync::Arc;

use crate::output::Csv;

use super::csv;
use super::error::ExportError;
use super::job::Job;
use super::json::Json;
use super::options::Format;

/// Encoded rows.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// The rows as the server sent them.
    pub(crate) raw: Vec<u8>,
    /// Where each row ends in `raw`.
    pub(crate) raw_ends: Vec<usize>,
    /// The rows as they are written; empty for Parquet, which is written from `raw`.
    pub(crate) out: Vec<u8>,
    /// Where each row ends in `out`.
    pub(crate) out_ends: Vec<usize>,
}

impl Batch {
    pub(crate) fn rows(&self) -> usize {
        self.raw_ends.len()
    }

    /// A row as the server sent it.
    pub(crate) fn row(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.raw_ends[before]);
        &self.raw[start..self.raw_ends[index]]
    }
}

/// How the rows of a job are written.
#[derive(Debug)]
pub(crate) struct Encoder {
    pub(crate) job: Arc<Job>,
    pub(crate) style: Style,
}

/// The format, prepared for a job's columns.
#[derive(Debug)]
pub(crate) enum Style {
    Csv(Csv),
    Json(Json),
    Parquet,
}

impl Encoder {
    pub(crate) fn new(job: Arc<Job>, format: Format, spreadsheet: Option<u8>) -> Self {
        let style = match format {
            Format::Csv => Style::Csv(spreadsheet.map_or(Csv::EXACT, Csv::spreadsheet)),
            Format::Ndjson => Style::Json(Json::new(&job.columns)),
            Format::Parquet => Style::Parquet,
        };
        Self { job, style }
    }

    /// The first bytes of a file.
    pub(crate) fn head(&self) -> Vec<u8> {
        match &self.style {
            Style::Csv(csv) => csv.head(self.job.columns.iter().map(|column| column.name.as_str())),
            Style::Json(_) | Style::Parquet => Vec::new(),
        }
    }

    /// Encodes whole rows.
    pub(crate) fn encode(&self, raw: Vec<u8>, raw_ends: Vec<usize>) -> Result<Batch, ExportError> {
        // Row groups are made from the rows as the server sent them.
        if let Style::Parquet = self.style {
            return Ok(Batch { raw, raw_ends, ..Batch::default() });
        }
        let mut out = Vec::with_capacity(raw.len() + raw.len() / 8);
        let mut out_ends = Vec::with_capacity(raw_ends.len());
        let mut start = 0;
        for &end in &raw_ends {
            let row = &raw[start..end];
            start = end;
            match &self.style {
                Style::Csv(csv) => csv::row(*csv, row, &self.job, &mut out)?,
                Style::Json(json) => {
                    if let Some(column) = json.row(row, &self.job, &mut out) {
                        return Err(self.job.unwritable(row, column));
                    }
                }
                Style::Parquet => {}
            }
            out_ends.push(out.len());
        }
        Ok(Batch { raw, raw_ends, out, out_ends })
    }
}
