//! Connecting to a server: the one that the user named or, if none was named, the private local PostgreSQL.

mod conninfo;
mod endpoint;
mod handshake;
mod pgpass;
mod pooler;
mod refusal;
mod security;
mod service;
mod session;
mod tls;

pub use endpoint::Endpoint;
pub use session::{Canceller, Session, require_writable};

use super::DbError;
use super::local::{Cluster, LocalError};

/// Connects to the server named by `url` (a URL, or `key=value` pairs), else by the `PG*` variables, else to the
/// private local PostgreSQL, which is started if it does not run. The session calls itself
/// `application_name`, of which the server keeps 63 bytes.
/// Errors: why there is no session.
pub(crate) async fn connect(url: Option<&str>, application_name: &str) -> Result<Session, DbError> {
    let Some(endpoint) = Endpoint::named(url)? else {
        return start_local().await?.connect(application_name).await;
    };
    let session = endpoint.open(application_name).await?;
    // Before anything is set: a pooler would hand the settings on to others.
    pooler::refuse_shared(&session, application_name).await?;
    session.set_up().await?;
    Ok(session)
}

/// Starts the private cluster without blocking the runtime.
async fn start_local() -> Result<Endpoint, DbError> {
    let started = tokio::task::spawn_blocking(|| -> Result<Cluster, LocalError> {
        let cluster = Cluster::of_current_dir()?;
        if cluster.start()? {
            tracing::info!(state = %cluster.state().display(), "started the local PostgreSQL");
        }
        Ok(cluster)
    });
    match started.await {
        Ok(cluster) => Endpoint::local(&cluster?),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
