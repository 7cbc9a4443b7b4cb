//! Why a connection failed: the library's error, how far TLS got, and what the system says, turned into an error that a
//! person can act on.

use std::io::{self, ErrorKind};

use tokio_postgres::error::SqlState;

use super::super::DbError;
use super::super::error::io_error;
use super::endpoint::{Endpoint, Host};
use super::handshake::Reached;

/// Explains why the connection failed.
/// `required` says whether TLS was.
pub(super) fn explain(
    (endpoint, host): (&Endpoint, &Host),
    required: bool,
    reached: Reached,
    source: tokio_postgres::Error,
) -> DbError {
    let target = endpoint.target.clone();
    if let Some(code) = source.code().cloned() {
        return by_sqlstate(endpoint, host, &code, source);
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
        (Reached::Nothing, Some(_)) => DbError::Down { target, source },
        (Reached::Server | Reached::Tls, Some(fault)) if went_away(fault) => DbError::Down { target, source },
        (Reached::Server, None) if required => DbError::NoTls { target },
        // The server asked for a password: without one the library stops, and does not say why.
        (_, None) if host.password_origin.is_none() && !source.is_closed() => {
            DbError::PasswordNeeded { target, role: endpoint.role.clone() }
        }
        _ => DbError::Connect { target, source },
    }
}

fn by_sqlstate(endpoint: &Endpoint, host: &Host, code: &SqlState, source: tokio_postgres::Error) -> DbError {
    let target = endpoint.target.clone();
    let role = endpoint.role.clone();
    if *code == SqlState::INVALID_PASSWORD {
        return match host.password_origin {
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
