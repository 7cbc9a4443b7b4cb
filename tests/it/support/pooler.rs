//! pgbouncer, as Debian has it, before the shared cluster. It is installed with apt-get if it is missing.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::cluster::free_port;
use super::{Database, cluster, owner, root};

/// A running pgbouncer.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Pooler {
    /// Starts it in a pool mode, with more lines of configuration.
    /// None without pgbouncer.
    pub fn start(mode: &str, settings: &str) -> Option<Self> {
        let program = program()?;
        let folder = tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap();
        let (port, log, config) = (free_port(), folder.path().join("log"), folder.path().join("ini"));
        let text = format!(
            "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nlogfile = {}\n{settings}\n",
            cluster().folder.display(),
            cluster().port,
            log.display()
        );
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-q").arg(&config).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((uid, gid)) = owner() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
            command.uid(uid).gid(gid);
        }
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().unwrap();
            let said = fs::read_to_string(&log).unwrap_or_default();
            assert!(Instant::now() < end && ended.is_none(), "pgbouncer does not start: {ended:?}\n{said}");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { child, folder, port })
    }

    /// A connection string for a database by way of the pooler.
    pub fn url(&self, database: &Database) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/{}", self.port, database.name())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it is. What `make test` runs first installs it. None, and a message, where that cannot be.
#[expect(clippy::print_stderr, reason = "that nothing is tested must be seen")]
fn program() -> Option<PathBuf> {
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        folders.map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
    };
    find().or_else(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install-what-is-missing.sh");
        let installed = Command::new("sh").args([script, "tests"]).status();
        let found = find();
        if found.is_none() {
            eprintln!("pgbouncer is missing ({installed:?}): NOTHING is tested with connection poolers");
        }
        found
    })
}
