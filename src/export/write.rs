//! The rows of a snapshot to files: several connections read the key ranges of all jobs, and the files are written one
//! job after the other.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use crate::db::DbError;
use crate::event::{Event, Listener, Stage};
use crate::fault;
use crate::hash::Hasher;
use crate::schema::Schema;

use super::changes::{self, Changes, Earlier};
use super::encode::Encoder;
use super::error::ExportError;
use super::files::Files;
use super::folder::Folder;
use super::job::{self, Job};
use super::manifest::{ChangeCounts, EntityEntry, FileEntry, RangeEntry};
use super::options::ExportOptions;
use super::query::Range;
use super::ranges;
use super::reader::{Message, Queue};
use super::runtime::Interruptible;
use super::snapshot::Snapshot;

/// A snapshot and the jobs that read it.
pub(super) struct Export {
    pub(super) snapshot: Snapshot,
    jobs: Vec<(Arc<Encoder>, Vec<Range>)>,
    name: String,
}

impl Export {
    pub(super) async fn open(
        options: &ExportOptions,
        schema: &Schema,
        name: &str,
    ) -> Result<Self, ExportError> {
        let chosen = job::chosen(schema, &options.entities)?;
        let snapshot =
            Snapshot::take(options.database_url.as_deref(), name, options.lock, (schema, &chosen)).await?;
        let tables = snapshot.tables(&chosen).await?;
        let mut jobs = Vec::new();
        for job in job::plan(&snapshot.schema, &tables, options)? {
            let ranges = ranges::of(&snapshot.session.client, &job.query).await?;
            jobs.push((Arc::new(Encoder::new(Arc::new(job), options.format, options.spreadsheet)), ranges));
        }
        Ok(Self { snapshot, jobs, name: name.to_owned() })
    }

    /// Reads all jobs with several connections and writes their files one after the other.
    pub(super) fn write(
        &self,
        guard: &Interruptible<'_>,
        options: &ExportOptions,
        earlier: Option<&Earlier>,
        folder: &mut Folder,
        listener: &dyn Listener,
    ) -> Result<Vec<EntityEntry>, ExportError> {
        let tasks = self
            .jobs
            .iter()
            .flat_map(|(encoder, ranges)| ranges.iter().map(|range| (Arc::clone(encoder), range.clone())));
        let (queue, receivers) = Queue::new(tasks, options.connections, self.snapshot.by_bytes);
        for _ in 0..options.connections {
            let reader = guard.wait(async { Ok(self.snapshot.reader(&self.name).await?) })?;
            guard.runtime.spawn(Arc::clone(&queue).work(reader));
        }
        let mut receivers = receivers.into_iter();
        let mut entries = Vec::new();
        for (encoder, ranges) in &self.jobs {
            let job = &encoder.job;
            listener.on(Event::Started { stage: Stage::Export, entity: &job.stem, total: None });
            let changes = match earlier.filter(|_| job.stem == job.name) {
                Some(earlier) => {
                    Some(Changes::begin(folder, encoder, earlier.rows(job)?, options.compression)?)
                }
                None => None,
            };
            let mut writer = Writer { guard, job, files: Files::begin(folder, encoder, options)?, changes };
            let mut done = Vec::new();
            for (range, receiver) in ranges.iter().zip(receivers.by_ref()) {
                done.push(writer.range(range, receiver, listener)?);
                queue.written();
            }
            let (files, changes) = writer.finish()?;
            if let (Some(earlier), Some((_, counts))) = (earlier, &changes) {
                earlier.may_lose(&job.name, counts.deletes, options.max_deletes)?;
            }
            fault::point("MUSTER_TEST_EXPORT_STOP", "file");
            listener.on(Event::Finished);
            let rows = files.iter().map(|file| file.rows).sum();
            let counted = guard.wait(self.count(job))?;
            if rows != counted || rows != done.iter().map(|range: &RangeEntry| range.rows).sum::<u64>() {
                return Err(ExportError::Count { entity: job.name.clone(), read: rows, counted });
            }
            entries.push(EntityEntry {
                entity: job.name.clone(),
                crosswalk: job.stem != job.name,
                changes: None,
                rows,
                columns: job.columns.iter().map(|column| column.name.clone()).collect(),
                files,
                ranges: done,
            });
            entries.extend(changes.map(|(file, counts)| EntityEntry {
                entity: job.name.clone(),
                crosswalk: false,
                changes: Some(counts),
                rows: file.rows,
                columns: changes::columns(job),
                files: vec![file],
                ranges: Vec::new(),
            }));
        }
        Ok(entries)
    }

    /// The jobs that read the rows of the entities themselves.
    pub(super) fn own_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().map(|(encoder, _)| &*encoder.job).filter(|job| job.stem == job.name)
    }

    async fn count(&self, job: &Job) -> Result<u64, ExportError> {
        let failed = |e| DbError::of(format!("counting the rows of table {}", job.query.table), e);
        let row = self.snapshot.session.client.query_one(&job.query.count(), &[]).await.map_err(failed)?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }
}

/// The files of a job, and the one with its changes.
type Written = (Vec<FileEntry>, Option<(FileEntry, ChangeCounts)>);

/// Writes the rows of one job.
struct Writer<'w, 'f> {
    guard: &'w Interruptible<'w>,
    job: &'w Job,
    files: Files<'f>,
    changes: Option<Changes>,
}

impl Writer<'_, '_> {
    /// Writes one key range as it arrives.
    fn range(
        &mut self,
        range: &Range,
        mut receiver: Receiver<Message>,
        listener: &dyn Listener,
    ) -> Result<RangeEntry, ExportError> {
        let entity = &self.job.name;
        let broken = || ExportError::Broken { entity: entity.clone() };
        let mut hasher = Hasher::new();
        loop {
            match self.guard.wait(async { receiver.recv().await.ok_or_else(broken) })? {
                Message::Batch(encoded) => {
                    let batch = Arc::new(self.guard.wait(async { encoded.await.map_err(|_| broken())? })?);
                    hasher.update(&batch.raw);
                    self.files.take(&batch)?;
                    if let Some(changes) = &mut self.changes {
                        changes.take(&batch)?;
                    }
                    fault::point("MUSTER_TEST_EXPORT_STOP", "batch");
                    let rows = batch.rows() as u64;
                    listener.on(Event::Advanced { by: rows, rows });
                }
                Message::End(rows) => {
                    let sha256 = hasher.finish();
                    return Ok(RangeEntry { range: range.clone(), rows, sha256 });
                }
                Message::Failed(error) => return Err(error),
            }
        }
    }

    /// Ends the files.
    fn finish(self) -> Result<Written, ExportError> {
        Ok((self.files.finish()?, self.changes.map(Changes::finish).transpose()?))
    }
}
