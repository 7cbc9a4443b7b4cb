//! TLS by rustls, with libpq's six `sslmode`s. `require` encrypts and verifies nothing unless `sslrootcert` is given (then
//! it is `verify-ca`); `verify-ca` verifies who signed the certificate; `verify-full` also verifies the name. Authorities
//! come from `sslrootcert` (a file, or `system`), else `~/.postgresql/root.crt`, else the system's store. `verify-full`
//! refuses a certificate without subjectAltName (RFC 9525). rustls does not accept a self-signed certificate that is
//! marked as an authority (as by `openssl req -x509`) as a server's: sign the server's with another one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::side_file;

use super::super::DbError;

/// libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    pub(super) fn parse(text: &str) -> Result<Self, DbError> {
        Ok(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                let problem =
                    "sslmode must be disable, allow, prefer, require, verify-ca or verify-full".to_owned();
                return Err(DbError::Conninfo { problem });
            }
        })
    }
}

/// The files that TLS needs.
#[derive(Debug, Default, Clone)]
pub(super) struct Files {
    /// `sslrootcert`: a path, or `system`.
    pub(super) authorities: Option<String>,
    /// `sslcert`.
    pub(super) certificate: Option<PathBuf>,
    /// `sslkey`.
    pub(super) key: Option<PathBuf>,
    /// The folder of `.postgresql`.
    pub(super) home: Option<PathBuf>,
}

/// The client's TLS configuration for a mode. `direct` starts TLS without asking (`sslnegotiation=direct`).
pub(super) fn client_config(mode: Mode, files: &Files, direct: bool) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(ring::default_provider());
    let names = match mode {
        Mode::VerifyFull => Some(true),
        Mode::VerifyCa => Some(false),
        Mode::Require if files.authorities.is_some() => Some(false),
        _ => None,
    };
    let chain = if names.is_some() {
        let roots = Arc::new(authorities(files)?);
        let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        Some(builder.build().map_err(settings)?)
    } else {
        None
    };
    let verifier = Verifier { chain, names: names == Some(true), provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(settings)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match own_certificate(files)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(settings)?,
        None => builder.with_no_client_auth(),
    };
    if direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

fn settings(error: impl std::error::Error + Send + Sync + 'static) -> DbError {
    DbError::TlsSettings { source: Box::new(error) }
}

fn authorities(files: &Files) -> Result<RootCertStore, DbError> {
    let default = files.home.as_ref().map(|home| home.join(".postgresql/root.crt"));
    let path = match files.authorities.as_deref() {
        Some("system") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => default.filter(|path| path.exists()),
    };
    let mut roots = RootCertStore::empty();
    let place = if let Some(path) = &path {
        roots.add_parsable_certificates(certificates(path)?);
        path.display().to_string()
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        "the system's store of certificates".to_owned()
    };
    if roots.is_empty() { Err(DbError::NoAuthorities { place }) } else { Ok(roots) }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, DbError> {
    let bytes = side_file::read(path).map_err(pem::Error::Io);
    let read = bytes.and_then(|bytes| CertificateDer::pem_slice_iter(&bytes).collect());
    read.map_err(|source| DbError::Pem { path: path.to_owned(), what: "certificate", source })
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate: the one named, or libpq's default if both files exist.
fn own_certificate(files: &Files) -> Result<Option<Identity>, DbError> {
    let default = |name| files.home.as_ref().map(|home| home.join(".postgresql").join(name));
    let certificate = files.certificate.clone().or_else(|| default("postgresql.crt").filter(|p| p.exists()));
    let key = files.key.clone().or_else(|| default("postgresql.key"));
    let (Some(certificate), Some(key)) = (certificate, key) else { return Ok(None) };
    let bytes = side_file::read(&key).map_err(pem::Error::Io);
    let read = bytes.and_then(|bytes| PrivateKeyDer::from_pem_slice(&bytes));
    let private =
        read.map_err(|source| DbError::Pem { path: key, what: "private key without passphrase", source })?;
    Ok(Some((certificates(&certificate)?, private)))
}

/// Verifies as much as the mode requires. That the server has the certificate's key is always verified.
#[derive(Debug)]
struct Verifier {
    /// Verifies who signed, if the mode requires that.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Whether the name is verified.
    names: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is verified last: everything before it was in order.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.names => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
