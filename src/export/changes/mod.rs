//! What changed since an earlier export: its files and the rows at hand are merged as both come, in key order, and
//! every difference becomes a row of `ENTITY.changes.csv`. Nothing is told by times or transaction numbers, so a
//! late commit and a deletion are seen like any other change; and two rows are held in memory, however many there
//! are.

mod earlier;
mod records;

use std::cmp::Ordering;
use std::io::Write as _;
use std::path::PathBuf;

use crate::source::{CHANGE_COLUMN, CHANGED_COLUMN};

use super::csv::Csv;
use super::encode::{Batch, Encoder};
use super::error::ExportError;
use super::folder::Folder;
use super::job::Job;
use super::manifest::{ChangeCounts, FileEntry};
use super::options::Compression;
use super::sink::Sink;

pub(crate) use earlier::Earlier;
use earlier::EarlierRows;
use records::{cell, cells};

/// How much is collected before it is handed on.
const BUFFER: usize = 64 << 10;

/// The columns of a file of changes.
pub(crate) fn columns(job: &Job) -> Vec<String> {
    let own = job.columns.iter().map(|column| column.name.as_str());
    [CHANGE_COLUMN, CHANGED_COLUMN].into_iter().chain(own).map(str::to_owned).collect()
}

/// The changes of one entity under way.
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
        let sink = Sink::new(file, compression).map_err(|source| ExportError::write(&path, source))?;
        let mut columns = columns(job);
        let mut buffer = Vec::with_capacity(BUFFER * 2);
        Csv::new(None).line(columns.iter().map(|name| Some(name.as_bytes())), &mut buffer);
        columns.drain(..2);
        let entry = FileEntry { name, ..FileEntry::default() };
        let (entity, key, counts) = (job.name.clone(), job.key, ChangeCounts::default());
        Ok(Self { entity, columns, key, old, last: None, sink, path, buffer, entry, counts })
    }

    /// Holds the next rows of the new export against the old ones.
    pub(crate) fn take(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut start = 0;
        for &end in &batch.out_ends {
            let record = &batch.out[start..end];
            start = end;
            let key = self.key_of(record)?;
            if self.last.as_ref().is_some_and(|last| *last >= key) {
                return Err(self.unkeyed(Some(&key)));
            }
            self.settle(&key, record)?;
            self.last = Some(key);
        }
        Ok(())
    }

    fn settle(&mut self, key: &[u8], record: &[u8]) -> Result<(), ExportError> {
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

    /// The columns in which the old row at hand differs; none where it is the same.
    fn changed(&self, record: &[u8]) -> Option<String> {
        let old = self.old.peek().filter(|old| old.record != record)?;
        let pairs = cells(&old.record).zip(cells(record)).zip(&self.columns);
        let differ = pairs.filter(|((old, new), _)| old != new).map(|(_, name)| name.as_str());
        Some(differ.collect::<Vec<_>>().join(",")).filter(|names| !names.is_empty())
    }

    /// The old row at hand is no longer there. Its key is all that is told of it: whoever was deleted is not
    /// handed on.
    fn delete(&mut self) -> Result<(), ExportError> {
        let Some(old) = self.old.peek() else { return Ok(()) };
        let key = old.key.clone();
        let mut record = Vec::new();
        let row = (0..self.columns.len()).map(|at| (at == self.key).then_some(key.as_slice()));
        Csv::new(None).line(row, &mut record);
        self.counts.deletes += 1;
        self.put(b"delete", b"", &key, &record)?;
        self.old.advance()
    }

    fn put(&mut self, change: &[u8], changed: &[u8], key: &[u8], record: &[u8]) -> Result<(), ExportError> {
        let shown = || String::from_utf8_lossy(key).into_owned();
        self.buffer.extend_from_slice(change);
        self.buffer.push(b',');
        if !changed.is_empty() {
            Csv::new(None).cell(changed, &mut self.buffer);
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
        written.map_err(|source| ExportError::write(&self.path, source))
    }

    /// What is left of the old rows is no longer there. Brings the file to the disk, and looks whether the old
    /// files were what their manifest says.
    pub(crate) fn finish(mut self) -> Result<(FileEntry, ChangeCounts), ExportError> {
        while self.old.peek().is_some() {
            self.delete()?;
        }
        self.flush()?;
        let stored = self.sink.finish().map_err(|source| ExportError::write(&self.path, source))?;
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
