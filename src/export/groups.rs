//! Parquet's row groups: rows are collected until a group is full, each group is typed, encoded and compressed on
//! rayon, and all are written in the order of their rows. Where a group ends is told by its rows alone, so the
//! bytes are the same for any number of connections and threads.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::frame::parquet_out::{Group, Kind, ParquetError, ParquetFile, Rows, Shape};
use crate::record::RowEncoder;
use crate::rule::{Rule, list};

use super::encode::{Batch, key_of, texts};
use super::error::ExportError;
use super::job::Job;
use super::sink::Sink;

/// How many rows a row group has.
const ROWS: usize = 1 << 16;
/// Rows of long cells end a group sooner.
const BYTES: usize = 8 << 20;

/// A Parquet file under way.
pub(crate) struct Groups {
    file: ParquetFile<Sink>,
    name: String,
    job: Arc<Job>,
    /// The rows of the group at hand.
    parts: Vec<(Arc<Batch>, Range<usize>)>,
    rows: usize,
    bytes: usize,
    under_way: VecDeque<Receiver<Result<Group, ExportError>>>,
    /// How many groups may be under way.
    most: usize,
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
            under_way: VecDeque::new(),
            most: rayon::current_num_threads().clamp(1, 4),
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

    /// Sends the group at hand off to be encoded; writes one that is done where too many are under way.
    fn end_group(&mut self) -> Result<(), ExportError> {
        if self.under_way.len() >= self.most {
            self.write_next()?;
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let parts = std::mem::take(&mut self.parts);
        let (shape, job, name) = (self.file.shape(), Arc::clone(&self.job), self.name.clone());
        let (sender, receiver) = sync_channel(1);
        rayon::spawn(move || {
            // Nobody listens any more where the export has failed elsewhere.
            let _ = sender.send(encoded(&shape, rows, &parts, &job, &name));
        });
        self.under_way.push_back(receiver);
        Ok(())
    }

    fn write_next(&mut self) -> Result<(), ExportError> {
        let Some(receiver) = self.under_way.pop_front() else { return Ok(()) };
        let broken = |_| ExportError::Broken { entity: self.job.name.clone() };
        let group = receiver.recv().map_err(broken)??;
        self.file.write(&group).map_err(|source| failed(&self.name, source))
    }

    /// Writes the rest and the footer.
    pub(crate) fn finish(mut self) -> Result<Sink, ExportError> {
        if self.rows > 0 {
            self.end_group()?;
        }
        while !self.under_way.is_empty() {
            self.write_next()?;
        }
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
    // The server sends UTF-8, and looking at it once a row is cheaper than once a cell.
    let text = std::str::from_utf8(row).map_or_else(|_| String::from_utf8_lossy(row), Cow::Borrowed);
    for (position, (field, column)) in texts(&text).zip(&job.columns).enumerate() {
        let text = field.map(unescaped);
        let fits = match (&column.rule, &text) {
            (Rule::List(_), Some(text)) => rows.list(position, list::items(text)),
            // As the importer reads a text: a decimal comma where one is declared.
            (rule @ Rule::Decimal(_), Some(text)) => rows.cell(position, rule.written(text).as_deref()),
            _ => rows.cell(position, text.as_deref()),
        };
        if !fits {
            let (entity, key) = (job.name.clone(), key_of(row, job));
            return Err(ExportError::Untyped { entity, key, column: column.name.clone() });
        }
    }
    Ok(())
}

fn failed(name: &str, source: ParquetError) -> ExportError {
    ExportError::Parquet { path: name.into(), source }
}

/// A field without COPY's escapes, which few have.
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
