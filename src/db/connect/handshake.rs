//! The TLS connector for the library. It notes how far the connection got: the library's error does not say whether the
//! server has no TLS or the handshake failed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio_postgres::Socket;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far a connection got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reached {
    /// No server answered.
    Nothing,
    /// A server answered.
    Server,
    /// The server offers TLS, and the handshake has begun.
    Handshake,
    /// The handshake succeeded.
    Tls,
}

/// Makes TLS connections and notes how far the last one got.
#[derive(Clone)]
pub(super) struct Connector {
    inner: MakeRustlsConnect,
    reached: Arc<AtomicU8>,
}

impl Connector {
    pub(super) fn new(config: rustls::ClientConfig) -> Self {
        Self { inner: MakeRustlsConnect::new(config), reached: Arc::default() }
    }

    /// The same connector with a separate note.
    pub(super) fn afresh(&self) -> Self {
        Self { inner: self.inner.clone(), reached: Arc::default() }
    }

    pub(super) fn reached(&self) -> Reached {
        match self.reached.load(Ordering::Relaxed) {
            0 => Reached::Nothing,
            1 => Reached::Server,
            2 => Reached::Handshake,
            _ => Reached::Tls,
        }
    }
}

type Inner = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Stream;
    type TlsConnect = Connect;
    type Error = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Connect, Self::Error> {
        self.reached.store(Reached::Server as u8, Ordering::Relaxed);
        let inner = MakeTlsConnect::<Socket>::make_tls_connect(&mut self.inner, domain)?;
        Ok(Connect { inner, reached: Arc::clone(&self.reached) })
    }
}

/// One handshake.
pub(super) struct Connect {
    inner: Inner,
    reached: Arc<AtomicU8>,
}

impl TlsConnect<Socket> for Connect {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            self.reached.store(Reached::Handshake as u8, Ordering::Relaxed);
            let stream = self.inner.connect(stream).await?;
            self.reached.store(Reached::Tls as u8, Ordering::Relaxed);
            Ok(stream)
        })
    }
}
