//! Why a connection failed: the library's error, how far TLS got, and what the system says, turned into an error that a
//! person can act on.

use std::io::{self, ErrorKind};

use tokio_postgres::error::SqlState;

use super::super::DbError;
use super::super::error::io_error;
use super::endpoint::Endpoint;
use super::handshake::Reached;
use super::tls::Mode;

/// Explains why the connection failed.
pub(super) async fn explain(endpoint: &Endpoint, reached: Reached, source: tokio_postgres::Error) -> DbError {
    let target = endpoint.target.clone();
    if let Some(code) = source.code().cloned() {
        return by_sqlstate(endpoint, &code, source);
    }
    if let Some(fault) = io_error(&source).and_then(rustls_error) {
        return match fault {
            rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            ) => DbError::TlsName { target, source },
            rustls::Error::InvalidCertificate(
                rustls::CertificateError::UnknownIssuer
                | rustls::CertificateError::BadSignature
                | rustls::CertificateError::Other(_),
            ) => DbError::TlsUntrusted { target, source },
            _ => DbError::Tls { target, source },
        };
    }
    match (reached, io_error(&source)) {
        (Reached::Handshake, _) => DbError::Tls { target, source },
        (Reached::Nothing, Some(_)) => match unknown_name(endpoint).await {
            Some((host, source)) => DbError::NameLookup { host, source },
            None => DbError::Down { target, source },
        },
        (Reached::Server | Reached::Tls, Some(fault)) if went_away(fault) => DbError::Down { target, source },
        (Reached::Server, None) if endpoint.mode.needs_tls() => DbError::NoTls { target },
        // The server asked for a password: without one the library stops, and does not say why.
        (_, None) if endpoint.password_origin.is_none() && !source.is_closed() => {
            DbError::PasswordNeeded { target, role: endpoint.role.clone() }
        }
        _ => DbError::Connect { target, source },
    }
}

fn by_sqlstate(endpoint: &Endpoint, code: &SqlState, source: tokio_postgres::Error) -> DbError {
    let target = endpoint.target.clone();
    let role = endpoint.role.clone();
    if *code == SqlState::INVALID_PASSWORD {
        return match endpoint.password_origin {
            Some(origin) => DbError::WrongPassword { target, role, origin },
            None => DbError::PasswordNeeded { target, role },
        };
    }
    if *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return DbError::NotAdmitted { target, role, source };
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return DbError::NoDatabase { target, database: endpoint.database.clone() };
    }
    if *code == SqlState::CANNOT_CONNECT_NOW {
        return DbError::Starting { target };
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return DbError::TooManyConnections { target };
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return DbError::Rights { doing: format!("connecting to {target}"), source };
    }
    DbError::Connect { target, source }
}

fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn went_away(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe)
}

/// The first host whose name has no address. The library's error for it has no separate kind.
async fn unknown_name(endpoint: &Endpoint) -> Option<(String, io::Error)> {
    if !endpoint.config.get_hostaddrs().is_empty() {
        return None;
    }
    for name in &endpoint.names {
        if let Err(error) = tokio::net::lookup_host((name.as_str(), 5432)).await {
            return Some((name.clone(), error));
        }
    }
    None
}

impl Mode {
    /// Whether the mode requires TLS.
    fn needs_tls(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }
}
