//! Runs the built `muster` in a fresh folder with a clean environment, and shows all that is needed when it did
//! not do what the test expected.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{Database, root};

/// A folder with files, and the program to be run in it.
#[derive(Debug)]
pub struct Muster {
    folder: TempDir,
    /// Where a local cluster keeps its data: root's folders are closed to the user that root lends it to.
    state: TempDir,
    url: Option<String>,
    environment: Vec<(String, String)>,
}

impl Muster {
    /// A fresh folder, with no database named.
    #[must_use]
    pub fn new() -> Self {
        let folder = || tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap();
        let state = folder();
        fs::set_permissions(state.path(), Permissions::from_mode(0o755)).unwrap();
        Self { folder: folder(), state, url: None, environment: Vec::new() }
    }

    /// A fresh folder, and this database as the target of every run.
    #[must_use]
    pub fn on(database: &Database) -> Self {
        let mut muster = Self::new();
        muster.url = Some(database.url());
        muster
    }

    /// A fresh folder with both files, which have been imported into this database.
    #[must_use]
    pub fn imported(database: &Database, accounts: &str, users: &str) -> Self {
        let muster = Self::on(database).file("accounts.csv", accounts).file("users.csv", users);
        muster.run(["import", "accounts.csv", "users.csv", "--out", "before"]).exits(0);
        muster
    }

    /// A fresh database with the rows of some files, accounts and users, and a folder with those that come next.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)] // arrays read better at the call without a borrow
    pub fn after<F: AsRef<str>>(before: [F; 2], next: [F; 2]) -> (Database, Self) {
        let database = Database::new();
        let muster = Self::imported(&database, before[0].as_ref(), before[1].as_ref());
        muster.write("accounts.csv", next[0].as_ref());
        muster.write("users.csv", next[1].as_ref());
        (database, muster)
    }

    /// Puts a file into the folder.
    #[must_use]
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.write(name, contents);
        self
    }

    /// Puts a file into the folder between two runs.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Sets a variable for every run.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.to_owned(), value.as_ref().to_str().unwrap().to_owned()));
        self
    }

    /// The folder, or a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the local cluster's data.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// The command with these arguments, for a test that needs more than its end.
    pub fn command<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if ["PG", "POSTMARK_", "MUSTER_", "XDG_", "DATABASE_URL", "NO_COLOR", "RUST_LOG"]
                .iter()
                .any(|p| text.starts_with(p))
            {
                command.env_remove(&name);
            }
        }
        // Neither the user's `.pgpass` nor the user's local cluster.
        command.env("HOME", self.folder.path());
        command.env("MUSTER_STATE_DIR", self.state());
        if let Some(folder) = std::env::var_os("MUSTER_PG_BIN") {
            command.env("MUSTER_PG_BIN", folder);
        }
        if let Some(url) = &self.url {
            command.env("DATABASE_URL", url);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs to the end.
    pub fn run<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Finished {
        let mut command = self.command(arguments);
        let output = command.output().unwrap();
        Finished { line: format!("{command:?}"), folder: self.folder.path().to_owned(), output }
    }

    /// Runs the command that a run named as the next one, by a shell as a person would.
    #[track_caller]
    pub fn next(&self, finished: &Finished) -> Finished {
        let said = finished.stdout();
        let command = said.split("  3. muster ").nth(1).unwrap_or_else(|| panic!("no command in{finished}"));
        self.script(&format!("\"$MUSTER\" {command}"))
    }

    /// Runs a script by a shell, with the program as `$MUSTER`.
    pub fn script(&self, script: &str) -> Finished {
        let like = self.command([""; 0]);
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, value) in like.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let output = shell.env("MUSTER", like.get_program()).output().unwrap();
        Finished { line: script.to_owned(), folder: self.folder.path().to_owned(), output }
    }
}

impl Drop for Muster {
    fn drop(&mut self) {
        let started = fs::read_dir(self.state()).is_ok_and(|mut found| found.next().is_some())
            || self.environment.iter().any(|(name, _)| name == "MUSTER_STATE_DIR");
        if started {
            let stopped = self.command(["db", "stop"]).output();
            assert!(stopped.is_ok() || std::thread::panicking(), "the local cluster cannot be stopped");
        }
    }
}

/// A run that came to its end.
pub struct Finished {
    line: String,
    folder: PathBuf,
    output: Output,
}

impl Finished {
    /// Asserts the exit code, and shows the whole run where it is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{self}");
        self
    }

    /// Standard output.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard error.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// A file of the run's folder.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}\n{self}"))
    }

    /// A text file of the run's folder, unpacked if it is compressed.
    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        let bytes = self.read(name);
        let mut text = String::new();
        match name.rsplit('.').next() {
            Some("gz") => {
                flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap()
            }
            Some("zst") => {
                zstd::stream::read::Decoder::new(bytes.as_slice()).unwrap().read_to_string(&mut text).unwrap()
            }
            _ => bytes.as_slice().read_to_string(&mut text).unwrap(),
        };
        text
    }

    /// The manifest of an export in this folder.
    #[track_caller]
    pub fn manifest(&self, folder: &str) -> Value {
        serde_json::from_slice(&self.read(&format!("{folder}/manifest.json"))).unwrap()
    }

    /// `summary.json` of a run with `--out out`.
    #[track_caller]
    pub fn summary(&self, out: &str) -> Value {
        serde_json::from_slice(&self.read(&format!("{out}/summary.json")))
            .unwrap_or_else(|error| panic!("{out}/summary.json: {error}\n{self}"))
    }

    /// The findings in `rejects.ndjson` of a run with `--out out`.
    #[track_caller]
    pub fn findings(&self, out: &str) -> Vec<Value> {
        let text = String::from_utf8(self.read(&format!("{out}/rejects.ndjson"))).unwrap();
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}\n{self}"));
        text.lines().map(parse).collect()
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n======== {}\nin {}: {}", self.line, self.folder.display(), self.output.status)?;
        writeln!(f, "-------- files\n{}", listing(&self.folder, 2).join("\n"))?;
        writeln!(f, "-------- standard output\n{}", self.stdout())?;
        writeln!(f, "-------- standard error\n{}\n========", self.stderr())
    }
}

/// The files below a folder, with their sizes.
fn listing(folder: &Path, depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let size = entry.metadata().map_or(0, |found| found.len());
        lines.push(format!("{} ({size} bytes)", entry.path().display()));
        if depth > 0 && entry.path().is_dir() {
            lines.extend(listing(&entry.path(), depth - 1));
        }
    }
    lines.sort();
    lines
}
