//! The private local PostgreSQL: a cluster for one project folder, kept with the machine's own `initdb` and
//! `pg_ctl`, reached by a Unix socket alone. It is a real server with its safety on (`fsync` too): only its
//! size is modest. Connecting to it is `connect`'s.

mod error;
mod guard;
mod owner;
mod place;
mod programs;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::side_file;

pub(crate) use error::LocalError;
use owner::Owner;
use place::Place;
use programs::{Programs, run};
use rustix::fs::{AtFlags, OFlags, renameat, unlinkat};

/// The database, and the role, that `muster` uses in its own cluster.
pub(crate) const NAME: &str = "muster";

/// A process number above every system's highest.
const NO_PROCESS: u32 = 2_147_483_646;

/// Settings of a private cluster. The log is kept free of personal data: no statements, no details of rows.
const SETTINGS: &str = "
# muster: a private cluster of one project folder.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 40
shared_buffers = 128MB
maintenance_work_mem = 128MB
work_mem = 16MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
jit = off
logging_collector = off
log_error_verbosity = terse
log_min_error_statement = panic
log_destination = 'stderr'
lc_messages = 'C'
";

/// The private cluster of the current directory's project folder, running or not.
#[derive(Debug)]
pub(crate) struct Cluster {
    place: Place,
    owner: Owner,
}

/// The state of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// It was never started.
    Absent,
    /// There is data, and no server runs.
    Stopped,
    /// A server runs under this process number.
    Running(u32),
}

impl Cluster {
    /// The cluster of the current directory's project folder. Changes nothing.
    /// Errors: there is no folder to keep it in, or no user to run it as.
    pub(crate) fn of_current_dir() -> Result<Self, LocalError> {
        let owner = Owner::find()?;
        Ok(Self { place: Place::of_current_dir(&owner)?, owner })
    }

    /// The folder of the socket: the `host` to connect to. A running server may have been started with another runtime
    /// folder (a login session has one, a nightly job has none).
    pub(crate) fn socket(&self) -> PathBuf {
        let recorded = || {
            let text = guard::read(&self.pid_file(), &self.owner)?;
            text.lines().nth(4).filter(|line| line.starts_with('/')).map(PathBuf::from)
        };
        let running = matches!(self.status(), Status::Running(_));
        running.then(recorded).flatten().unwrap_or_else(|| self.place.socket.clone())
    }

    /// The project folder that this cluster serves.
    pub(crate) fn project(&self) -> &Path {
        &self.place.project
    }

    /// The folder with everything that is kept.
    pub(crate) fn state(&self) -> &Path {
        &self.place.state
    }

    /// The state of the cluster now.
    pub(crate) fn status(&self) -> Status {
        if !self.place.data().join("PG_VERSION").exists() {
            return Status::Absent;
        }
        match self.recorded_pid() {
            Some(pid) if self.is_our_server(pid) => Status::Running(pid),
            _ => Status::Stopped,
        }
    }

    /// Creates the cluster if there is none and starts it if it does not run; `true` if it started it. Of two starts at
    /// once the second waits for the first.
    /// Errors: there is no PostgreSQL, another version's data, or the server does not start.
    pub(crate) fn start(&self) -> Result<bool, LocalError> {
        let state = self.place.make_state(&self.owner)?;
        let _lock = self.lock(&state)?;
        if self.answers() {
            return Ok(false);
        }
        if matches!(self.status(), Status::Running(_)) {
            // Something that cleans up runtime folders removed the socket of the running server.
            self.stop_server()?;
        }
        let programs = self.programs()?;
        if self.status() == Status::Absent {
            self.init(&programs, &state)?;
        }
        let socket = self.place.make_socket(&self.owner)?;
        // The child processes of a killed server live on for a moment, and hold its shared memory.
        let mut attempts = if self.forget_dead_server(&socket)? { 5 } else { 1 };
        while !self.start_server(&programs)? {
            attempts -= 1;
            if attempts == 0 {
                // The folder is useless without a server; one that is not empty stays.
                let _ = fs::remove_dir(&self.place.socket);
                return Err(LocalError::Start { log: self.place.log(), tail: self.last_lines() });
            }
            thread::sleep(Duration::from_secs(1));
        }
        Ok(true)
    }

