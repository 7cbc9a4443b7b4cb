//! One connection to a server, set up the same way for every server, with the task that drives it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::config::SslMode;
use tokio_postgres::{CancelToken, Client, Config};

use super::super::{DbError, SearchPath};
use super::endpoint::{Endpoint, Host};
use super::handshake::Connector;
use super::refusal;
use super::tls::Mode;

/// How long to wait for a server that is starting up.
const STARTING: Duration = Duration::from_secs(15);

/// Settings that our statements rely on and that a role or a database may have set differently; the `search_path`, too: see
/// [`SearchPath`]. `default_transaction_read_only` is not changed: see [`require_writable`]. The language of messages can
/// only be set by superusers, and only people read them.
const SET_UP: &str = "
    SET search_path = pg_catalog, pg_temp;
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

/// Asks a server whether it has TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The backend of a killed client releases its locks within a second. PostgreSQL 14 and later have this setting, on
/// systems that support it.
const CHECK_CLIENT: &str = "SELECT set_config(name, '1s', false) FROM pg_settings
     WHERE name = 'client_connection_check_interval'";

/// A connection, owned. It ends when the session is dropped, or with `close`.
pub struct Session {
    /// Sends statements.
    pub client: Client,
    /// What the connection's own search path is; statements do not use it.
    pub(crate) path: SearchPath,
    endpoint: Arc<Endpoint>,
    /// Which of its hosts this is.
    at: usize,
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

    /// One more connection to the same database of the same host, as the same role.
    ///
    /// # Errors
    /// As `Endpoint::connect`.
    pub async fn another(&self, application_name: &str) -> Result<Self, DbError> {
        let session = self.another_bare(application_name).await?;
        session.set_up().await?;
        Ok(session)
    }

    /// One connection to each of the other hosts that answers.
    pub(crate) async fn elsewhere(&self, application_name: &str) -> Vec<Self> {
        let mut all = Vec::new();
        for at in (0..self.endpoint.hosts.len()).filter(|&at| at != self.at) {
            if let Ok(session) = self.endpoint.at_host(at, application_name).await
                && session.set_up().await.is_ok()
            {
                all.push(session);
            }
        }
        all
    }

    /// The same without our settings.
    pub(super) async fn another_bare(&self, application_name: &str) -> Result<Self, DbError> {
        self.endpoint.patiently(Some(self.at), application_name).await
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
        self.patiently(None, application_name).await
    }

    /// Connects to this host only, or to the first that works, and changes nothing.
    async fn patiently(&self, only: Option<usize>, application_name: &str) -> Result<Session, DbError> {
        let deadline = Instant::now() + STARTING;
        loop {
            match self.at_any(only, application_name).await {
                Err(DbError::Starting { .. }) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(200)).await;
                }
                result => return result,
            }
        }
    }

    async fn at_any(&self, only: Option<usize>, application_name: &str) -> Result<Session, DbError> {
        if let Some(only) = only {
            return self.at_host(only, application_name).await;
        }
        let mut refused = None;
        for at in self.in_any_order(0..self.hosts.len()) {
            match self.at_host(at, application_name).await {
                Ok(session) => return Ok(session),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| DbError::Silent { target: self.target.clone(), seconds: 0 }))
    }

    /// Connects to one host, at the first of its addresses that works.
    async fn at_host(&self, at: usize, application_name: &str) -> Result<Session, DbError> {
        let host = &self.hosts[at];
        let mut addresses = vec![None];
        if let Some(name) = &host.name {
            let looked_up = self.in_time(async {
                let found = lookup_host((name.as_str(), host.port)).await;
                found.map_err(|source| DbError::NameLookup { host: name.clone(), source })
            });
            addresses = self.in_any_order(looked_up.await?.map(|address| Some(address.ip())));
        }
        let mut refused = None;
        for address in addresses {
            let mut config = host.config.clone();
            if let Some(address) = address {
                config.hostaddr(address);
            }
            let attempt = Attempt { endpoint: self, at, host, config, application_name };
            match self.in_time(attempt.in_modes()).await {
                Ok(session) => return Ok(session),
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(|| DbError::Silent { target: self.target.clone(), seconds: 0 }))
    }

    /// Waits as long as one address may take.
    async fn in_time<T>(&self, work: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
        let Some(patience) = self.timeout else { return work.await };
        let late = |_| Err(DbError::Silent { target: self.target.clone(), seconds: patience.as_secs() });
        timeout(patience, work).await.unwrap_or_else(late)
    }

    /// These in their order, or shuffled if that is wanted.
    fn in_any_order<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        let mut all: Vec<T> = all.collect();
        if self.shuffled {
            let state = RandomState::new();
            let mut rank = 0_u64;
            all.sort_by_cached_key(|_| {
                rank += 1;
                state.hash_one(rank)
            });
        }
        all
    }
}

/// An attempt at one address of a host.
struct Attempt<'e> {
    endpoint: &'e Endpoint,
    at: usize,
    host: &'e Host,
    config: Config,
    application_name: &'e str,
}

impl Attempt<'_> {
    /// `allow` and `prefer` have a second try if the first is not admitted, as in libpq.
    async fn in_modes(&self) -> Result<Session, DbError> {
        let (first, second) = match self.host.mode {
            Mode::Disable => (SslMode::Disable, None),
            Mode::Allow => (SslMode::Disable, Some(SslMode::Require)),
            Mode::Prefer => (SslMode::Require, Some(SslMode::Disable)),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (SslMode::Require, None),
        };
        let refused = match (self.in_mode(first).await, second) {
            (Err(DbError::NoTls { .. }), Some(second)) => {
                self.declines_tls().await?;
                return self.in_mode(second).await;
            }
            (Err(error @ (DbError::NotAdmitted { .. } | DbError::Tls { .. })), Some(_)) => error,
            (result, _) => return result,
        };
        let Some(second) = second else { return Err(refused) };
        self.in_mode(second).await.map_err(|_| refused)
    }

    async fn in_mode(&self, mode: SslMode) -> Result<Session, DbError> {
        let mut config = self.config.clone();
        config.ssl_mode(mode).application_name(self.application_name);
        let connector = self.endpoint.connector.afresh();
        let (client, connection) = match config.connect(connector.clone()).await {
            Ok(connected) => connected,
            Err(error) => {
                let place = (self.endpoint, self.host);
                return Err(refusal::explain(place, mode == SslMode::Require, connector.reached(), error));
            }
        };
        let task = tokio::spawn(connection);
        // The first query, too: a server that admits and then says nothing is none.
        let failed = |error| DbError::of("asking for the search path", error);
        let path = SearchPath::ask(&client).await.map_err(failed)?;
        Ok(Session { client, path, endpoint: Arc::new(self.endpoint.clone()), at: self.at, task })
    }

    /// An error unless the server says that it has no TLS. The library takes any answer for that one.
    async fn declines_tls(&self) -> Result<(), DbError> {
        let Some(address) = self.config.get_hostaddrs().first() else { return Ok(()) };
        let asked = async {
            let mut stream = TcpStream::connect((*address, self.host.port)).await?;
            stream.write_all(&SSL_REQUEST).await?;
            stream.read_u8().await
        };
        match asked.await {
            Ok(b'N') => Ok(()),
            _ => Err(DbError::NotPostgres { target: self.endpoint.target.clone() }),
        }
    }
}
