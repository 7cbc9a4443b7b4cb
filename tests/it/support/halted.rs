//! A run that stops itself at one of the program's named points (`muster::fault`), so that a test can do
//! something to it, to the server or to the disk exactly there.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Muster, root};

/// How long a point is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run that stops at a point.
#[derive(Debug)]
pub struct Halted {
    child: Child,
    point: String,
    folder: TempDir,
}

impl Halted {
    /// Runs until the point (`NAME`, or `NAME:N` for the Nth time) is reached, and leaves the run waiting there.
    #[track_caller]
    pub fn at<I: IntoIterator<Item: AsRef<OsStr>>>(muster: &Muster, point: &str, arguments: I) -> Self {
        Self::command_at(muster.command(arguments), point)
    }

    /// The same for a command that a test has prepared.
    #[track_caller]
    pub fn command_at(mut command: Command, point: &str) -> Self {
        let folder = arm(&mut command, point, "wait");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut halted = Self { child, point: point.to_owned(), folder };
        let end = Instant::now() + PATIENCE;
        while !halted.folder.path().join("reached").exists() {
            if Instant::now() > end || halted.child.try_wait().unwrap().is_some() {
                let _ = halted.child.kill();
                let output = halted.child.wait_with_output().unwrap();
                panic!("{point} is not reached: {}\n{}", output.status, said(&output));
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        announced(halted.folder.path(), &halted.point);
        halted
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// The program, for a test that waits for its end without letting it go on.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Lets it go on, and waits for its end.
    pub fn go_on(self) -> Output {
        self.let_go();
        self.child.wait_with_output().unwrap()
    }

    /// Lets it go on.
    pub fn let_go(&self) {
        std::fs::write(self.folder.path().join("go"), "").unwrap();
    }
}

/// Runs until the program kills itself at the point, and asserts that it died there and of that.
#[track_caller]
pub fn killed_at<I: IntoIterator<Item: AsRef<OsStr>>>(muster: &Muster, point: &str, arguments: I) {
    let mut command = muster.command(arguments);
    let folder = arm(&mut command, point, "kill");
    let output = command.output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "{point}: {}\n{}", output.status, said(&output));
    announced(folder.path(), point);
}

/// Sends a signal to a program.
pub fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// What a run wrote to standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn arm(command: &mut Command, point: &str, act: &str) -> TempDir {
    let folder = tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap();
    command.env("MUSTER_TEST_POINT", point).env("MUSTER_TEST_ACT", act);
    command.env("MUSTER_TEST_FOLDER", PathBuf::from(folder.path()));
    folder
}

#[track_caller]
fn announced(folder: &Path, point: &str) {
    let reached = std::fs::read_to_string(folder.join("reached")).unwrap_or_default();
    assert_eq!(reached, point.split(':').next().unwrap(), "another point was reached");
}
