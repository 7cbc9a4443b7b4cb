//! The files of one job. Rows arrive in key order; when a file is full, the next one begins.

use std::io::Write as _;
use std::mem;
use std::sync::Arc;

use crate::output::OutputError;

use super::encode::{Batch, Encoder, Style};
use super::error::ExportError;
use super::folder::Folder;
use super::groups::Groups;
use super::manifest::FileEntry;
use super::options::{Compression, ExportOptions};
use super::sink::Sink;

/// The files of a job while they are written.
pub(crate) struct Files<'f> {
    folder: &'f mut Folder,
    encoder: &'f Encoder,
    extension: String,
    compression: Option<Compression>,
    split: Option<u64>,
    open: Open,
    done: Vec<FileEntry>,
    /// Whether Parquet's pages are compressed with gzip.
    gzip_pages: bool,
}

struct Open {
    body: Body,
    entry: FileEntry,
}

enum Body {
    Text(Sink),
    Parquet(Box<Groups>),
}

impl<'f> Files<'f> {
    /// Begins the first file.
    pub(crate) fn begin(
        folder: &'f mut Folder,
        encoder: &'f Encoder,
        options: &ExportOptions,
    ) -> Result<Self, ExportError> {
        let parquet = matches!(encoder.style, Style::Parquet);
        // Parquet compresses its pages; a compressed Parquet file could not be read in parts.
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
    pub(crate) fn take(&mut self, batch: &Arc<Batch>) -> Result<(), ExportError> {
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
        let failed = |source| OutputError::write(&path, source);
        let mut sink = Sink::new(file, compression).map_err(failed)?;
        let body = if let Style::Parquet = encoder.style {
            Body::Parquet(Box::new(Groups::begin(sink, &name, &encoder.job, gzip_pages)?))
        } else {
            sink.write_all(&encoder.head()).map_err(failed)?;
            Body::Text(sink)
        };
        Ok(Self { body, entry: FileEntry { name, ..FileEntry::default() } })
    }

    fn append(
        &mut self,
        batch: &Arc<Batch>,
        from: usize,
        to: usize,
        encoder: &Encoder,
    ) -> Result<(), ExportError> {
        let job = &encoder.job;
        match &mut self.body {
            Body::Text(sink) => {
                let start = from.checked_sub(1).map_or(0, |before| batch.out_ends[before]);
                let written = sink.write_all(&batch.out[start..batch.out_ends[to - 1]]);
                written.map_err(|source| OutputError::write(self.entry.name.as_ref(), source))?;
            }
            Body::Parquet(groups) => groups.append(batch, from..to)?,
        }
        if self.entry.rows == 0 {
            self.entry.first_key = Some(job.key_of(batch.row(from)));
        }
        self.entry.last_key = Some(job.key_of(batch.row(to - 1)));
        self.entry.rows += (to - from) as u64;
        Ok(())
    }

    fn finish(mut self) -> Result<FileEntry, ExportError> {
        let sink = match self.body {
            Body::Text(sink) => sink,
            Body::Parquet(groups) => groups.finish()?,
        };
        let stored = sink.finish().map_err(|source| OutputError::write(self.entry.name.as_ref(), source))?;
        (self.entry.bytes, self.entry.sha256) = stored;
        Ok(self.entry)
    }
}
