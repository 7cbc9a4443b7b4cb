//! A Unix socket between the program and the server that loses a COMMIT, or the reply to it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::{Cluster, Database, root};

/// What gets lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loses {
    /// COMMIT does not reach the server.
    Request,
    /// The server's reply does not come back.
    Reply,
}

/// The way to a server, until it has lost something.
#[derive(Debug)]
pub struct Proxy {
    folder: TempDir,
}

/// What the threads of a way know.
#[derive(Debug)]
struct Way {
    loses: Loses,
    /// Nobody gets through after the loss.
    closes: bool,
    /// The loss has happened.
    lost: AtomicBool,
    server: std::path::PathBuf,
}

impl Proxy {
    /// A way that loses the first COMMIT; with `closes` it is the end of the way.
    pub fn losing(cluster: &Cluster, loses: Loses, closes: bool) -> Self {
        let folder = tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let server = cluster.folder.join(format!(".s.PGSQL.{}", cluster.port));
        let way = Arc::new(Way { loses, closes, lost: AtomicBool::new(false), server });
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), way) = (client, Arc::clone(&way)) else { return };
                if way.closes && way.lost.load(Ordering::Acquire) {
                    continue;
                }
                let server = UnixStream::connect(&way.server).unwrap();
                let (client_too, server_too) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (back, muted) = (Arc::clone(&way), Arc::new(AtomicBool::new(false)));
                let mute = Arc::clone(&muted);
                std::thread::spawn(move || answers(server_too, client_too, &muted));
                std::thread::spawn(move || requests(client, server, &back, &mute));
            }
        });
        Self { folder }
    }

    /// The folder of the socket, which has the usual port.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A connection string that leads through here.
    pub fn url(&self, database: &Database) -> String {
        format!(
            "postgresql:///{}?host={}&port=5432&user=postgres",
            database.name(),
            self.folder.path().display()
        )
    }
}

fn requests(mut client: UnixStream, mut server: UnixStream, way: &Way, mute: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(got @ 1..) = client.read(&mut buffer) {
        let sent = &buffer[..got];
        let commits = sent.windows(7).any(|window| window == b"COMMIT\0");
        if commits && !way.lost.swap(true, Ordering::AcqRel) {
            if way.loses == Loses::Request {
                break;
            }
            mute.store(true, Ordering::Release);
        }
        if server.write_all(sent).is_err() {
            break;
        }
    }
    // A reply that is being lost ends both sides itself, once it is there.
    if !mute.load(Ordering::Acquire) {
        let _ = client.shutdown(Shutdown::Both);
        let _ = server.shutdown(Shutdown::Both);
    }
}

fn answers(mut server: UnixStream, mut client: UnixStream, muted: &AtomicBool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(got @ 1..) = server.read(&mut buffer) {
        if muted.load(Ordering::Acquire) || client.write_all(&buffer[..got]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
