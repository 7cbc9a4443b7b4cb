//! A dialogue with the program at a terminal: that of script(1), which every Debian has.

use std::io::{BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::Muster;

/// A dialogue under way. The program is stopped when it is dropped.
pub struct Talk {
    child: Child,
    output: Receiver<u8>,
    heard: String,
}

/// How long the program may take for an answer, and no longer: a wait without an end would stop all tests.
const PATIENCE: Duration = Duration::from_mins(1);

impl Talk {
    /// Begins with this command line.
    pub fn begin(muster: &Muster, arguments: &str) -> Self {
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_muster"));
        let own = muster.command(["unused"]);
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        command.env("NO_COLOR", "1").current_dir(own.get_current_dir().unwrap());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("script(1) is there");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, output) = channel();
        thread::spawn(move || stdout.bytes().map_while(Result::ok).try_for_each(|byte| sender.send(byte)));
        Self { child, output, heard: String::new() }
    }

    /// Waits until the program says this.
    pub fn hears(&mut self, part: &str) -> &mut Self {
        let mut bytes = Vec::new();
        loop {
            let fresh = String::from_utf8_lossy(&bytes);
            if fresh.contains(part) {
                self.heard.push_str(&fresh);
                return self;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(byte) => bytes.push(byte),
                Err(why) => panic!("`{part}` was not said ({why}) after:\n{}{fresh}", self.heard),
            }
        }
    }

    /// Types this.
    pub fn says(&mut self, text: &str) -> &mut Self {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        self
    }

    /// What was said to the end, and the exit code.
    pub fn ends(mut self) -> (String, Option<i32>) {
        let mut bytes = Vec::new();
        loop {
            match self.output.recv_timeout(PATIENCE) {
                Ok(byte) => bytes.push(byte),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end after:\n{}", self.heard),
            }
        }
        self.heard.push_str(&String::from_utf8_lossy(&bytes));
        (self.heard.replace('\r', ""), self.child.wait().unwrap().code())
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
