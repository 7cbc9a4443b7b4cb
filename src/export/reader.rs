//! Key ranges read by several connections, encoded by all threads and passed on in order. Each connection takes the
//! next range that no other has; how far they may be ahead of the writer is limited.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::db::{CopyOut, Session};

use super::encode::{Batch, Encoder};
use super::error::ExportError;
use super::order::{Spare, Unsorted};
use super::query::Range;

/// How many bytes of rows are encoded at a time.
const BATCH: usize = 256 << 10;
/// How many batches of a range may wait for the writer if the server sorts: they are read while others are written.
const WAITING: usize = 96;
/// The same if all its rows are in memory.
const SORTED_HERE: usize = 8;

/// What a reader passes on for a range.
pub(crate) enum Message {
    /// The next rows, which are still being encoded.
    Batch(Encoded),
    /// The end of the range, with the number of rows that the server sent.
    End(u64),
    /// The range cannot be read.
    Failed(ExportError),
}

/// Rows that are being encoded.
pub(crate) type Encoded = oneshot::Receiver<Result<Batch, ExportError>>;

/// A range to be read.
struct Task {
    encoder: Arc<Encoder>,
    range: Range,
    /// Whether its rows are sorted on this side.
    sort_here: bool,
    sender: mpsc::Sender<Message>,
}

/// The ranges of all jobs, shared by the readers.
pub(crate) struct Queue {
    tasks: Vec<Mutex<Option<Task>>>,
    next: AtomicUsize,
    /// How many more ranges may be begun.
    window: Semaphore,
    spare: Spare,
}

impl Queue {
    /// A queue for this number of readers, and the receivers of the ranges in order. `by_bytes` says whether the server
    /// orders texts by their bytes in UTF-8.
    pub(crate) fn new(
        ranges: impl IntoIterator<Item = (Arc<Encoder>, Range)>,
        readers: usize,
        by_bytes: bool,
    ) -> (Arc<Self>, Vec<mpsc::Receiver<Message>>) {
        let mut tasks = Vec::new();
        let mut receivers = Vec::new();
        for (encoder, range) in ranges {
            // Rows with equal keys have no defined order here.
            let sort_here = by_bytes && encoder.job.query.key_is_unique && !range.nulls;
            let (sender, receiver) = mpsc::channel(if sort_here { SORTED_HERE } else { WAITING });
            tasks.push(Mutex::new(Some(Task { encoder, range, sort_here, sender })));
            receivers.push(receiver);
        }
        // One for each reader, and one that is being written.
        let window = Semaphore::new(readers + 1);
        (Arc::new(Self { tasks, next: AtomicUsize::new(0), window, spare: Spare::default() }), receivers)
    }

    /// Tells that the writer has finished a range.
    pub(crate) fn written(&self) {
        self.window.add_permits(1);
    }

    /// Reads ranges until none is left, or until the receivers are gone.
    pub(crate) async fn work(self: Arc<Self>, session: Session) {
        loop {
            let Ok(permit) = self.window.acquire().await else { return };
            permit.forget();
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = self.tasks.get(next) else { return };
            let Some(task) = slot.lock().await.take() else { return };
            let sender = task.sender.clone();
            if let Err(error) = read(&session, task, &self.spare).await {
                // A receiver that is gone does not need the error.
                let _ = sender.send(Message::Failed(error)).await;
                return;
            }
        }
    }
}

async fn read(session: &Session, task: Task, spare: &Spare) -> Result<(), ExportError> {
    if task.sort_here
        && let Some(rows) = unsorted(session, &task, spare).await?
    {
        // Meanwhile the connection reads the next range.
        tokio::spawn(sorted(task, rows));
        return Ok(());
    }
    in_order(session, &task).await
}

/// All rows of a range; `None` if they are too many to be sorted here.
async fn unsorted(session: &Session, task: &Task, spare: &Spare) -> Result<Option<Unsorted>, ExportError> {
    let query = &task.encoder.job.query;
    let doing = format!("reading table {}", query.table);
    let mut copy = CopyOut::begin(&session.client, &query.copy_unsorted(&task.range), &doing).await?;
    let mut rows = Unsorted::new(spare);
    while let Some(row) = copy.next().await? {
        if !rows.push(&row) {
            return Ok(None);
        }
    }
    Ok(Some(rows))
}

/// Sorts a range and passes it on as fast as it is written.
async fn sorted(task: Task, rows: Unsorted) {
    let (answer, sorted) = oneshot::channel();
    let key = task.encoder.job.key;
    rayon::spawn(move || {
        let _ = answer.send(Arc::new(rows.sorted(key)));
    });
    // The sender is gone only when the program ends.
    let Ok(rows) = sorted.await else { return };
    let mut from = 0;
    while from < rows.len() {
        let Ok(room) = task.sender.reserve().await else { return };
        let batch = rows.batch(from, BATCH);
        from = batch.end;
        let (encoder, rows) = (Arc::clone(&task.encoder), Arc::clone(&rows));
        room.send(Message::Batch(encoded(move || {
            let (raw, ends) = rows.copied(batch);
            encoder.encode(raw, ends)
        })));
    }
    let _ = task.sender.send(Message::End(rows.len() as u64)).await;
}

/// Passes on a range that the server sorts, as it arrives.
async fn in_order(session: &Session, task: &Task) -> Result<(), ExportError> {
    let query = &task.encoder.job.query;
    let doing = format!("reading table {}", query.table);
    let mut copy = CopyOut::begin(&session.client, &query.copy(&task.range), &doing).await?;
    let (mut rows, mut raw, mut ends) = (0, Vec::new(), Vec::new());
    loop {
        let row = copy.next().await?;
        if let Some(row) = &row {
            raw.extend_from_slice(row);
            ends.push(raw.len());
            rows += 1;
        }
        if row.is_none() || raw.len() >= BATCH {
            let (raw, ends) = (mem::take(&mut raw), mem::take(&mut ends));
            let encoder = Arc::clone(&task.encoder);
            let batch = encoded(move || encoder.encode(raw, ends));
            if task.sender.send(Message::Batch(batch)).await.is_err() {
                return Ok(());
            }
        }
        if row.is_none() {
            let _ = task.sender.send(Message::End(rows)).await;
            return Ok(());
        }
    }
}

/// Encodes on another thread.
fn encoded(encode: impl FnOnce() -> Result<Batch, ExportError> + Send + 'static) -> Encoded {
    let (answer, encoded) = oneshot::channel();
    rayon::spawn(move || {
        let _ = answer.send(encode());
    });
    encoded
}
