//! Throw-away PostgreSQL clusters, run as `postgres` when the tests are root's. The first test that asks starts
//! the shared one; a shell that waits for the end of this process, however it ends, stops and removes it.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::certificates;
use super::sessions::Sessions;

/// A running cluster. It listens on a Unix socket (everybody is trusted) and on 127.0.0.1 (passwords; TLS is
/// offered, and the role `tls_only` must use it).
#[derive(Debug)]
pub struct Cluster {
    /// The folder of the socket, of the certificates and of the data.
    pub folder: PathBuf,
    /// The port, of the socket too.
    pub port: u16,
    /// What databases are made and dropped by.
    sessions: Sessions,
    watchdog: Child,
}

/// The cluster that all tests of this process share.
pub fn cluster() -> &'static Cluster {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start("", false))
}

impl Cluster {
    /// Starts a cluster with these lines in its configuration; on request as a standby without a primary.
    pub fn start(settings: &str, standby: bool) -> Self {
        let owner = owner();
        let folder = open_folder(Path::new("/tmp"));
        let watchdog = watch(&folder);
        certificates::make(&folder);
        for name in ["server.key", "server.crt"] {
            fs::set_permissions(folder.join(name), Permissions::from_mode(0o600)).unwrap();
        }
        if let Some((uid, gid)) = owner {
            for path in [&folder, &folder.join("server.key"), &folder.join("server.crt")] {
                chown(path, Some(uid), Some(gid)).unwrap();
            }
        }
        let data = folder.join("data");
        run(&folder, Path::new("cp"), &["-a", new_data().to_str().unwrap(), data.to_str().unwrap()]);
        let port = free_port();
        fs::write(data.join("pg_hba.conf"), HBA).unwrap();
        let settings = format!(
            "{SETTINGS}port = {port}\nunix_socket_directories = '{0}'\nssl_cert_file = '{0}/server.crt'\nssl_ca_file = '{0}/ca.crt'\n\
             ssl_key_file = '{0}/server.key'\n{settings}\n",
            folder.display()
        );
        let conf = data.join("postgresql.conf");
        fs::write(&conf, fs::read_to_string(&conf).unwrap() + &settings).unwrap();
        if standby {
            fs::write(data.join("standby.signal"), "").unwrap();
        }
        let (path, log) = (data.to_str().unwrap(), folder.join("log"));
        let start = ["start", "-s", "-w", "-t", "60", "-D", path, "-l", log.to_str().unwrap()];
        run(&folder, &programs().join("pg_ctl"), &start);
        Self { folder, port, sessions: Sessions::default(), watchdog }
    }

    /// Makes a database from a template that has no sessions.
    pub fn make_database(&self, name: &str, template: &str) {
        // To copy files costs a fifth of what it costs to log every page of them; older servers always copy.
        let version = fs::read_to_string(self.folder.join("data/PG_VERSION")).unwrap();
        let is_old = version.trim().parse::<u32>().is_ok_and(|version| version < 15);
        let how = if is_old { "" } else { "STRATEGY file_copy" };
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} {how}");
        self.sessions.rows(&self.url("postgres"), &sql);
    }

    /// Drops a database and ends its sessions.
    pub fn drop_database(&self, name: &str) {
        self.sessions.rows(&self.url("postgres"), &format!("DROP DATABASE {name} WITH (FORCE)"));
    }

    /// A connection string for the socket.
    pub fn url(&self, database: &str) -> String {
        format!("postgresql:///{database}?host={}&port={}&user=postgres", self.folder.display(), self.port)
    }

    /// Restarts it as `pg_ctl` does, for one that is not shared: `fast` or `immediate`.
    pub fn restart(&self, mode: &str) {
        let (data, log) = (self.folder.join("data"), self.folder.join("log"));
        let (data, log) = (data.to_str().unwrap(), log.to_str().unwrap());
        let pg_ctl = programs().join("pg_ctl");
        run(&self.folder, &pg_ctl, &["restart", "-s", "-w", "-t", "60", "-m", mode, "-D", data, "-l", log]);
    }

    /// Stops the cluster and removes it, for one that is not shared.
    pub fn remove(mut self) {
        drop(self.watchdog.stdin.take());
        self.watchdog.wait().unwrap();
        assert!(!self.folder.exists(), "{} is still there", self.folder.display());
    }
}

