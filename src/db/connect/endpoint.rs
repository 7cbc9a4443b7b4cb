//! Which server to connect to: the connection string, then its service, then the `PG*` variables, then libpq's defaults,
//! in this order, combined into one endpoint. Connecting is left to the session.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;

use super::super::DbError;
use super::super::local::{self, Cluster};
use super::conninfo::Settings;
use super::handshake::Connector;
use super::tls::{self, Mode};
use super::{pgpass, service};

/// `PG*` variables and their settings. Each of the first [`NAMING`] names a server by itself.
const VARIABLES: [(&str, &str); 17] = [
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
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGLOADBALANCEHOSTS", "load_balance_hosts"),
];
const NAMING: usize = 5;

/// Settings of libpq that have no effect here: GSSAPI and compression are not supported, and muster sets the others.
const WITHOUT_EFFECT: [&str; 9] = [
    "gssencmode",
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "sslcompression",
    "sslsni",
    "application_name",
    "fallback_application_name",
    "client_encoding",
];

/// How long to wait for a server that does not answer, unless `connect_timeout` says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server, a database and a role, with all that is needed to connect. Its `Debug` shows no password.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) config: Config,
    pub(super) mode: Mode,
    pub(super) connector: Connector,
    pub(super) target: String,
    pub(super) role: String,
    pub(super) database: String,
    /// Host names to look up if a connection fails.
    pub(super) names: Vec<String>,
    /// Where the password came from, for people; `None` if there is none.
    pub(super) password_origin: Option<&'static str>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("target", &self.target)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
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
        complete(&mut settings)?;
        let text = |settings: &Settings, name| settings.get(name).unwrap_or_default().to_owned();
        let (host, port) = (text(&settings, "host"), text(&settings, "port"));
        let (role, database) = (text(&settings, "user"), text(&settings, "dbname"));
        let first_host = host.split(',').next().unwrap_or_default();
        let mut password_origin = settings.get("password").map(|_| origin);
        let file = settings.take("passfile").map(PathBuf::from);
        let file = file.or_else(|| home.as_ref().map(|home| home.join(".pgpass")));
        if let (None, Some(file)) = (password_origin, file) {
            let wanted = pgpass::Wanted {
                host: if first_host.starts_with('/') { "localhost" } else { first_host },
                port: port.split(',').next().unwrap_or_default(),
                dbname: &database,
                user: &role,
            };
            if let Some(password) = pgpass::look_up(&file, wanted) {
                settings.set("password", password);
                password_origin = Some("the password file");
            }
        }
        let authorities = settings.take("sslrootcert");
        let mode = match settings.take("sslmode") {
            // There is no TLS over a Unix socket, in any mode.
            _ if host.split(',').all(|host| host.starts_with('/')) => Mode::Disable,
            Some(mode) => Mode::parse(&mode)?,
            None if authorities.as_deref() == Some("system") => Mode::VerifyFull,
            None => Mode::Prefer,
        };
        if authorities.as_deref() == Some("system") && !matches!(mode, Mode::VerifyFull | Mode::Disable) {
            let problem = "sslrootcert=system needs sslmode=verify-full".to_owned();
            return Err(DbError::Conninfo { problem });
        }
        let certificate = settings.take("sslcert").map(PathBuf::from);
        let key = settings.take("sslkey").map(PathBuf::from);
        let files = tls::Files { authorities, certificate, key, home };
        let files = if mode == Mode::Disable { tls::Files::default() } else { files };
        let direct = settings.get("sslnegotiation") == Some("direct");
        let connector = Connector::new(tls::client_config(mode, &files, direct)?);
        let mut config = Config::from_str(&settings.to_pairs()).map_err(|error| {
            // The library names the setting and does not repeat the value.
            let named = std::error::Error::source(&error).map(ToString::to_string);
            DbError::Conninfo { problem: named.unwrap_or_else(|| error.to_string()) }
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        let target = format!("database {database} on {} as {role}", places(&host, &port));
        let names =
            host.split(',').filter(|host| !host.starts_with('/')).map(ToOwned::to_owned).collect::<Vec<_>>();
        Ok(Self { config, mode, connector, target, role, database, names, password_origin })
    }
}

/// Fills in libpq's defaults and removes what has no effect here.
fn complete(settings: &mut Settings) -> Result<(), DbError> {
    for name in WITHOUT_EFFECT {
        settings.take(name);
    }
    if let Some(count) = settings.take("keepalives_count") {
        settings.set("keepalives_retries", count);
    }
    if settings.get("port").is_none() {
        settings.set("port", "5432");
    }
    if settings.get("host").is_none() {
        // A certificate is verified against a name: the address is one.
        let host = settings.get("hostaddr").map_or_else(|| default_host(settings), ToOwned::to_owned);
        settings.set("host", host);
    }
    if settings.get("user").is_none() {
        settings.set("user", system_user()?);
    }
    if settings.get("dbname").is_none() {
        settings.set("dbname", settings.get("user").unwrap_or_default().to_owned());
    }
    let count = |name| settings.get(name).map_or(0, |list| list.split(',').count());
    let (hosts, addresses, ports) = (count("host"), count("hostaddr"), count("port"));
    if ports > 1 && ports != hosts || addresses > 0 && addresses != hosts {
        let problem = "there must be one port for all hosts or one for each, and an address for each or none";
        return Err(DbError::Conninfo { problem: problem.to_owned() });
    }
    Ok(())
}

/// The folder of the system's socket if there is one, else this machine.
fn default_host(settings: &Settings) -> String {
    let socket = format!(".s.PGSQL.{}", settings.get("port").unwrap_or("5432"));
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

/// `host:port` of each host or of its socket's folder.
fn places(hosts: &str, ports: &str) -> String {
    let ports: Vec<_> = ports.split(',').collect();
    let port = |at: usize| ports.get(at).or(ports.first()).filter(|port| !port.is_empty()).unwrap_or(&"5432");
    let place = |(at, host): (usize, &str)| {
        if host.contains(':') { format!("[{host}]:{}", port(at)) } else { format!("{host}:{}", port(at)) }
    };
    hosts.split(',').enumerate().map(place).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
