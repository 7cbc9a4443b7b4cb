//! The asynchronous work of an export, interrupted by signals.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::schema::Schema;

use super::error::ExportError;

/// How often the signal flag is checked.
const LOOK: Duration = Duration::from_millis(50);

/// Runs asynchronous work until it is done or a signal interrupts it.
pub(super) struct Interruptible<'c> {
    pub(super) runtime: Runtime,
    cancelled: &'c AtomicBool,
}

impl<'c> Interruptible<'c> {
    /// A runtime for work on this number of connections.
    pub(super) fn new(connections: usize, cancelled: &'c AtomicBool) -> Result<Self, ExportError> {
        let threads = connections.clamp(1, 4);
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        Ok(Self { runtime: runtime.map_err(ExportError::Threads)?, cancelled })
    }

    /// Waits for `work`.
    pub(super) fn wait<T>(
        &self,
        work: impl Future<Output = Result<T, ExportError>>,
    ) -> Result<T, ExportError> {
        let signal = async {
            while !self.cancelled.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = signal => Err(ExportError::Interrupted),
            }
        })
    }
}

/// The schema of a folder, or the built-in one.
pub(super) fn load_schema(folder: Option<&Path>) -> Result<Schema, ExportError> {
    Ok(match folder {
        Some(folder) => Schema::load(folder)?,
        None => Schema::built_in()?,
    })
}