/// The data folder of a cluster that was never started. Each cluster begins with a copy of it.
fn new_data() -> &'static Path {
    static DATA: OnceLock<PathBuf> = OnceLock::new();
    DATA.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap().keep();
        if let Some((uid, gid)) = owner() {
            chown(&folder, Some(uid), Some(gid)).unwrap();
        }
        let data = folder.join("data");
        let made = ["-E", "UTF8", "--locale=C", "-A", "trust", "-U", "postgres", "--no-sync"];
        let arguments = [&["-D", data.to_str().unwrap()][..], &made].concat();
        run(&folder, &programs().join("initdb"), &arguments);
        data
    })
}

/// Runs a program for the cluster in this folder, as the user that it belongs to.
fn run(folder: &Path, program: &Path, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
    if let Some((uid, gid)) = owner() {
        command.uid(uid).gid(gid);
    }
    // pg_ctl hands its streams to the server: a pipe would never end, a file does no harm.
    let said = folder.join("said");
    let file = fs::File::create(&said).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    let status = command.status().unwrap();
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    assert!(status.success(), "{}: {}\n{log}", program.display(), fs::read_to_string(&said).unwrap());
}

const HBA: &str = "
local   all all trust
hostssl all by_certificate 127.0.0.1/32 cert
hostssl all tls_only 127.0.0.1/32 scram-sha-256
host    all tls_only 127.0.0.1/32 reject
host    all nobody_may 127.0.0.1/32 reject
host    all all 127.0.0.1/32 scram-sha-256
";

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
ssl = on
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 100
autovacuum = off
log_line_prefix = '%m %a '
";

/// PostgreSQL's programs, as the tool itself would find them.
pub fn programs() -> PathBuf {
    let folders = std::env::var_os("MUSTER_PG_BIN").map(PathBuf::from);
    let installed = || {
        let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .map(|entries| entries.map(|entry| entry.unwrap().path().join("bin")).collect())
            .unwrap_or_default();
        found.sort_by_key(|path| {
            path.parent().unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap_or(0)
        });
        found.into_iter().rev()
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(installed())
        .find(|folder: &PathBuf| folder.join("initdb").is_file())
        .expect("the tests need PostgreSQL's server programs: install postgresql, or run `make test`")
}

/// The user that root runs the server as; `None` if the tests are not run by root.
pub fn owner() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (number(&["-u"]) == 0).then(|| (number(&["-u", "postgres"]), number(&["-g", "postgres"])))
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The folder that all folders of this process's tests are made in, removed with what runs there.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<(PathBuf, Child)> = OnceLock::new();
    let (folder, _) = ROOT.get_or_init(|| {
        let folder = open_folder(Path::new("/tmp"));
        let watchdog = watch(&folder);
        (folder, watchdog)
    });
    folder
}

/// A new folder that the server's user may enter.
fn open_folder(parent: &Path) -> PathBuf {
    let folder = tempfile::Builder::new().prefix("muster-it-").tempdir_in(parent).unwrap().keep();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    folder
}

/// A shell that reads from a pipe until this process is gone, and then clears up. The server is sent the signal
/// of `pg_ctl stop -m immediate`, which root may send too, while `pg_ctl` refuses to run as root.
fn watch(folder: &Path) -> Child {
    let script = "trap '' INT TERM HUP; read -r line; \
                  find \"$1\" -name postmaster.pid | while read -r file; do \
                  pid=$(head -n1 \"$file\"); kill -QUIT \"$pid\"; \
                  while kill -0 \"$pid\" && test -e \"$file\"; do sleep 0.05; done; done; \
                  rm -rf \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(folder);
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn().unwrap()
}
