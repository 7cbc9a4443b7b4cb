//! The earlier export that changes are found against: complete, comparable, and read from its files in order.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use crate::hash::Hasher;
use crate::schema::Schema;
use crate::settings::Limit;

use super::super::error::ExportError;
use super::super::job::Job;
use super::super::manifest::{self, Asked, FileEntry, Manifest, SinceEntry, Unopened};
use super::super::options::{Compression, Format};
use super::records;

/// How much of a file is read at a time.
const BUFFER: usize = 256 << 10;

/// An earlier export that this one can be compared with.
pub(crate) struct Earlier {
    folder: PathBuf,
    manifest: Manifest,
}

impl Earlier {
    /// Opens the export in `folder` and refuses one that was made with other options: a row that only they leave out
    /// would look deleted.
    pub(crate) fn open(
        folder: &Path,
        asked: &Asked,
        schema: &Schema,
        target: &str,
    ) -> Result<Self, ExportError> {
        let refused = |problem: String| Err(ExportError::Earlier { path: folder.to_owned(), problem });
        let path = folder.join(manifest::NAME);
        if path.symlink_metadata().is_err() {
            return refused("it has no manifest.json, so it is not a complete export".to_owned());
        }
        let manifest = Manifest::read(&path)?;
        let old = &manifest.options;
        if old.format != Format::Csv || old.spreadsheet.is_some() {
            let format = if old.spreadsheet.is_some() { "for a spreadsheet" } else { old.format.extension() };
            return refused(format!(
                "it is {format}; only exact CSV can be compared (compressed and split, too)"
            ));
        }
        if manifest.schema_sha256 != schema.sha256 {
            return refused("it was made with another schema".to_owned());
        }
        if old.filters != asked.filters {
            return refused("it was made with another --where".to_owned());
        }
        if old.system_columns != asked.system_columns {
            return refused("one of the two has --with-system-columns".to_owned());
        }
        if manifest.target != target {
            tracing::warn!(
                "{}: it is an export of {}, and this is one of {target}",
                folder.display(),
                manifest.target
            );
        }
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// What the new manifest says about it.
    pub(crate) fn entry(&self) -> SinceEntry {
        SinceEntry { run: self.manifest.run.clone(), snapshot: self.manifest.snapshot.clone() }
    }

    /// The export's manifest.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Checks that so many of an entity's rows may be deleted.
    pub(crate) fn may_lose(&self, entity: &str, deletes: u64, most: Limit) -> Result<(), ExportError> {
        let rows = self.manifest.rows_of(entity).map_or(0, |entry| entry.rows);
        if most.forbids(deletes, rows) {
            let (entity, folder) = (entity.to_owned(), self.folder.clone());
            return Err(ExportError::MassDeletes { entity, deletes, rows, folder });
        }
        Ok(())
    }

    /// The rows of one entity.
    pub(crate) fn rows(&self, job: &Job) -> Result<EarlierRows, ExportError> {
        let refused = |problem: String| Err(ExportError::Earlier { path: self.folder.clone(), problem });
        let Some(entry) = self.manifest.rows_of(&job.name) else {
            return refused(format!("it has no {}", job.name));
        };
        if !entry.columns.iter().eq(job.columns.iter().map(|column| &column.name)) {
            return refused(format!("its {} have other columns (--columns)", job.name));
        }
        let mut rows = EarlierRows {
            folder: self.folder.clone(),
            entity: job.name.clone(),
            key: job.key,
            files: entry.files.iter().cloned().collect(),
            open: None,
            current: None,
        };
        rows.advance()?;
        Ok(rows)
    }
}

/// A row of the earlier export.
#[derive(Debug, Default)]
pub(crate) struct EarlierRow {
    pub(crate) key: Vec<u8>,
    pub(crate) record: Vec<u8>,
}

/// The rows of an entity, read one after another.
pub(crate) struct EarlierRows {
    folder: PathBuf,
    entity: String,
    key: usize,
    /// The files that are still to be read.
    files: VecDeque<FileEntry>,
    open: Option<Open>,
    current: Option<EarlierRow>,
}

struct Open {
    path: PathBuf,
    entry: FileEntry,
    rows: u64,
    reader: Box<dyn BufRead>,
    /// The same file, hashed as it is stored.
    stored: Rc<RefCell<Stored>>,
}

impl EarlierRows {
    /// The current row; `None` after the last.
    pub(crate) fn peek(&self) -> Option<&EarlierRow> {
        self.current.as_ref()
    }

