//! A run's way to its database: a runtime of its own, and a signal that reaches the server, too.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::db::{Session, connect};
use crate::load::LoadError;
use crate::signal;

use super::RunError;

/// How long the server is waited for when it should stop something.
const PATIENCE: Duration = Duration::from_secs(2);

/// The runtime and the session of a run.
pub(crate) struct Database {
    runtime: Runtime,
    cancelled: Arc<AtomicBool>,
}

impl Database {
    pub(crate) fn new(cancelled: &Arc<AtomicBool>) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|e| RunError::Threads(Box::new(e)))?;
        Ok(Self { runtime, cancelled: Arc::clone(cancelled) })
    }

    /// Connects to the target.
    pub(crate) fn connect(&self, url: Option<&str>, name: &str) -> Result<Session, RunError> {
        let connecting = async { Ok::<_, LoadError>(connect(url, name).await?) };
        self.runtime.block_on(async {
            tokio::select! {
                done = connecting => Ok(done?),
                () = signal::raised(&self.cancelled) => Err(RunError::Interrupted),
            }
        })
    }

    /// Waits for a piece of work. When a signal comes the server is asked to stop it.
    pub(crate) fn wait<T, E>(
        &self,
        session: &Session,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, RunError>
    where
        RunError: From<E>,
    {
        let canceller = session.canceller();
        self.runtime.block_on(async {
            tokio::pin!(work);
            tokio::select! {
                done = &mut work => match done {
                    Err(_) if self.cancelled.load(Ordering::Relaxed) => Err(RunError::Interrupted),
                    done => Ok(done?),
                },
                () = signal::raised(&self.cancelled) => {
                    // The server lets go sooner; if the request is lost, the end of the session tells it.
                    let _ = tokio::time::timeout(PATIENCE, canceller.cancel()).await;
                    Err(RunError::Interrupted)
                }
            }
        })
    }

    /// Waits for a piece of work that no signal may stop: COMMIT.
    pub(crate) fn wait_surely<T>(
        &self,
        work: impl Future<Output = Result<T, LoadError>>,
    ) -> Result<T, RunError> {
        Ok(self.runtime.block_on(work)?)
    }

    /// Ends a session; one that does not end in order ends when its server finds out.
    pub(crate) fn end(&self, session: Session) {
        if let Ok(Err(error)) =
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, session.close()).await })
        {
            tracing::debug!("{error}");
        }
    }
}
