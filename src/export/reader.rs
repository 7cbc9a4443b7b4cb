//! Key ranges read by several connections, encoded on rayon, handed on in order. A reader takes the next range
//! that nobody has; how far the readers may be ahead of the writer is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::db::{CopyOut, Session};
use crate::source::Hasher;

use super::encode::{Batch, Encoder};
use super::error::ExportError;
use super::job::Job;
use super::ranges::Range;

/// How many bytes of rows are encoded at a time.
const BATCH: usize = 256 << 10;
/// How many batches of a range wait for the writer.
const WAITING: usize = 96;

/// What a reader hands on for a range.
pub(crate) enum Message {
    /// The next rows; the encoder's answer comes by itself.
    Batch(oneshot::Receiver<Result<Batch, ExportError>>),
    /// The range is done: how many rows it had, and the checksum of what the server sent.
    End(u64, String),
    /// It cannot be read.
    Failed(ExportError),
}

/// A range that is to be read.
struct Task {
    encoder: Arc<Encoder>,
    range: Range,
    sender: mpsc::Sender<Message>,
}

/// The ranges of all jobs, shared by the readers.
pub(crate) struct Queue {
    tasks: Vec<Mutex<Option<Task>>>,
    next: AtomicUsize,
    /// How many ranges may be under way or waiting.
    window: Semaphore,
}

impl Queue {
    /// A queue for so many readers, and the receivers of the ranges in order.
    pub(crate) fn new(
        ranges: impl IntoIterator<Item = (Arc<Encoder>, Range)>,
        readers: usize,
    ) -> (Arc<Self>, Vec<mpsc::Receiver<Message>>) {
        let mut tasks = Vec::new();
        let mut receivers = Vec::new();
        for (encoder, range) in ranges {
            let (sender, receiver) = mpsc::channel(WAITING);
            tasks.push(Mutex::new(Some(Task { encoder, range, sender })));
            receivers.push(receiver);
        }
        let window = Semaphore::new(readers * 2);
        (Arc::new(Self { tasks, next: AtomicUsize::new(0), window }), receivers)
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
            if let Err(error) = read(&session, &task).await {
                // Whoever is gone does not want to know.
                let _ = task.sender.send(Message::Failed(error)).await;
                return;
            }
        }
    }
}

async fn read(session: &Session, task: &Task) -> Result<(), ExportError> {
    let job: &Job = &task.encoder.job;
    let doing = format!("reading table {}", job.query.table);
    let mut copy = CopyOut::begin(&session.client, &job.query.copy(&task.range), &doing).await?;
    let mut hasher = Hasher::new();
    let mut rows = 0;
    let mut raw = Vec::with_capacity(BATCH + BATCH / 4);
    let mut ends = Vec::new();
    loop {
        let row = copy.next().await?;
        if let Some(row) = &row {
            raw.extend_from_slice(row);
            ends.push(raw.len());
            rows += 1;
        }
        if row.is_none() || raw.len() >= BATCH {
            hasher.update(&raw);
            let raw = std::mem::replace(&mut raw, Vec::with_capacity(BATCH + BATCH / 4));
            let ends = std::mem::take(&mut ends);
            let (answer, encoded) = oneshot::channel();
            let encoder = Arc::clone(&task.encoder);
            rayon::spawn(move || {
                let _ = answer.send(encoder.encode(raw, ends));
            });
            if task.sender.send(Message::Batch(encoded)).await.is_err() {
                return Ok(());
            }
        }
        if row.is_none() {
            let _ = task.sender.send(Message::End(rows, hasher.finish())).await;
            return Ok(());
        }
    }
}