    /// Stops the server; `false` if it did not run.
    pub(crate) fn stop(&self) -> Result<bool, LocalError> {
        if self.status() == Status::Absent {
            return Ok(false);
        }
        let _lock = self.lock(&self.place.make_state(&self.owner)?)?;
        if self.status() == Status::Stopped {
            return Ok(false);
        }
        // Root removes no folder that a file of another user names.
        let socket = if self.owner.is_borrowed() { self.place.socket.clone() } else { self.socket() };
        self.stop_server()?;
        // The next start creates the folder again; one that is not empty stays.
        let _ = fs::remove_dir(socket);
        Ok(true)
    }

    /// A `psql` command on the running cluster; the caller may add arguments.
    pub(crate) fn psql(&self) -> Result<Command, LocalError> {
        let mut command = Command::new(self.programs()?.psql()?);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PG") {
                command.env_remove(variable);
            }
        }
        command.arg("-h").arg(self.socket()).args(["-p", "5432", "-U", NAME, "-d", NAME]);
        Ok(command)
    }

    /// Starts the server and waits until it accepts connections; `false` if it does not.
    fn start_server(&self, programs: &Programs) -> Result<bool, LocalError> {
        let options = format!("-c unix_socket_directories='{}'", self.place.socket.display());
        let mut command = programs.command("pg_ctl", &self.owner);
        command.args(["start", "--silent", "--wait", "--timeout=60", "-D"]).arg(self.place.data());
        command.arg("-l").arg(self.place.log()).arg("-o").arg(options);
        // The server keeps its standard streams open: a pipe of ours would never end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let doing = "starting the local PostgreSQL";
        let status = command.status().map_err(|source| LocalError::Program { doing, source })?;
        Ok(status.success())
    }

    fn stop_server(&self) -> Result<(), LocalError> {
        let mut command = self.programs()?.command("pg_ctl", &self.owner);
        command.args(["stop", "--silent", "--wait", "--mode=fast", "-D"]).arg(self.place.data());
        run(command, "stopping the local PostgreSQL").map(drop)
    }

    fn programs(&self) -> Result<Programs, LocalError> {
        let data = self.place.data();
        match guard::read(&data.join("PG_VERSION"), &self.owner) {
            Some(major) => Programs::find(Some((major.trim(), &data))),
            None => Programs::find(None),
        }
    }

    /// Creates the data folder under another name and renames it, so that a first start that was killed leaves nothing that
    /// looks complete.
    fn init(&self, programs: &Programs, state: &OwnedFd) -> Result<(), LocalError> {
        let new = self.place.state.join("data.new");
        let fault = |path: &Path, source| LocalError::Folder { path: path.to_owned(), source };
        let mut command = Command::new("rm");
        command.current_dir("/").args(["-rf", "--"]).arg(&new);
        self.owner.apply(&mut command);
        run(command, "removing a data folder that was not finished")?;
        let mut command = programs.command("initdb", &self.owner);
        command.arg("-D").arg(&new).args(["-E", "UTF8", "--locale=C", "-A", "trust", "-U", NAME]);
        run(command, "making the local PostgreSQL's data folder (initdb)")?;
        let conf = new.join("postgresql.conf");
        let mut file = guard::open(&conf, OFlags::WRONLY | OFlags::APPEND, &self.owner)?
            .ok_or_else(|| fault(&conf, std::io::ErrorKind::NotFound.into()))?;
        let written = file.write_all(SETTINGS.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|source| fault(&conf, source))?;
        let mut command = programs.command("postgres", &self.owner);
        command.arg("--single").arg("-D").arg(&new).arg("postgres");
        feed(command, &format!("CREATE DATABASE {NAME}\n"), "making the local database")?;
        let project = self.place.project.as_os_str().as_bytes();
        let noted = guard::new_file(state, "project").and_then(|mut file| file.write_all(project));
        noted.map_err(|source| fault(&self.place.state.join("project"), source))?;
        let renamed = renameat(state, "data.new", state, "data");
        renamed.map_err(|error| fault(&self.place.data(), error.into()))
    }

    /// Held while the cluster is created, started or stopped. The system releases it when the process ends.
    fn lock(&self, state: &OwnedFd) -> Result<File, LocalError> {
        let path = self.place.state.join("lock");
        let file = guard::lock_file(state, "lock", &path, &self.owner)?;
        file.lock().map_err(|source| LocalError::Folder { path, source })?;
        Ok(file)
    }

    /// Whether a server runs and accepts connections; waits some seconds for one that has just been started.
    fn answers(&self) -> bool {
        for _ in 0..100 {
            if !matches!(self.status(), Status::Running(_)) {
                return false;
            }
            if UnixStream::connect(self.socket().join(".s.PGSQL.5432")).is_ok() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// The process number in `postmaster.pid`. Another process may have that number now.
    fn recorded_pid(&self) -> Option<u32> {
        let text = guard::read(&self.pid_file(), &self.owner)?;
        text.lines().next()?.trim().parse().ok()
    }

    fn pid_file(&self) -> PathBuf {
        self.place.data().join("postmaster.pid")
    }

    /// Replaces the process number in the file of a server that is dead. After a `kill -9` or a power cut the number may be
    /// another program's, or that of a zombie process, and PostgreSQL would take it for a running server. The file itself
    /// stays: PostgreSQL learns from it whether processes of the old server hold its shared memory. `true` if there was one.
    fn forget_dead_server(&self, socket: &OwnedFd) -> Result<bool, LocalError> {
        for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
            // Only this cluster's servers write there; the file may be absent.
            let _ = unlinkat(socket, name, AtFlags::empty());
        }
        let path = self.pid_file();
        let Some(mut file) = guard::open(&path, OFlags::RDWR, &self.owner)? else { return Ok(false) };
        let mut text = String::new();
        // What is no text was not written by a server, which will say so.
        if file.read_to_string(&mut text).is_err() {
            return Ok(false);
        }
        let Some((_, rest)) = text.split_once('\n') else { return Ok(true) };
        let written = file.rewind().and_then(|()| file.set_len(0));
        written
            .and_then(|()| write!(file, "{NO_PROCESS}\n{rest}"))
            .map_err(|source| LocalError::Folder { path, source })?;
        Ok(true)
    }

    /// The last lines of the server's log, without reading all of it.
    fn last_lines(&self) -> String {
        let read = || -> Option<String> {
            let mut file = guard::open(&self.place.log(), OFlags::RDONLY, &self.owner).ok()??;
            let length = file.metadata().ok()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(2048))).ok()?;
            let mut bytes = Vec::new();
            file.take(2048).read_to_end(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        let lines: Vec<_> = text.trim_end().lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }

    /// Whether the process is a server of this data folder: `pg_ctl` names it on the command line.
    fn is_our_server(&self, pid: u32) -> bool {
        let data = self.place.data();
        if let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) {
            // `pg_ctl` may write the path differently (`..`, a link).
            let real = data.canonicalize().unwrap_or(data);
            let is_data = |argument: &[u8]| {
                argument.starts_with(b"/")
                    && Path::new(OsStr::from_bytes(argument)).canonicalize().is_ok_and(|path| path == real)
            };
            return line.split(|byte| *byte == 0).any(is_data);
        }
        let data = data.as_os_str().as_bytes();
        Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .output()
            .is_ok_and(|output| memchr::memmem::find(&output.stdout, data).is_some())
    }
}

/// Runs a command with this standard input.
fn feed(mut command: Command, input: &str, doing: &'static str) -> Result<(), LocalError> {
    let fault = |source| LocalError::Program { doing, source };
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(fault)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(fault)?;
    }
    let output = child.wait_with_output().map_err(fault)?;
    if output.status.success() {
        return Ok(());
    }
    Err(LocalError::Failed { doing, said: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
