//! One HTTP call to Postmark: a new connection, no redirects, with a time limit. TLS is the same as the database's
//! (rustls with ring, the system's authorities); only calls to this machine do without.

use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, http};

use super::super::error::InviteError;
use super::secret::Secret;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call may take, 50 MB on a slow line included.
const CALL: Duration = Duration::from_mins(2);
/// How long an answer may be.
const ANSWER: u64 = 10_000_000;

/// The result of a call.
#[derive(Debug)]
pub(super) enum CallResult {
    /// A status, what `Retry-After` says, and a body (none if it broke off).
    Reply { status: u16, retry_after: Option<String>, body: Option<String> },
    /// The call did not get as far as being sent.
    NotSent(String),
    /// TLS refuses the server.
    Untrusted(String),
    /// Anything may have happened.
    Lost(String),
}

/// How Postmark is called.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    url: String,
    /// The host whose address must be found first; none if a proxy does that.
    host: Option<(String, u16)>,
    token: Secret,
}

impl Client {
    pub(super) fn new(url: &str, token: Secret) -> Result<Self, InviteError> {
        let wrong =
            |problem: &str| InviteError::Option { option: "POSTMARK_API_URL", problem: problem.to_owned() };
        let uri: http::Uri = url.parse().map_err(|_| wrong("is not an address"))?;
        let is_here = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(patience()))
            .user_agent(concat!("muster/", env!("CARGO_PKG_VERSION")));
        match uri.scheme_str() {
            Some("https") => config = config.tls_config(tls()?),
            Some("http") if is_here => config = config.proxy(None),
            _ => return Err(wrong("must begin with https:// (http:// only to this machine)")),
        }
        let config = config.build();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let name = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let host = config.proxy().is_none().then_some((name, port));
        Ok(Self { agent: config.new_agent(), url: url.trim_end_matches('/').to_owned(), host, token })
    }

    /// The error for a name without an address, which the library does not tell from a broken connection.
    fn unresolved(&self) -> Option<CallResult> {
        let (name, port) = self.host.as_ref()?;
        let error = (name.as_str(), *port).to_socket_addrs().err()?;
        Some(CallResult::NotSent(format!("{name}: {error}")))
    }

    pub(super) fn post(&self, path: &str, body: &str) -> CallResult {
        if let Some(unresolved) = self.unresolved() {
            return unresolved;
        }
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request
            .header("X-Postmark-Server-Token", self.token.reveal())
            .header("Accept", "application/json")
            .header("Content-Type", "application/json");
        call_result(request.send(body))
    }

    pub(super) fn get(&self, path: &str, query: &[(&str, &str)]) -> CallResult {
        if let Some(unresolved) = self.unresolved() {
            return unresolved;
        }
        let request = self.agent.get(format!("{}{path}", self.url)).query_pairs(query.iter().copied());
        let request = request
            .header("X-Postmark-Server-Token", self.token.reveal())
            .header("Accept", "application/json");
        call_result(request.call())
    }
}

fn call_result(result: Result<http::Response<Body>, ureq::Error>) -> CallResult {
    match result {
        Ok(mut response) => {
            let retry_after = response.headers().get("retry-after");
            CallResult::Reply {
                status: response.status().as_u16(),
                retry_after: retry_after.and_then(|value| value.to_str().ok()).map(str::to_owned),
                body: response.body_mut().with_config().limit(ANSWER).read_to_string().ok(),
            }
        }
        Err(error) => {
            let text = error.to_string();
            match error {
                ureq::Error::HostNotFound
                | ureq::Error::ConnectionFailed
                | ureq::Error::BadUri(_)
                | ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => {
                    CallResult::NotSent(text)
                }
                ureq::Error::Rustls(rustls::Error::InvalidCertificate(_)) => CallResult::Untrusted(text),
                ureq::Error::Io(inner) => match inner.get_ref().and_then(|inner| inner.downcast_ref()) {
                    Some(rustls::Error::InvalidCertificate(_)) => CallResult::Untrusted(text),
                    _ if inner.kind() == std::io::ErrorKind::ConnectionRefused => CallResult::NotSent(text),
                    _ => CallResult::Lost(text),
                },
                _ => CallResult::Lost(text),
            }
        }
    }
}

/// The system's authorities.
fn tls() -> Result<TlsConfig, InviteError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let problem =
            "the system has no certificate authorities to trust; install ca-certificates".to_owned();
        return Err(InviteError::Option { option: "POSTMARK_API_URL", problem });
    }
    let roots = found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

#[cfg(not(feature = "fault-points"))]
fn patience() -> Duration {
    CALL
}

/// The tests do not wait for minutes.
#[cfg(feature = "fault-points")]
fn patience() -> Duration {
    let wish = std::env::var("MUSTER_TEST_INVITE_PATIENCE_MS").ok().and_then(|text| text.parse().ok());
    wish.map_or(CALL, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_only_sent_encrypted() {
        for (url, allowed) in [
            ("https://api.postmarkapp.com", true),
            ("http://127.0.0.1:8025", true),
            ("http://localhost:8025/", true),
            ("http://api.postmarkapp.com", false),
            ("http://localhost.example.nl", false),
            ("ftp://localhost", false),
            ("nonsense", false),
        ] {
            let client = Client::new(url, Secret::token(None, Some("s3cret")).unwrap());
            assert_eq!(client.is_ok(), allowed, "{url}");
            assert!(!format!("{client:?}").contains("s3cret"));
        }
    }
}
