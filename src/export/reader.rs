//! Key ranges read by several connections, encoded on rayon, handed on in order. A reader takes the next range
//! that nobody has; how far the readers may be ahead of the writer is bounded.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::db::{CopyOut, Session};

use super::encode::{Batch, Encoder};
use super::error::ExportError;
use super::order::{Spare, Unsorted};
use super::ranges::Range;

/// How many bytes of rows are encoded at a time.
const BATCH: usize = 256 << 10;
/// How many batches of a range wait for the writer where the server sorts: it may be read while others are written.
const WAITING: usize = 96;
/// How many do where all its rows are at hand.
const AT_HAND: usize = 8;

/// What a reader hands on for a range.
pub(crate) enum Message {
    /// The next rows; the encoder's answer comes by itself.
    Batch(Encoded),
    /// The range is done: how many rows the server sent.
    End(u64),
    /// It cannot be read.
    Failed(ExportError),
}

/// Rows that are being encoded.
pub(crate) type Encoded = oneshot::Receiver<Result<Batch, ExportError>>;

/// A range that is to be read.
struct Task {
    encoder: Arc<Encoder>,
    range: Range,
    /// Whether its rows are sorted here.
    is_ours: bool,
    sender: mpsc::Sender<Message>,
}

/// The ranges of all jobs, shared by the readers.
pub(crate) struct Queue {
    tasks: Vec<Mutex<Option<Task>>>,
    next: AtomicUsize,
    /// How many ranges may be under way or waiting.
    window: Semaphore,
    spare: Spare,
}

impl Queue {
    /// A queue for so many readers, and the receivers of the ranges in order. `by_bytes` says that the server orders
    /// texts as their bytes in UTF-8 are ordered.
    pub(crate) fn new(
        ranges: impl IntoIterator<Item = (Arc<Encoder>, Range)>,
        readers: usize,
        by_bytes: bool,
    ) -> (Arc<Self>, Vec<mpsc::Receiver<Message>>) {
        let mut tasks = Vec::new();
        let mut receivers = Vec::new();
        for (encoder, range) in ranges {
            // Only a key that no other row has tells a row's place.
            let is_ours = by_bytes && encoder.job.query.key_is_unique && !range.nulls;
            let (sender, receiver) = mpsc::channel(if is_ours { AT_HAND } else { WAITING });
            tasks.push(Mutex::new(Some(Task { encoder, range, is_ours, sender })));
            receivers.push(receiver);
        }
        // One for each reader, and one that is being written.
        let window = Semaphore::new(readers + 1);
        (Arc::new(Self { tasks, next: AtomicUsize::new(0), window, spare: Spare::default() }), receivers)
    }

    /// The writer is through with a range.
    pub(crate) fn written(&self) {
        self.window.add_permits(1);
    }

    /// Reads ranges until there are none left, or nobody wants them any more.
    pub(crate) async fn work(self: Arc<Self>, session: Session) {
        loop {
            let Ok(permit) = self.window.acquire().await else { return };
            permit.forget();
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = self.tasks.get(next) else { return };
            let Some(task) = slot.lock().await.take() else { return };
            let sender = task.sender.clone();
            if let Err(error) = read(&session, task, &self.spare).await {
                // Whoever is gone does not want to know.
                let _ = sender.send(Message::Failed(error)).await;
                return;
            }
        }
    }
}

async fn read(session: &Session, task: Task, spare: &Spare) -> Result<(), ExportError> {
    if task.is_ours
        && let Some(rows) = unsorted(session, &task, spare).await?
    {
        // The connection goes on with the next range meanwhile.
        tokio::spawn(sorted(task, rows));
        return Ok(());
    }
    in_order(session, &task).await
}

/// All rows of a range; none where they are too many to be sorted here.
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

/// Sorts a range, and hands it on as fast as it is written.
async fn sorted(task: Task, rows: Unsorted) {
    let (answer, sorted) = oneshot::channel();
    let key = task.encoder.job.key;
    rayon::spawn(move || {
        let _ = answer.send(Arc::new(rows.sorted(key)));
    });
    // The sender is gone only where the program ends.
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

/// Hands on what the server sorts, as it comes.
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

/// What `encode` makes, on another thread.
fn encoded(encode: impl FnOnce() -> Result<Batch, ExportError> + Send + 'static) -> Encoded {
    let (answer, encoded) = oneshot::channel();
    rayon::spawn(move || {
        let _ = answer.send(encode());
    });
    encoded
}
