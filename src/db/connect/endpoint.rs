//! Which server to connect to: the connection string, then its service, then the `PG*` variables, then libpq's defaults,
//! in this order, combined into one endpoint. Connecting is left to the session.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;

use super::super::DbError;
use super::super::local::{self, Cluster};
use super::conninfo::{Settings, shown};
use super::handshake::Connector;
use super::security::{self, Demands};
use super::tls::{self, Mode};
use super::{pgpass, service};

/// `PG*` variables and their settings. Each of the first [`NAMING`] names a server by itself.
const VARIABLES: [(&str, &str); 31] = [
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLCRL", "sslcrl"),
    ("PGSSLCRLDIR", "sslcrldir"),
    ("PGSSLCERTMODE", "sslcertmode"),
    ("PGSSLSNI", "sslsni"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGSSLMAXPROTOCOLVERSION", "ssl_max_protocol_version"),
    ("PGREQUIRESSL", "requiressl"),
    ("PGREQUIREAUTH", "require_auth"),
    ("PGREQUIREPEER", "requirepeer"),
    ("PGGSSENCMODE", "gssencmode"),
    ("PGMINPROTOCOLVERSION", "min_protocol_version"),
    ("PGMAXPROTOCOLVERSION", "max_protocol_version"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
    ("PGKRBSRVNAME", "krbsrvname"),
    ("PGGSSDELEGATION", "gssdelegation"),
];
const NAMING: usize = 5;

/// Settings of libpq that have no effect here: GSSAPI and compression are not supported, and muster sets the others.
const WITHOUT_EFFECT: [&str; 7] = [
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "sslcompression",
    "application_name",
    "fallback_application_name",
    "client_encoding",
];

/// Other settings that are known here.
const OTHERS: [&str; 6] = [
    "service",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

/// How long to wait for a server that does not answer, unless `connect_timeout` says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long a connection counts as lost whose network is gone. A server that works on a statement for hours still
/// answers on this level.
const GONE: Duration = Duration::from_mins(1);

/// One or several servers, a database and a role, with all that is needed to connect. Its `Debug` shows no password.
#[derive(Clone)]
pub struct Endpoint {
    /// Tried in this order.
    pub(super) hosts: Vec<Host>,
    /// Or in any order.
    pub(super) shuffled: bool,
    pub(super) connector: Connector,
    /// How long one address may take until the session can be used; `None` is for ever.
    pub(super) timeout: Option<Duration>,
    pub(super) target: String,
    pub(super) role: String,
    pub(super) database: String,
}

/// One of the hosts.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) config: Config,
    pub(super) mode: Mode,
    /// The name to look up, if it is no socket and no address is given.
    pub(super) name: Option<String>,
    pub(super) port: u16,
    /// Where the password came from, for people; `None` if there is none.
    pub(super) password_origin: Option<&'static str>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The server named by a connection string or by the `PG*` variables, if any does.
    ///
    /// # Errors
    /// A string, variable, service file or certificate that cannot be used.
    pub fn named(url: Option<&str>) -> Result<Option<Self>, DbError> {
        Self::named_in(url, &|name| std::env::var(name).ok())
    }

    pub(super) fn named_in(
        url: Option<&str>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, DbError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let url = url.filter(|url| !url.trim().is_empty());
        let service = variable("PGSERVICE");
        let named = VARIABLES[..NAMING].iter().any(|(name, _)| variable(name).is_some());
        if url.is_none() && service.is_none() && !named {
            return Ok(None);
        }
        let home = variable("HOME").map(PathBuf::from).or_else(std::env::home_dir);
        let mut settings = url.map(Settings::parse).transpose()?.unwrap_or_default();
        let mut origin = "the connection string";
        let had_password = settings.get("password").is_some();
        if let Some(service) = settings.take("service").or(service) {
            settings.fill_from(service::look_up(&service, &service_files(&variable, home.as_deref()))?);
        }
        if !had_password {
            origin = if settings.get("password").is_some() { "the service file" } else { "PGPASSWORD" };
        }
        let mut environment = Settings::default();
        for (name, setting) in VARIABLES {
            if let Some(value) = variable(name) {
                environment.set(setting, value);
            }
        }
        settings.fill_from(environment);
        Self::from_settings(settings, origin, home).map(Some)
    }

    /// The private cluster, which must run.
    ///
    /// # Errors
    /// None with a running cluster.
    pub(crate) fn local(cluster: &Cluster) -> Result<Self, DbError> {
        let mut settings = Settings::default();
        settings.set("host", cluster.socket().to_string_lossy());
        settings.set("user", local::NAME);
        settings.set("dbname", local::NAME);
        settings.set("port", "5432");
        let mut endpoint = Self::from_settings(settings, "", None)?;
        endpoint.target = format!("the local PostgreSQL of {}", cluster.project().display());
        Ok(endpoint)
    }

    /// The server for people: host, port, database and role, never the password.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    fn from_settings(
        mut settings: Settings,
        origin: &'static str,
        home: Option<PathBuf>,
    ) -> Result<Self, DbError> {
        let known = VARIABLES.iter().map(|(_, setting)| *setting).chain(WITHOUT_EFFECT).chain(OTHERS);
        settings.refuse_unknown(&known.collect::<Vec<_>>())?;
        complete(&mut settings)?;
        let text = |settings: &Settings, name| settings.get(name).unwrap_or_default().to_owned();
        let (role, database) = (text(&settings, "user"), text(&settings, "dbname"));
        let places = places(&mut settings)?;
        let is_socket = |place: &Place| place.host.starts_with('/');
        let demands = security::take(&mut settings, places.iter().any(is_socket))?;
        let file = settings.take("passfile").map(PathBuf::from);
        if file.as_ref().is_some_and(|file| shown(&file.to_string_lossy()) == "…") {
            return Err(bad("passfile holds a character that the path of a file should not have"));
        }
        let file = file.or_else(|| home.as_ref().map(|home| home.join(".pgpass")));
        let mode = tls_mode(&mut settings, places.iter().all(is_socket), &demands)?;
        let files = tls::Files {
            authorities: settings.take("sslrootcert"),
            certificate: settings.take("sslcert").map(PathBuf::from),
            key: settings.take("sslkey").map(PathBuf::from),
            home,
        };
        let files = if mode == Mode::Disable { tls::Files::default() } else { files };
        let connector = Connector::new(tls::client_config(mode, &files, &demands).map_err(hide)?);
        let timeout = timeout(&mut settings)?;
        let shuffled = match settings.take("load_balance_hosts").as_deref() {
            None | Some("disable") => false,
            Some("random") => true,
            Some(_) => return Err(bad("load_balance_hosts must be disable or random")),
        };
        let mut hosts = Vec::new();
        for place in &places {
            let mut own = settings.clone();
            let mut password_origin = own.get("password").map(|_| origin);
            if let (None, Some(file)) = (password_origin, &file) {
                let wanted = pgpass::Wanted {
                    host: if is_socket(place) { "localhost" } else { &place.host },
                    port: &place.port.to_string(),
                    dbname: &database,
                    user: &role,
                };
                if let Some(password) = pgpass::look_up(file, wanted) {
                    own.set("password", password);
                    password_origin = Some("the password file");
                }
            }
            let mut config = Config::from_str(&own.to_pairs()).map_err(|error| {
                // The library names the setting and does not repeat the value.
                let named = std::error::Error::source(&error).map(ToString::to_string);
                DbError::Conninfo { problem: named.unwrap_or_else(|| error.to_string()) }
            })?;
            config.host(&place.host).port(place.port);
            if let Some(address) = place.address {
                config.hostaddr(address);
            }
            if let Some(timeout) = timeout {
                config.connect_timeout(timeout);
            }
            let name = (!is_socket(place) && place.address.is_none()).then(|| place.host.clone());
            let mode = if is_socket(place) { Mode::Disable } else { mode };
            hosts.push(Host { config, mode, name, port: place.port, password_origin });
        }
        let all: Vec<_> = places.iter().map(ToString::to_string).collect();
        let (shown_database, shown_role) = (shown_name(&database), shown_name(&role));
        let target = format!("database {shown_database} on {} as {shown_role}", all.join(", "));
        let (role, database) = (shown_role.to_owned(), shown_database.to_owned());
        Ok(Self { hosts, shuffled, connector, timeout, target, role, database })
    }
}

/// The mode of TLS with the hosts that are no sockets.
fn tls_mode(settings: &mut Settings, all_sockets: bool, demands: &Demands) -> Result<Mode, DbError> {
    let system = settings.get("sslrootcert") == Some("system");
    let mode = match settings.take("sslmode") {
        // There is no TLS over a Unix socket, in any mode.
        _ if all_sockets => Mode::Disable,
        Some(mode) => Mode::parse(&mode)?,
        None if system => Mode::VerifyFull,
        None => Mode::Prefer,
    };
    if system && !matches!(mode, Mode::VerifyFull | Mode::Disable) {
        return Err(bad("sslrootcert=system needs sslmode=verify-full"));
    }
    if demands.direct && matches!(mode, Mode::Allow | Mode::Prefer) {
        return Err(bad("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full"));
    }
    Ok(mode)
}

/// How long a host may take; like libpq, 0 and less is for ever.
fn timeout(settings: &mut Settings) -> Result<Option<Duration>, DbError> {
    let Some(text) = settings.take("connect_timeout") else { return Ok(Some(CONNECT_TIMEOUT)) };
    let seconds =
        text.trim().parse::<i32>().map_err(|_| bad("connect_timeout must be a whole number of seconds"))?;
    Ok(u64::try_from(seconds).ok().filter(|&seconds| seconds > 0).map(Duration::from_secs))
}

fn bad(problem: &str) -> DbError {
    DbError::Conninfo { problem: problem.to_owned() }
}

/// A host, as a name, an address or the folder of a socket; the address that is given for it; its port.
struct Place {
    host: String,
    address: Option<IpAddr>,
    port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Takes the hosts, their addresses and their ports.
fn places(settings: &mut Settings) -> Result<Vec<Place>, DbError> {
    let list = |name| settings.get(name).map(|list| list.split(',').map(str::trim).collect::<Vec<_>>());
    let (hosts, addresses, ports) = (list("host"), list("hostaddr"), list("port").unwrap_or_default());
    let hosts = hosts.unwrap_or_default();
    if ports.len() > 1 && ports.len() != hosts.len()
        || addresses.as_ref().is_some_and(|all| all.len() != hosts.len())
    {
        let problem = "there must be one port for all hosts or one for each, and an address for each or none";
        return Err(bad(problem));
    }
    let mut places = Vec::new();
    for (at, host) in hosts.into_iter().enumerate() {
        let port = match ports.get(at).or(ports.first()) {
            None | Some(&"") => 5432,
            Some(port) => port.parse().map_err(|_| bad("a port must be a number up to 65535"))?,
        };
        let address = match addresses.as_ref().and_then(|all| all.get(at)) {
            None | Some(&"") => None,
            Some(address) => Some(address.parse().map_err(|_| bad("hostaddr must be an IP address"))?),
        };
        let host = if host.is_empty() { default_host(port) } else { host.to_owned() };
        if !is_host(&host) {
            return Err(bad(
                "a host holds a character that no host name has; several hosts are separated by commas",
            ));
        }
        places.push(Place { host, address, port });
    }
    for name in ["host", "hostaddr", "port"] {
        settings.take(name);
    }
    Ok(places)
}

/// Whether the host can be one, and not a part of another notation.
fn is_host(host: &str) -> bool {
    if host.starts_with('/') {
        return !host.contains([';', '=', '&', '?', '@', '\'', '"', '\\'])
            && !host.contains(char::is_control);
    }
    host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%'))
}

/// The name of a role or a database for people.
fn shown_name(name: &str) -> &str {
    if name.contains([':', '/']) { "…" } else { shown(name) }
}

/// Does not repeat the path of a file that may be more than that.
fn hide(error: DbError) -> DbError {
    match error {
        DbError::Pem { path, what, source } => {
            DbError::Pem { path: shown(&path.to_string_lossy()).into(), what, source }
        }
        DbError::NoAuthorities { place } => DbError::NoAuthorities { place: shown(&place).to_owned() },
        error => error,
    }
}

/// Fills in libpq's defaults, and ours where it has none, and removes what has no effect here.
fn complete(settings: &mut Settings) -> Result<(), DbError> {
    for name in WITHOUT_EFFECT {
        settings.take(name);
    }
    if let Some(count) = settings.take("keepalives_count") {
        settings.set("keepalives_retries", count);
    }
    // A lost network is noticed, also after COMMIT was sent.
    for (name, seconds) in [("keepalives_idle", GONE / 2), ("keepalives_interval", GONE / 6)] {
        if settings.get(name).is_none() {
            settings.set(name, seconds.as_secs().to_string());
        }
    }
    if settings.get("keepalives_retries").is_none() {
        settings.set("keepalives_retries", "3");
    }
    // The library takes seconds.
    let patience = match settings.take("tcp_user_timeout") {
        None => GONE.as_secs(),
        Some(text) => {
            let milliseconds = text.trim().parse::<i32>();
            let milliseconds =
                milliseconds.map_err(|_| bad("tcp_user_timeout must be a whole number of milliseconds"))?;
            u64::try_from(milliseconds).unwrap_or(0).div_ceil(1000)
        }
    };
    settings.set("tcp_user_timeout", patience.to_string());
    if settings.get("host").is_none() {
        // A certificate is verified against a name: the address is one.
        let host = settings.get("hostaddr").map(ToOwned::to_owned);
        let port = settings.get("port").and_then(|port| port.trim().parse().ok()).unwrap_or(5432);
        settings.set("host", host.unwrap_or_else(|| default_host(port)));
    }
    if settings.get("user").is_none() {
        settings.set("user", system_user()?);
    }
    if settings.get("dbname").is_none() {
        settings.set("dbname", settings.get("user").unwrap_or_default().to_owned());
    }
    Ok(())
}

/// The folder of the system's socket if there is one, else this machine.
fn default_host(port: u16) -> String {
    let socket = format!(".s.PGSQL.{port}");
    let folders = ["/var/run/postgresql", "/run/postgresql", "/tmp"];
    let found = folders.into_iter().find(|folder| Path::new(folder).join(&socket).exists());
    found.unwrap_or("localhost").to_owned()
}

/// The name of the user who runs this process.
fn system_user() -> Result<String, DbError> {
    let output = std::process::Command::new("id").arg("-un").output();
    let name = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let name =
        name.map(|name| String::from_utf8_lossy(&name).trim().to_owned()).filter(|name| !name.is_empty());
    name.ok_or_else(|| DbError::Conninfo { problem: "no role is given; add user=NAME".to_owned() })
}

fn service_files(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    match variable("PGSERVICEFILE") {
        Some(file) => files.push(PathBuf::from(file)),
        None => files.extend(home.map(|home| home.join(".pg_service.conf"))),
    }
    // The folder of the libpq of Debian, Red Hat and others.
    let folder = variable("PGSYSCONFDIR");
    files.push(Path::new(folder.as_deref().unwrap_or("/etc/postgresql-common")).join("pg_service.conf"));
    files
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
