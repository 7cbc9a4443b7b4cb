//! The asynchronous work of an export, interrupted by signals.

use std::sync::atomic::AtomicBool;

use tokio::runtime::{Builder, Runtime};

use crate::signal;

use super::error::ExportError;

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
        self.runtime.block_on(async {
            tokio::select! {
                done = work => done,
                () = signal::raised(self.cancelled) => Err(ExportError::Interrupted),
            }
        })
    }
}
