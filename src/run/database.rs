//! A run's connection to its database: a runtime, and signals that also stop the server's work.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::db::{Session, connect, located};
use crate::load::LoadError;
use crate::record::RunId;
use crate::schema::Schema;
use crate::signal;

use super::RunError;

/// How long to wait for the server to stop something.
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

    /// The schema with the places of its tables in the target.
    pub(crate) fn locate(&self, session: &Session, schema: &Schema) -> Result<Schema, RunError> {
        self.wait::<_, LoadError>(session, async {
            Ok(located(&session.client, &session.path, schema).await?)
        })
    }

    /// Waits for a piece of work. After a signal the server is asked to stop it.
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
                    // The server stops sooner; if the request is lost, it notices the end of the session.
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
        signal::commit_follows();
        Ok(self.runtime.block_on(work)?)
    }

    /// Ends a session. If that fails, it ends when its server notices.
    pub(crate) fn end(&self, session: Session) {
        if let Ok(Err(error)) =
            self.runtime.block_on(async { tokio::time::timeout(PATIENCE, session.close()).await })
        {
            tracing::debug!("{error}");
        }
    }
}

/// The name of a run's sessions on the server, for a run that finds it locked.
pub(crate) fn session_name(run: &RunId, started: Timestamp) -> String {
    format!("muster {} since {started:.0}", run.short())
}
