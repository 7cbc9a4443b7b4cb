//! One connection to a server, set up the same way for every server, with the task that drives it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client};

use super::super::DbError;
use super::endpoint::Endpoint;
use super::handshake::Connector;
use super::refusal;
use super::tls::Mode;

/// How long to wait for a server that is starting up.
const STARTING: Duration = Duration::from_secs(15);

/// Settings that our statements rely on and that a role or a database may have set differently. The `search_path` is not
/// changed: the user decides where tables are. Neither is `default_transaction_read_only`: see [`require_writable`]. The
/// language of messages can only be set by superusers, and only people read them.
const SET_UP: &str = "
    SET statement_timeout = 0;
    SET client_encoding = 'UTF8';
    SET TimeZone = 'UTC';
    SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'iso_8601';
    SET extra_float_digits = 1;
    SET bytea_output = 'hex';
    SET lc_monetary = 'C';
    SET standard_conforming_strings = on;
    SET quote_all_identifiers = off;
    SET row_security = on;
    SET array_nulls = on;
    SET transform_null_equals = off;
    SET gin_fuzzy_search_limit = 0;
    SET default_transaction_isolation = 'read committed';
    SET default_transaction_deferrable = off;
    SET idle_in_transaction_session_timeout = 0;
    SELECT set_config(name, '0', false) FROM pg_settings
     WHERE name IN ('idle_session_timeout', 'transaction_timeout');
    SELECT set_config('lc_messages', 'C', false) WHERE current_setting('is_superuser') = 'on'";

/// The backend of a killed client releases its locks within a second. PostgreSQL 14 and later have this setting, on
/// systems that support it.
const CHECK_CLIENT: &str = "SELECT set_config(name, '1s', false) FROM pg_settings
     WHERE name = 'client_connection_check_interval'";

/// A connection, owned. It ends when the session is dropped, or with `close`.
pub struct Session {
    /// Sends statements.
    pub client: Client,
    endpoint: Arc<Endpoint>,
    task: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("target", &self.target()).finish_non_exhaustive()
    }
}

impl Session {
    /// The server for people: host, port, database and role, never the password.
    #[must_use]
    pub(crate) fn target(&self) -> &str {
        self.endpoint.target()
    }

    /// One more connection to the same database as the same role.
    ///
    /// # Errors
    /// As `Endpoint::connect`.
    pub async fn another(&self, application_name: &str) -> Result<Self, DbError> {
        self.endpoint.connect(application_name).await
    }

    /// The same without our settings.
    pub(super) async fn another_bare(&self, application_name: &str) -> Result<Self, DbError> {
        self.endpoint.open(application_name).await
    }

    /// Sets the session up.
    pub(super) async fn set_up(&self) -> Result<(), DbError> {
        let failed = |error| DbError::of("setting up the session", error);
        self.client.batch_execute(SET_UP).await.map_err(failed)?;
        match self.client.batch_execute(CHECK_CLIENT).await {
            Err(error) if error.code().is_none() => Err(failed(error)),
            _ => Ok(()),
        }
    }

    /// Can ask the server to stop the statement that runs in this session.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller { token: self.client.cancel_token(), connector: self.endpoint.connector.afresh() }
    }

    /// Whether the connection is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends the session in order, and waits until the server knows.
    ///
    /// # Errors
    /// The connection broke before.
    pub async fn close(self) -> Result<(), DbError> {
        let Self { client, task, .. } = self;
        drop(client);
        match task.await {
            Ok(Err(error)) => Err(DbError::of("closing the connection", error)),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Closed; or the runtime is shutting down, and the connection with it.
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}

/// Asks a server to stop what a session is doing, from any task.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    connector: Connector,
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

impl Canceller {
    /// Sends the request. The server does not say whether there was anything to stop.
    ///
    /// # Errors
    /// The server could not be reached.
    pub async fn cancel(&self) -> Result<(), DbError> {
        let sent = self.token.cancel_query(self.connector.afresh()).await;
        sent.map_err(|error| DbError::of("asking the server to stop", error))
    }
}

/// An error where the server would refuse every write.
///
/// # Errors
/// `Standby`, `ReadOnly`, or the question failed.
pub async fn require_writable(session: &Session) -> Result<(), DbError> {
    let doing = "asking whether the server takes writes";
    let asked = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'";
    let row = session.client.query_one(asked, &[]).await.map_err(|error| DbError::of(doing, error))?;
    let read = |at: usize| row.try_get::<_, bool>(at).map_err(|error| DbError::of(doing, error));
    let target = session.target().to_owned();
    if read(0)? {
        return Err(DbError::Standby { target });
    }
    if read(1)? {
        return Err(DbError::ReadOnly { target });
    }
    Ok(())
}

impl Endpoint {
    /// Connects and sets the session up. A server that is starting up is waited for.
    ///
    /// # Errors
    /// Why there is no session.
    pub async fn connect(&self, application_name: &str) -> Result<Session, DbError> {
        let session = self.open(application_name).await?;
        session.set_up().await?;
        Ok(session)
    }

    /// Connects, and changes nothing.
    pub(super) async fn open(&self, application_name: &str) -> Result<Session, DbError> {
        let deadline = Instant::now() + STARTING;
        loop {
            match self.try_modes(application_name).await {
                Err(DbError::Starting { .. }) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(200)).await;
                }
                result => return result,
            }
        }
    }

    /// `allow` and `prefer` have a second try if the first is not admitted, as in libpq.
    async fn try_modes(&self, application_name: &str) -> Result<Session, DbError> {
        let (first, second) = match self.mode {
            Mode::Disable => (SslMode::Disable, None),
            Mode::Allow => (SslMode::Disable, Some(SslMode::Require)),
            Mode::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (SslMode::Require, None),
        };
        let refused = match self.try_mode(first, application_name).await {
            Err(error @ (DbError::NotAdmitted { .. } | DbError::Tls { .. })) => error,
            result => return result,
        };
        let Some(second) = second else { return Err(refused) };
        self.try_mode(second, application_name).await.map_err(|_| refused)
    }

    async fn try_mode(&self, mode: SslMode, application_name: &str) -> Result<Session, DbError> {
        let mut config = self.config.clone();
        config.ssl_mode(mode).application_name(application_name);
        let connector = self.connector.afresh();
        let (client, connection) = match config.connect(connector.clone()).await {
            Ok(connected) => connected,
            Err(error) => return Err(refusal::explain(self, connector.reached(), error).await),
        };
        let task = tokio::spawn(connection);
        Ok(Session { client, endpoint: Arc::new(self.clone()), task })
    }
}
