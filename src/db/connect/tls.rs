//! TLS by rustls, with libpq's six `sslmode`s. `require` encrypts and verifies nothing unless `sslrootcert` is given (then
//! it is `verify-ca`; libpq's default file of authorities counts); `verify-ca` verifies who signed the certificate; `verify-full` also verifies the name. Authorities
//! come from `sslrootcert` (a file, or `system`), else `~/.postgresql/root.crt`, else the system's store. `verify-full`
//! refuses a certificate without subjectAltName (RFC 9525). rustls does not accept a self-signed certificate that is
//! marked as an authority (as by `openssl req -x509`) as a server's: sign the server's with another one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};

use super::super::DbError;
use super::security::Demands;

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

impl Files {
    /// libpq's default file of this name, if it exists.
    fn usual(&self, name: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(".postgresql").join(name)).filter(|path| path.exists())
    }
}

/// The client's TLS configuration for a mode.
pub(super) fn client_config(mode: Mode, files: &Files, demands: &Demands) -> Result<ClientConfig, DbError> {
    let provider = Arc::new(ring::default_provider());
    let names = match mode {
        Mode::VerifyFull => Some(true),
        Mode::VerifyCa => Some(false),
        Mode::Require if files.authorities.is_some() || files.usual("root.crt").is_some() => Some(false),
        _ => None,
    };
    let chain = if names.is_some() {
        let roots = Arc::new(authorities(files)?);
        let mut builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        let revoked = revocations(files, &demands.revoked)?;
        if !revoked.is_empty() {
            builder = builder.with_crls(revoked).enforce_revocation_expiration();
        }
        Some(builder.build().map_err(settings)?)
    } else if demands.revoked.is_empty() || mode == Mode::Disable {
        None
    } else {
        let problem =
            "sslcrl and sslcrldir (PGSSLCRL, PGSSLCRLDIR) need sslmode=verify-full or verify-ca".to_owned();
        return Err(DbError::Conninfo { problem });
    };
    let verifier = Verifier { chain, names: names == Some(true), provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&demands.versions)
        .map_err(settings)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let own = if demands.own_certificate { own_certificate(files)? } else { None };
    let mut config = match own {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(settings)?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = demands.sni;
    if demands.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(config)
}

fn settings(error: impl std::error::Error + Send + Sync + 'static) -> DbError {
    DbError::TlsSettings { source: Box::new(error) }
}

fn authorities(files: &Files) -> Result<RootCertStore, DbError> {
    let path = match files.authorities.as_deref() {
        Some("system") => None,
        Some(path) => Some(PathBuf::from(path)),
        None => files.usual("root.crt"),
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
    CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|source| DbError::Pem {
        path: path.to_owned(),
        what: "certificate",
        source,
    })
}

/// The lists of revoked certificates: the named files, those of a named folder, or libpq's default. With any, a certificate
/// that none of them is about is refused, as by libpq.
fn revocations(
    files: &Files,
    named: &[PathBuf],
) -> Result<Vec<CertificateRevocationListDer<'static>>, DbError> {
    let mut paths = Vec::new();
    for path in named {
        if let Ok(entries) = path.read_dir() {
            let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            paths.extend(files.filter(|path| path.is_file()));
        } else {
            paths.push(path.clone());
        }
    }
    if named.is_empty() {
        paths.extend(files.usual("root.crl"));
    }
    let mut all = Vec::new();
    for path in paths {
        let read = CertificateRevocationListDer::pem_file_iter(&path).and_then(Iterator::collect);
        let what = "list of revoked certificates";
        all.extend::<Vec<_>>(read.map_err(|source| DbError::Pem { path, what, source })?);
    }
    if all.is_empty() && !named.is_empty() {
        let problem =
            "sslcrl or sslcrldir (PGSSLCRL, PGSSLCRLDIR) holds no list of revoked certificates".to_owned();
        return Err(DbError::Conninfo { problem });
    }
    Ok(all)
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate: the one named, or libpq's default if both files exist.
fn own_certificate(files: &Files) -> Result<Option<Identity>, DbError> {
    let certificate = files.certificate.clone().or_else(|| files.usual("postgresql.crt"));
    let key = files.key.clone().or_else(|| Some(files.home.as_ref()?.join(".postgresql/postgresql.key")));
    let (Some(certificate), Some(key)) = (certificate, key) else { return Ok(None) };
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|source| DbError::Pem {
        path: key,
        what: "private key without passphrase",
        source,
    })?;
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
