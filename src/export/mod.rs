//! One snapshot to files: exported by a leader, read in key ranges by several connections, encoded on rayon,
//! written in key order, renamed when whole, the manifest last. The same rows give the same bytes for any number
//! of connections.

mod changes;
mod csv;
mod encode;
mod error;
mod fault;
mod files;
mod folder;
mod groups;
mod job;
mod json;
pub(crate) mod keep;
pub(crate) mod look;
mod manifest;
pub(crate) mod metrics;
mod options;
mod order;
mod ranges;
mod reader;
mod sink;
mod snapshot;
mod verify;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::Receiver;

use crate::db::DbError;
use crate::event::{Event, Listener, Stage};
use crate::schema::Schema;
use crate::signal;
use crate::source::Hasher;

pub(crate) use error::ExportError;
pub(crate) use manifest::Manifest;
pub(crate) use options::{Compression, ExportOptions, Filter, Format};
pub(crate) use verify::verify;

use changes::{Changes, Earlier};
use encode::Encoder;
use files::Files;
use folder::Folder;
use job::Job;
use manifest::{Asked, ChangeCounts, EntityEntry, FileEntry, RangeEntry, SnapshotEntry};
use ranges::Range;
use reader::{Message, Queue};
use snapshot::Snapshot;

/// Exports, and says what it wrote.
///
/// # Errors
///
/// See [`ExportError`]; the folder then holds what it held before.
pub(crate) fn export(
    options: &ExportOptions,
    listener: &dyn Listener,
    cancelled: &AtomicBool,
) -> Result<Manifest, ExportError> {
    let started = Timestamp::now();
    let schema = load_schema(options.schemas.as_deref())?;
    job::chosen(&schema, &options.entities)?;
    let mut folder = Folder::open(&options.out)?;
    fault::point("opened");
    let run = uuid::Uuid::now_v7().to_string();
    let runtime = runtime(options.connections)?;
    let guard = Interruptible { runtime: &runtime, cancelled };
    let name = format!("muster export {}", &run[..13]);
    let source = guard.wait(Source::open(options, &schema, &name))?;
    fault::point("snapshot");
    let earlier = earlier(options, &schema, source.snapshot.session.target())?;
    let entities = source.write(&guard, options, earlier.as_ref(), &mut folder, listener)?;
    let manifest = Manifest {
        form: Manifest::form(),
        run,
        command: "export".to_owned(),
        status: "exported".to_owned(),
        started: format!("{started:.3}"),
        finished: format!("{:.3}", Timestamp::now()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_sha256: schema.sha256.clone(),
        target: source.snapshot.session.target().to_owned(),
        snapshot: SnapshotEntry {
            taken: source.snapshot.taken.clone(),
            transactions: source.snapshot.position.clone(),
        },
        options: asked(options),
        changes_since: earlier.as_ref().map(Earlier::entry),
        entities,
    };
    if cancelled.load(Ordering::Relaxed) {
        return Err(ExportError::Interrupted);
    }
    fault::point("read");
    folder.publish(&manifest)?;
    let rows: u64 =
        manifest.entities.iter().filter(|entity| entity.is_whole()).map(|entity| entity.rows).sum();
    tracing::info!(rows, run = manifest.run, "{}: exported", options.out.display());
    Ok(manifest)
}

/// The schema of a folder, or the built-in one.
pub(crate) fn load_schema(folder: Option<&std::path::Path>) -> Result<Schema, ExportError> {
    Ok(Schema::open(folder)?)
}

/// The export that changes are told since.
fn earlier(options: &ExportOptions, schema: &Schema, target: &str) -> Result<Option<Earlier>, ExportError> {
    let Some(folder) = &options.changes_since else { return Ok(None) };
    if options.format != Format::Csv || options.spreadsheet.is_some() {
        let problem = "--changes-since goes with --format csv, and not with --for-spreadsheet".to_owned();
        return Err(ExportError::Asked(problem));
    }
    Earlier::open(folder, &asked(options), schema, target).map(Some)
}

fn asked(options: &ExportOptions) -> Asked {
    Asked {
        format: options.format,
        compression: options.compression,
        columns: options.columns.clone(),
        filters: options.filters.clone(),
        system_columns: options.system_columns,
        spreadsheet: options.spreadsheet.map(char::from),
    }
}

fn runtime(connections: usize) -> Result<Runtime, ExportError> {
    let threads = connections.clamp(1, 4);
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    built.map_err(ExportError::Threads)
}

/// Waits for work, but not behind a signal.
pub(crate) struct Interruptible<'r> {
    runtime: &'r Runtime,
    cancelled: &'r AtomicBool,
}

impl Interruptible<'_> {
    fn wait<T>(&self, work: impl Future<Output = Result<T, ExportError>>) -> Result<T, ExportError> {
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = signal::raised(self.cancelled) => Err(ExportError::Interrupted),
            }
        })
    }
}

/// The snapshot, and what is read of it.
struct Source {
    snapshot: Snapshot,
    jobs: Vec<(Arc<Encoder>, Vec<Range>)>,
    name: String,
}

impl Source {
    async fn open(options: &ExportOptions, schema: &Schema, name: &str) -> Result<Self, ExportError> {
        let chosen = job::chosen(schema, &options.entities)?;
        let snapshot = Snapshot::take(options.database_url.as_deref(), name, options.lock).await?;
        let tables = snapshot.tables(schema, &chosen).await?;
        let mut jobs = Vec::new();
        for job in job::plan(schema, &tables, options)? {
            let ranges = ranges::of(&snapshot.session.client, &job.query).await?;
            jobs.push((Arc::new(Encoder::new(Arc::new(job), options.format, options.spreadsheet)), ranges));
        }
        Ok(Self { snapshot, jobs, name: name.to_owned() })
    }

    /// Reads all jobs by several connections and writes their files one after the other.
    fn write(
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
            fault::point("file");
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

    async fn count(&self, job: &Job) -> Result<u64, ExportError> {
        let failed = |e| DbError::of(format!("counting the rows of table {}", job.query.table), e);
        let row = self.snapshot.session.client.query_one(&job.query.count(), &[]).await.map_err(failed)?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    }
}

/// The files of a job, and the one with its changes.
type Written = (Vec<FileEntry>, Option<(FileEntry, ChangeCounts)>);

/// What becomes of the rows of one job.
struct Writer<'w, 'f> {
    guard: &'w Interruptible<'w>,
    job: &'w Job,
    files: Files<'f>,
    changes: Option<Changes>,
}

impl Writer<'_, '_> {
    /// Writes one key range as it comes.
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
                    fault::point("batch");
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
