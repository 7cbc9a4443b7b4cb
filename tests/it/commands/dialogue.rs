//! Questions on a terminal. The terminal is that of script(1), which every Debian has.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::support::{Database, Muster};

/// A schema with few fields, so that the talk is short.
const CLUBS: &str = r#"
entity = "clubs"
key = "code"

[[field]]
name = "email"
type = "email"

[[field]]
name = "kind"
type = "choice"
values = ["sport", "music"]
exact = true
otherwise = "music"

[[field]]
name = "code"
type = "text"
required = true

[[field]]
name = "number"
type = "text"
pattern = { regex = '[0-9]+', when = "country", equals = "NL" }

[[field]]
name = "country"
type = "country"
"#;

/// A dialogue under way. The program is stopped when it is dropped.
struct Talk {
    child: Child,
    output: Receiver<u8>,
    heard: String,
}

/// How long the program may take for an answer, and no longer: a wait without an end would stop all tests.
const PATIENCE: Duration = Duration::from_mins(1);

impl Talk {
    fn begin(muster: &Muster) -> Self {
        let line = format!("{} account create --schemas mine --entity clubs", env!("CARGO_BIN_EXE_muster"));
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
    fn hears(&mut self, part: &str) -> &mut Self {
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

    fn says(&mut self, text: &str) -> &mut Self {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
        self
    }

    /// What was said to the end, and the exit code.
    fn ends(mut self) -> (String, Option<i32>) {
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

#[test]
fn each_answer_is_judged_at_once_and_asked_for_again_where_it_is_wrong() {
    let database = Database::new();
    let muster = Muster::on(&database).file("mine/clubs.toml", CLUBS);
    let mut talk = Talk::begin(&muster);
    // What must be given comes first, the rest in the order of the schema.
    talk.hears("code (text; required; unique): ").says("\n");
    talk.hears("reject[required]").hears("code (text").says("C-1\n");
    talk.hears("email (an e-mail address): ").says("club@\n");
    talk.hears("reject[invalid-email]: the domain has no dot").hears("email (").says("Club@X.nl\n");
    talk.hears("kind (exactly sport | music").says("SPORT\n");
    talk.hears("warning[defaulted]").hears("keep it? [Y/n] ").says("n\n");
    talk.hears("kind (").says("sport\n");
    talk.hears("number (").says("x\n");
    // The answer that makes an earlier one wrong stays; the earlier one is asked for again.
    talk.hears("country (").says("Nederland\n");
    talk.hears("reject[pattern-mismatch]").hears("number (").says("12\n");
    talk.hears("Create this record of clubs? [y/n] ").says("\n");
    talk.hears("[y/n] ").says("y\n");
    let (heard, code) = talk.ends();
    assert_eq!(code, Some(0), "{heard}");
    assert!(heard.contains("clubs C-1 is created"), "{heard}");
    assert_eq!(
        database.text("SELECT email, kind, code, number, country FROM clubs"),
        "club@x.nl|sport|C-1|12|NL"
    );
}

#[test]
fn leaving_the_dialogue_writes_nothing() {
    let database = Database::new();
    let muster = Muster::on(&database).file("mine/clubs.toml", CLUBS);
    for (leave, code, said) in [
        ("\u{3}", 130, "interrupted; the target is as it was before"),
        ("\u{4}", 4, "not confirmed; nothing has been changed"),
    ] {
        let mut talk = Talk::begin(&muster);
        talk.hears("code (").says("C-1\n").hears("email (").says(leave);
        let (heard, exit) = talk.ends();
        assert!(heard.contains(said) && exit == Some(code), "{exit:?} {heard}");
    }
    assert_eq!(database.text("SELECT to_regclass('clubs') IS NULL"), "t");
    let left: Vec<_> =
        fs::read_dir(muster.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine"]);
}
