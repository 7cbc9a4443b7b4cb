//! Parquet's row groups. Rows are collected until a group is full; groups are encoded and compressed by all threads and
//! written in the order of their rows. Where a group ends depends on its rows alone, so the bytes are the same for any
//! number of connections and threads.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::frame::parquet_out::{Group, Kind, ParquetError, ParquetFile, Rows, Shape};
use crate::parallel::Queue;
use crate::record::RowEncoder;
use crate::rule::{Rule, list};

use super::encode::Batch;
use super::error::ExportError;
use super::job::Job;
use super::row::texts;
use super::sink::Sink;

/// How many rows a row group has.
const ROWS: usize = 1 << 16;
/// How many bytes a row group has at most.
const BYTES: usize = 8 << 20;

/// A Parquet file while it is written.
pub(crate) struct Groups {
    file: ParquetFile<Sink>,
    name: String,
    job: Arc<Job>,
    /// The rows of the current group.
    parts: Vec<(Arc<Batch>, Range<usize>)>,
    rows: usize,
    bytes: usize,
    in_flight: Queue<Result<Group, ExportError>>,
}

impl Groups {
    pub(crate) fn begin(sink: Sink, name: &str, job: &Arc<Job>, gzip: bool) -> Result<Self, ExportError> {
        let columns: Vec<_> = job.columns.iter().map(|c| (c.name.as_str(), kind(&c.rule))).collect();
        let file = ParquetFile::begin(sink, &columns, gzip).map_err(|source| failed(name, source))?;
        Ok(Self {
            file,
            name: name.to_owned(),
            job: Arc::clone(job),
            parts: Vec::new(),
            rows: 0,
            bytes: 0,
            in_flight: Queue::new(rayon::current_num_threads().min(4)),
        })
    }

    /// Appends rows of a batch.
    pub(crate) fn append(&mut self, batch: &Arc<Batch>, rows: Range<usize>) -> Result<(), ExportError> {
        let mut from = rows.start;
        for index in rows.clone() {
            self.rows += 1;
            self.bytes += batch.row(index).len();
            if self.rows >= ROWS || self.bytes >= BYTES {
                self.parts.push((Arc::clone(batch), from..index + 1));
                from = index + 1;
                self.end_group()?;
            }
        }
        if from < rows.end {
            self.parts.push((Arc::clone(batch), from..rows.end));
        }
        Ok(())
    }

    /// Ends the current group: it is encoded by another thread. If too many are in flight, the oldest is written first.
    fn end_group(&mut self) -> Result<(), ExportError> {
        if self.in_flight.is_full() {
            self.write_next()?;
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let parts = std::mem::take(&mut self.parts);
        let (shape, job, name) = (self.file.shape(), Arc::clone(&self.job), self.name.clone());
        self.in_flight.push(move || encoded(&shape, rows, &parts, &job, &name));
        Ok(())
    }

    /// Writes the oldest group in flight. Returns whether there was one.
    fn write_next(&mut self) -> Result<bool, ExportError> {
        let Some(group) = self.in_flight.next() else { return Ok(false) };
        self.file.write(&group?).map_err(|source| failed(&self.name, source))?;
        Ok(true)
    }

    /// Writes the rest and the footer.
    pub(crate) fn finish(mut self) -> Result<Sink, ExportError> {
        if self.rows > 0 {
            self.end_group()?;
        }
        while self.write_next()? {}
        self.file.finish().map_err(|source| failed(&self.name, source))
    }
}

fn encoded(
    shape: &Shape,
    room: usize,
    parts: &[(Arc<Batch>, Range<usize>)],
    job: &Job,
    name: &str,
) -> Result<Group, ExportError> {
    let mut rows = shape.rows(room);
    for (batch, range) in parts {
        for index in range.clone() {
            fill(&mut rows, batch.row(index), job)?;
        }
    }
    shape.encode(rows).map_err(|source| failed(name, source))
}

fn fill(rows: &mut Rows, row: &[u8], job: &Job) -> Result<(), ExportError> {
    // The server sends UTF-8; checking it once per row is cheaper than once per cell.
    let text = std::str::from_utf8(row).map_or_else(|_| String::from_utf8_lossy(row), Cow::Borrowed);
    for (position, (field, column)) in texts(&text).zip(&job.columns).enumerate() {
        let text = field.map(unescaped);
        let fits = match (&column.rule, &text) {
            (Rule::List(_), Some(text)) => list::items(text).is_some_and(|items| rows.list(position, items)),
            // As the importer reads it: with a decimal comma if one is declared.
            (rule @ Rule::Decimal(_), Some(text)) => rows.cell(position, rule.written(text).as_deref()),
            _ => rows.cell(position, text.as_deref()),
        };
        if !fits {
            return Err(job.unwritable(row, position));
        }
    }
    Ok(())
}

fn failed(name: &str, source: ParquetError) -> ExportError {
    ExportError::Parquet { path: name.into(), source }
}

/// A field without COPY's escapes; few fields have any.
fn unescaped(field: &str) -> Cow<'_, str> {
    if field.contains('\\') { RowEncoder::unescape(field.as_bytes()).into() } else { field.into() }
}

fn kind(rule: &Rule) -> Kind {
    match rule {
        Rule::Boolean(_) => Kind::Boolean,
        Rule::Integer(_) => Kind::Integer,
        Rule::Date(_) => Kind::Date,
        Rule::Timestamp(_) => Kind::Instant,
        Rule::List(_) => Kind::List,
        _ => Kind::Text,
    }
}
