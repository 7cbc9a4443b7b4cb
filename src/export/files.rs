//! The files of one job: rows come in key order, and a new file begins where the one at hand is full.

use std::borrow::Cow;
use std::io::Write as _;
use std::mem;

use crate::frame::parquet_out::{Kind, ParquetFile};
use crate::record::RowEncoder;
use crate::rule::{Rule, list};

use super::encode::{Batch, Encoder, Style, fields, key_of};
use super::error::ExportError;
use super::folder::Folder;
use super::manifest::FileEntry;
use super::options::{Compression, ExportOptions};
use super::sink::Sink;

/// The files of a job under way.
pub(crate) struct Files<'f> {
    folder: &'f mut Folder,
    encoder: &'f Encoder,
    extension: String,
    compression: Option<Compression>,
    split: Option<u64>,
    open: Open,
    done: Vec<FileEntry>,
    /// Whether Parquet's pages are packed with gzip.
    gzip_pages: bool,
}

struct Open {
    body: Body,
    entry: FileEntry,
}

enum Body {
    Text(Sink),
    Parquet(Box<ParquetFile<Sink>>),
}

impl<'f> Files<'f> {
    /// Begins the first file.
    pub(crate) fn begin(
        folder: &'f mut Folder,
        encoder: &'f Encoder,
        options: &ExportOptions,
    ) -> Result<Self, ExportError> {
        let parquet = matches!(encoder.style, Style::Parquet);
        // Parquet compresses its own pages; a compressed file around it could not be read in parts.
        let compression = options.compression.filter(|_| !parquet);
        let mut extension = options.format.extension().to_owned();
        extension.push_str(Compression::suffix(compression));
        let gzip = options.compression == Some(Compression::Gzip);
        let name = name(&encoder.job.stem, &extension, options.split, 1);
        let open = Open::new(folder, encoder, name, compression, gzip)?;
        let (split, done) = (options.split, Vec::new());
        Ok(Self { folder, encoder, extension, compression, gzip_pages: gzip, split, open, done })
    }

    /// Appends rows.
    pub(crate) fn take(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut from = 0;
        while from < batch.rows() {
            let rest = (batch.rows() - from) as u64;
            let room = self.split.map_or(rest, |split| split - self.open.entry.rows);
            if room == 0 {
                self.next()?;
                continue;
            }
            let to = from + usize::try_from(room.min(rest)).unwrap_or(usize::MAX);
            self.open.append(batch, from, to, self.encoder)?;
            from = to;
        }
        Ok(())
    }

    fn next(&mut self) -> Result<(), ExportError> {
        let number = self.done.len() + 2;
        let name = name(&self.encoder.job.stem, &self.extension, self.split, number);
        let next = Open::new(self.folder, self.encoder, name, self.compression, self.gzip_pages)?;
        let full = mem::replace(&mut self.open, next);
        self.done.push(full.finish()?);
        Ok(())
    }

    /// Ends the last file.
    pub(crate) fn finish(mut self) -> Result<Vec<FileEntry>, ExportError> {
        self.done.push(self.open.finish()?);
        Ok(self.done)
    }
}

fn name(stem: &str, extension: &str, split: Option<u64>, number: usize) -> String {
    match split {
        None => format!("{stem}.{extension}"),
        Some(_) => format!("{stem}-{number:05}.{extension}"),
    }
}

impl Open {
    fn new(
        folder: &mut Folder,
        encoder: &Encoder,
        name: String,
        compression: Option<Compression>,
        gzip_pages: bool,
    ) -> Result<Self, ExportError> {
        let path = folder.path().join(&name);
        let file = folder.create(&name)?;
        let failed = |source| ExportError::write(&path, source);
        let mut sink = Sink::new(file, compression).map_err(failed)?;
        let body = if let Style::Parquet = encoder.style {
            let columns: Vec<_> =
                encoder.job.columns.iter().map(|c| (c.name.as_str(), kind(&c.rule))).collect();
            let made = ParquetFile::begin(sink, &columns, gzip_pages);
            Body::Parquet(Box::new(
                made.map_err(|source| ExportError::Parquet { path: path.clone(), source })?,
            ))
        } else {
            sink.write_all(&encoder.head()).map_err(failed)?;
            Body::Text(sink)
        };
        Ok(Self { body, entry: FileEntry { name, ..FileEntry::default() } })
    }

    fn append(
        &mut self,
        batch: &Batch,
        from: usize,
        to: usize,
        encoder: &Encoder,
    ) -> Result<(), ExportError> {
        let job = &encoder.job;
        match &mut self.body {
            Body::Text(sink) => {
                let start = from.checked_sub(1).map_or(0, |before| batch.out_ends[before]);
                let written = sink.write_all(&batch.out[start..batch.out_ends[to - 1]]);
                written.map_err(|source| ExportError::write(self.entry.name.as_ref(), source))?;
            }
            Body::Parquet(file) => {
                let failed = |source| ExportError::Parquet { path: (&self.entry.name).into(), source };
                for index in from..to {
                    let row = batch.row(index);
                    let cells = fields(row).zip(&job.columns);
                    for (position, (field, column)) in cells.enumerate() {
                        let text = field.map(unescaped);
                        let fits = match (&column.rule, &text) {
                            (Rule::List(_), Some(text)) => file.list(position, &list::items(text)),
                            // As the importer reads a text: a decimal comma where one is declared.
                            (rule @ Rule::Decimal(_), Some(text)) => {
                                file.cell(position, rule.written(text).as_deref())
                            }
                            _ => file.cell(position, text.as_deref()),
                        };
                        if !fits {
                            let (entity, key) = (job.name.clone(), key_of(row, job));
                            return Err(ExportError::Untyped { entity, key, column: column.name.clone() });
                        }
                    }
                    file.end_row().map_err(failed)?;
                }
            }
        }
        if self.entry.rows == 0 {
            self.entry.first_key = Some(key_of(batch.row(from), job));
        }
        self.entry.last_key = Some(key_of(batch.row(to - 1), job));
        self.entry.rows += (to - from) as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<FileEntry, ExportError> {
        let sink = match self.body {
            Body::Text(sink) => sink,
            Body::Parquet(file) => file
                .finish()
                .map_err(|source| ExportError::Parquet { path: (&self.entry.name).into(), source })?,
        };
        let stored = sink.finish().map_err(|source| ExportError::write(self.entry.name.as_ref(), source))?;
        (self.entry.bytes, self.entry.sha256) = stored;
        Ok(self.entry)
    }
}

/// A field without COPY's escapes, which few have.
fn unescaped(field: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', field).is_some() {
        return RowEncoder::unescape(field).into();
    }
    String::from_utf8_lossy(field)
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