    /// Goes on to the next row.
    pub(crate) fn advance(&mut self) -> Result<(), ExportError> {
        let before = self.current.take();
        let is_first = before.is_none();
        let mut row = before.unwrap_or_default();
        let last = std::mem::take(&mut row.key);
        loop {
            if self.open.is_none() {
                let Some(entry) = self.files.pop_front() else { return Ok(()) };
                self.open = Some(Open::new(&self.folder, entry)?);
            }
            let Some(open) = &mut self.open else { return Ok(()) };
            if records::next(&mut open.reader, &mut row.record).map_err(|error| open.damaged(&error))? {
                open.rows += 1;
                // A small file can say that it has any number of rows once it is decompressed.
                if open.rows > open.entry.rows {
                    return Err(open.changed());
                }
                break;
            }
            if let Some(open) = self.open.take() {
                open.finish()?;
            }
        }
        let key = records::cell(&row.record, self.key);
        match key {
            Some(key) if is_first || key > last => {
                row.key = key;
                self.current = Some(row);
                Ok(())
            }
            key => {
                let key = key.map(|key| String::from_utf8_lossy(&key).into_owned());
                Err(ExportError::Unkeyed { entity: self.entity.clone(), key })
            }
        }
    }
}

impl Open {
    fn new(folder: &Path, entry: FileEntry) -> Result<Self, ExportError> {
        let path = folder.join(&entry.name);
        let failed = |source| ExportError::Read { path: path.clone(), source };
        let file = entry.open(folder).map_err(|unopened| match unopened {
            Unopened::System(source) => failed(source),
            Unopened::Name | Unopened::Size(_) => changed(&path),
        })?;
        let stored = Rc::new(RefCell::new(Stored { file, hasher: Hasher::new(), bytes: 0 }));
        let shared = BufReader::with_capacity(BUFFER, Shared(Rc::clone(&stored)));
        let reader: Box<dyn BufRead> = match Compression::of_name(&entry.name) {
            None => Box::new(shared),
            Some(Compression::Gzip) => Box::new(BufReader::new(MultiGzDecoder::new(shared))),
            Some(Compression::Zstd) => {
                let decoder = zstd::stream::read::Decoder::with_buffer(shared).map_err(failed)?;
                Box::new(BufReader::new(decoder))
            }
        };
        let mut open = Self { path, entry, rows: 0, reader, stored };
        let mut header = Vec::new();
        match records::next(&mut open.reader, &mut header) {
            Ok(true) => Ok(open),
            Ok(false) => Err(open.damaged(&io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(open.damaged(&error)),
        }
    }

    /// Checks that the file, now read, is what its manifest says.
    fn finish(self) -> Result<(), ExportError> {
        // Bytes after the end of a compressed stream belong to the file, too.
        let read = io::copy(&mut *self.stored.borrow_mut(), &mut io::sink());
        read.map_err(|source| ExportError::Read { path: self.path.clone(), source })?;
        let mut stored = self.stored.borrow_mut();
        let found = (stored.bytes, std::mem::take(&mut stored.hasher).finish(), self.rows);
        drop(stored);
        if found == (self.entry.bytes, self.entry.sha256.clone(), self.entry.rows) {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    fn damaged(&self, error: &io::Error) -> ExportError {
        tracing::debug!("{}: {error}", self.path.display());
        self.changed()
    }

    fn changed(&self) -> ExportError {
        changed(&self.path)
    }
}

fn changed(path: &Path) -> ExportError {
    let problem = "the file is not what its manifest says; see `muster verify`".to_owned();
    ExportError::Earlier { path: path.to_owned(), problem }
}

/// A file whose bytes are counted and hashed as they are read.
struct Stored {
    file: Take<File>,
    hasher: Hasher,
    bytes: u64,
}

impl Read for Stored {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buf)?;
        self.hasher.update(&buf[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

struct Shared(Rc<RefCell<Stored>>);

impl Read for Shared {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buf)
    }
}
