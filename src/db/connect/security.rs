//! What libpq's settings about security ask for: each is kept, or refused by name while it asks for something that is not
//! kept here. Which certificates are trusted is left to `tls`.

use std::path::PathBuf;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::super::DbError;
use super::conninfo::Settings;

/// What is asked of TLS besides certificates.
#[derive(Debug, Clone)]
pub(super) struct Demands {
    /// The versions that may be agreed on.
    pub(super) versions: Vec<&'static SupportedProtocolVersion>,
    /// Whether the server is told the host name in the clear.
    pub(super) sni: bool,
    /// Whether an own certificate may be sent.
    pub(super) own_certificate: bool,
    /// Lists of revoked certificates: a file, and a folder of files.
    pub(super) revoked: Vec<PathBuf>,
    /// Whether TLS starts without asking.
    pub(super) direct: bool,
}

impl Default for Demands {
    fn default() -> Self {
        Self {
            versions: vec![&TLS13, &TLS12],
            sni: true,
            own_certificate: true,
            revoked: Vec::new(),
            direct: false,
        }
    }
}

/// Takes the settings about security. `sockets`: some of the hosts are Unix sockets.
/// Errors: one asks for what is not kept here.
pub(super) fn take(settings: &mut Settings, sockets: bool) -> Result<Demands, DbError> {
    let mut demands = Demands::default();
    if settings.take("require_auth").is_some() {
        return Err(refused(
            "require_auth (PGREQUIREAUTH) is set, and muster does not keep it; unset it, and be sure of the server with \
             channel_binding=require or sslmode=verify-full",
        ));
    }
    if sockets && settings.take("requirepeer").is_some() {
        return Err(refused("requirepeer (PGREQUIREPEER) is set, and muster does not keep it; unset it"));
    }
    settings.take("requirepeer");
    match settings.take("gssencmode").as_deref() {
        None | Some("disable" | "prefer") => {}
        Some("require") => {
            return Err(refused(
                "gssencmode=require (PGGSSENCMODE) is set, and muster has no GSSAPI; use TLS (sslmode=verify-full)",
            ));
        }
        Some(_) => return Err(refused("gssencmode must be disable, prefer or require")),
    }
    // The setting's old name.
    if settings.take("requiressl").as_deref() == Some("1") && settings.get("sslmode").is_none() {
        settings.set("sslmode", "require");
    }
    match settings.take("min_protocol_version").as_deref() {
        None | Some("3.0") => {}
        Some(_) => {
            return Err(refused(
                "min_protocol_version is set, and muster speaks version 3.0 of the protocol",
            ));
        }
    }
    settings.take("max_protocol_version");
    demands.versions = versions(settings)?;
    demands.sni = switch(settings, "sslsni")?;
    match settings.take("sslcertmode").as_deref() {
        None | Some("allow") => {}
        Some("disable") => demands.own_certificate = false,
        Some("require") => {
            return Err(refused(
                "sslcertmode=require (PGSSLCERTMODE) is set, and muster does not keep it; unset it",
            ));
        }
        Some(_) => return Err(refused("sslcertmode must be disable, allow or require")),
    }
    demands.revoked.extend(
        ["sslcrl", "sslcrldir"].into_iter().filter_map(|name| settings.take(name)).map(PathBuf::from),
    );
    demands.direct = match settings.get("sslnegotiation") {
        None | Some("postgres") => false,
        Some("direct") => true,
        Some(_) => return Err(refused("sslnegotiation must be postgres or direct")),
    };
    Ok(demands)
}

/// The versions of TLS between the least and the greatest that are allowed. rustls has no older ones.
fn versions(settings: &mut Settings) -> Result<Vec<&'static SupportedProtocolVersion>, DbError> {
    let mut number =
        |name: &'static str, default: u8| match settings.take(name).map(|text| text.to_ascii_lowercase()) {
            None => Ok(default),
            Some(text) => match text.as_str() {
                "tlsv1" => Ok(0),
                "tlsv1.1" => Ok(1),
                "tlsv1.2" => Ok(2),
                "tlsv1.3" => Ok(3),
                _ => Err(DbError::Conninfo {
                    problem: format!("{name} must be TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"),
                }),
            },
        };
    let (least, most) = (number("ssl_min_protocol_version", 2)?, number("ssl_max_protocol_version", 3)?);
    let known =
        [(3, &TLS13), (2, &TLS12)].into_iter().filter(|(version, _)| (least..=most).contains(version));
    let versions: Vec<_> = known.map(|(_, version)| version).collect();
    if versions.is_empty() {
        return Err(refused(
            "ssl_min_protocol_version and ssl_max_protocol_version leave neither TLSv1.2 nor TLSv1.3, and muster has no others",
        ));
    }
    Ok(versions)
}

/// A setting that is 1 unless it is set to 0.
fn switch(settings: &mut Settings, name: &'static str) -> Result<bool, DbError> {
    match settings.take(name).as_deref() {
        None | Some("1") => Ok(true),
        Some("0") => Ok(false),
        Some(_) => Err(DbError::Conninfo { problem: format!("{name} must be 0 or 1") }),
    }
}

fn refused(problem: &str) -> DbError {
    DbError::Conninfo { problem: problem.to_owned() }
}
