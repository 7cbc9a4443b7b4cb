//! The merge of an earlier export's rows with the current ones, in key order: every difference becomes a row of
//! `ENTITY.changes.csv`. Two rows are held in memory, however many there are.

use std::cmp::Ordering;
use std::io::Write as _;
use std::path::PathBuf;

use crate::output::{Csv, OutputError};
use crate::source::{CHANGE_COLUMN, CHANGED_COLUMN};

use super::super::encode::{Batch, Encoder};
use super::super::error::ExportError;
use super::super::folder::Folder;
use super::super::job::Job;
use super::super::manifest::{ChangeCounts, FileEntry};
use super::super::options::Compression;
use super::super::sink::Sink;

use super::earlier::EarlierRows;
use super::records::{cell, cells};

/// How many bytes are collected before they are written.
const BUFFER: usize = 64 << 10;

/// The columns of a file of changes.
pub(crate) fn columns(job: &Job) -> Vec<String> {
    let own = job.columns.iter().map(|column| column.name.as_str());
    [CHANGE_COLUMN, CHANGED_COLUMN].into_iter().chain(own).map(str::to_owned).collect()
}

/// The changes of one entity while they are written.
pub(crate) struct Changes {
    entity: String,
    columns: Vec<String>,
    key: usize,
    old: EarlierRows,
    /// The key of the last row of the new export.
    last: Option<Vec<u8>>,
    sink: Sink,
    path: PathBuf,
    buffer: Vec<u8>,
    entry: FileEntry,
    counts: ChangeCounts,
}

impl Changes {
    /// Begins the file.
    pub(crate) fn begin(
        folder: &mut Folder,
        encoder: &Encoder,
        old: EarlierRows,
        compression: Option<Compression>,
    ) -> Result<Self, ExportError> {
        let job: &Job = &encoder.job;
        let name = format!("{}.changes.csv{}", job.stem, Compression::suffix(compression));
        let path = folder.path().join(&name);
        let file = folder.create(&name)?;
        let sink = Sink::new(file, compression).map_err(|source| OutputError::write(&path, source))?;
        let mut columns = columns(job);
        let mut buffer = Vec::with_capacity(BUFFER * 2);
        Csv::EXACT.line(&mut buffer, columns.iter().map(Some));
        columns.drain(..2);
        let entry = FileEntry { name, ..FileEntry::default() };
        let (entity, key, counts) = (job.name.clone(), job.key, ChangeCounts::default());
        Ok(Self { entity, columns, key, old, last: None, sink, path, buffer, entry, counts })
    }

    /// Compares the next rows of the new export with the old ones.
    pub(crate) fn take(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut start = 0;
        for &end in &batch.out_ends {
            let record = &batch.out[start..end];
            start = end;
            let key = self.key_of(record)?;
            if self.last.as_ref().is_some_and(|last| *last >= key) {
                return Err(self.unkeyed(Some(&key)));
            }
            self.merge(&key, record)?;
            self.last = Some(key);
        }
        Ok(())
    }

    fn merge(&mut self, key: &[u8], record: &[u8]) -> Result<(), ExportError> {
        loop {
            let order = self.old.peek().map_or(Ordering::Greater, |old| old.key.as_slice().cmp(key));
            match order {
                Ordering::Less => self.delete()?,
                Ordering::Greater => {
                    self.counts.inserts += 1;
                    return self.put(b"insert", b"", key, record);
                }
                Ordering::Equal => {
                    if let Some(changed) = self.changed(record) {
                        self.counts.updates += 1;
                        self.put(b"update", changed.as_bytes(), key, record)?;
                    }
                    return self.old.advance();
                }
            }
        }
    }

    /// The columns in which the current old row differs; `None` if it is the same.
    fn changed(&self, record: &[u8]) -> Option<String> {
        let old = self.old.peek().filter(|old| old.record != record)?;
        let pairs = cells(&old.record).zip(cells(record)).zip(&self.columns);
        let differ = pairs.filter(|((old, new), _)| old != new).map(|(_, name)| name.as_str());
        Some(differ.collect::<Vec<_>>().join(",")).filter(|names| !names.is_empty())
    }

    /// Writes that the current old row was deleted. Only its key is written: the data of deleted people is not passed
    /// on.
    fn delete(&mut self) -> Result<(), ExportError> {
        let Some(old) = self.old.peek() else { return Ok(()) };
        let key = old.key.clone();
        let mut record = Vec::new();
        let row = (0..self.columns.len()).map(|at| (at == self.key).then_some(key.as_slice()));
        Csv::EXACT.line(&mut record, row);
        self.counts.deletes += 1;
        self.put(b"delete", b"", &key, &record)?;
        self.old.advance()
    }

    fn put(&mut self, change: &[u8], changed: &[u8], key: &[u8], record: &[u8]) -> Result<(), ExportError> {
        let shown = || String::from_utf8_lossy(key).into_owned();
        self.buffer.extend_from_slice(change);
        self.buffer.push(b',');
        if !changed.is_empty() {
            Csv::EXACT.cell(&mut self.buffer, changed);
        }
        self.buffer.push(b',');
        self.buffer.extend_from_slice(record);
        if self.entry.rows == 0 {
            self.entry.first_key = Some(shown());
        }
        self.entry.last_key = Some(shown());
        self.entry.rows += 1;
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        let written = self.sink.write_all(&self.buffer);
        self.buffer.clear();
        Ok(written.map_err(|source| OutputError::write(&self.path, source))?)
    }

    /// Writes that the remaining old rows were deleted, syncs the file to the disk, and checks that the old files were
    /// what their manifest says.
    pub(crate) fn finish(mut self) -> Result<(FileEntry, ChangeCounts), ExportError> {
        while self.old.peek().is_some() {
            self.delete()?;
        }
        self.flush()?;
        let stored = self.sink.finish().map_err(|source| OutputError::write(&self.path, source))?;
        (self.entry.bytes, self.entry.sha256) = stored;
        Ok((self.entry, self.counts))
    }

    fn key_of(&self, record: &[u8]) -> Result<Vec<u8>, ExportError> {
        cell(record, self.key).ok_or_else(|| self.unkeyed(None))
    }

    fn unkeyed(&self, key: Option<&[u8]>) -> ExportError {
        let key = key.map(|key| String::from_utf8_lossy(key).into_owned());
        ExportError::Unkeyed { entity: self.entity.clone(), key }
    }
}
