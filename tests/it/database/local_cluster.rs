//! The private local PostgreSQL: its life, and all that a project folder, a user or a crash can do to it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Muster, block_on, owner, root};

/// The process number that `muster db status` names.
#[track_caller]
fn pid(muster: &Muster) -> String {
    let line = muster.run(["db", "status"]).exits(0).stdout();
    let (_, rest) = line.split_once("(process ").unwrap_or_else(|| panic!("not running: {line}"));
    rest.split(')').next().unwrap().to_owned()
}

fn psql(muster: &Muster, sql: &str) -> String {
    muster.run(["db", "psql", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql]).exits(0).stdout().trim().to_owned()
}

/// The data folder of the one cluster that this command has made.
fn data(muster: &Muster) -> PathBuf {
    let mut found = fs::read_dir(muster.state()).unwrap();
    let only = found.next().unwrap().unwrap().path();
    assert!(found.next().is_none(), "one project folder has one cluster");
    only.join("data")
}

#[test]
fn it_starts_stops_and_keeps_its_data() {
    let muster = Muster::new();
    let says = |action, words: &str| {
        let line = muster.run(["db", action]).exits(0).stdout();
        assert!(line.contains(words) && line.lines().count() == 1, "{line}");
    };
    says("status", "no local PostgreSQL yet");
    says("stop", "was not running");
    says("start", "started");
    says("start", "runs already");
    says("status", "runs (process ");
    assert_eq!(psql(&muster, "SELECT current_user, current_database()"), "muster|muster");
    assert_eq!(psql(&muster, "SHOW server_encoding"), "UTF8");
    assert_eq!(psql(&muster, "SHOW listen_addresses"), "");
    assert_eq!(psql(&muster, "SHOW fsync"), "on");
    psql(&muster, "CREATE TABLE kept AS SELECT 7 AS n");
    says("stop", "stopped");
    says("status", "is stopped");
    assert_eq!(psql(&muster, "SELECT n FROM kept"), "7", "psql starts it by itself");
}

#[test]
fn it_survives_a_kill_and_a_process_number_of_another_process() {
    let muster = Muster::new();
    psql(&muster, "CREATE TABLE kept AS SELECT 7 AS n");
    let killed = pid(&muster);
    assert!(Command::new("kill").args(["-9", &killed]).status().unwrap().success());
    // Until the system has taken it down, its socket still answers.
    while fs::read(format!("/proc/{killed}/cmdline")).is_ok_and(|line| !line.is_empty()) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(psql(&muster, "SELECT n FROM kept"), "7");
    assert_ne!(pid(&muster), killed);

    let file = data(&muster).join("postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    muster.run(["db", "stop"]).exits(0);
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    if let Some((uid, gid)) = owner() {
        chown(&file, Some(uid), Some(gid)).unwrap();
    }
    let line = muster.run(["db", "status"]).exits(0).stdout();
    assert!(line.contains("is stopped"), "this test is no server: {line}");
    assert_eq!(psql(&muster, "SELECT n FROM kept"), "7");
}

#[test]
fn a_socket_folder_that_was_cleaned_away_is_made_again() {
    let muster = Muster::new();
    let line = muster.run(["db", "start"]).exits(0).stdout();
    let (_, rest) = line.split_once("host=").unwrap();
    fs::remove_dir_all(rest.split(' ').next().unwrap()).unwrap();
    assert_eq!(psql(&muster, "SELECT 1"), "1");
}

#[test]
fn two_project_folders_do_not_meet() {
    let (one, other) = (Muster::new(), Muster::new());
    let other = other.env("MUSTER_STATE_DIR", one.state());
    psql(&one, "CREATE TABLE mine ()");
    assert_eq!(psql(&other, "SELECT to_regclass('mine') IS NULL"), "t");
    one.run(["db", "stop"]).exits(0);
    assert_eq!(psql(&other, "SELECT 1"), "1");
    other.run(["db", "stop"]).exits(0);
}

#[test]
fn a_project_path_may_be_longer_than_a_sockets() {
    let muster = Muster::new();
    let deep = "long-folder-name/".repeat(20);
    muster.write(&format!("{deep}Cargo.toml"), "");
    let mut command = muster.command(["db", "start"]);
    let output = command.current_dir(muster.path(&deep)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut command = muster.command(["db", "stop"]);
    let output = command.current_dir(muster.path(&deep)).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("stopped"), "{output:?}");
}

#[test]
fn of_two_simultaneous_starts_one_starts_the_server() {
    let muster = Muster::new();
    let start = || muster.command(["db", "start"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let started = [start(), start(), start()].map(|child| child.wait_with_output().unwrap());
    assert!(started.iter().all(|output| output.status.success()), "{started:?}");
    let first = started.iter().filter(|output| String::from_utf8_lossy(&output.stdout).contains("started"));
    assert_eq!(first.count(), 1, "{started:?}");
}

#[test]
fn without_postgresql_the_error_says_what_to_install() {
    let muster = Muster::new().env("MUSTER_PG_BIN", "/nowhere");
    let said = muster.run(["db", "start"]).exits(1).stderr();
    assert!(said.contains("no PostgreSQL server is installed"), "{said}");
    assert!(said.contains("apt-get install postgresql") && said.contains("brew install"), "{said}");
}

#[test]
fn data_of_another_version_is_refused_with_both_named() {
    let muster = Muster::new();
    muster.run(["db", "start"]).exits(0);
    muster.run(["db", "stop"]).exits(0);
    let file = data(&muster).join("PG_VERSION");
    let installed = fs::read_to_string(&file).unwrap();
    fs::write(&file, "8.4\n").unwrap();
    let said = muster.run(["db", "start"]).exits(1).stderr();
    assert!(said.contains("PostgreSQL 8.4") && said.contains(installed.trim()), "{said}");
    fs::write(&file, installed).unwrap();
}

#[test]
fn a_server_that_does_not_start_shows_the_end_of_its_log() {
    let muster = Muster::new();
    muster.run(["db", "start"]).exits(0);
    muster.run(["db", "stop"]).exits(0);
    let conf = data(&muster).join("postgresql.conf");
    fs::write(&conf, fs::read_to_string(&conf).unwrap() + "no_such_setting = 1\n").unwrap();
    let said = muster.run(["db", "start"]).exits(1).stderr();
    assert!(said.contains("no_such_setting") && said.contains("server.log"), "{said}");
}

#[test]
fn an_ordinary_user_has_a_separate_cluster() {
    if owner().is_none() {
        // The tests are an ordinary user's, and so is every cluster here.
        return;
    }
    let home = tempfile::Builder::new().prefix("muster-it-").tempdir_in(root()).unwrap();
    let program = home.path().join("muster");
    fs::copy(env!("CARGO_BIN_EXE_muster"), &program).unwrap();
    fs::set_permissions(home.path(), Permissions::from_mode(0o777)).unwrap();
    let runtime = home.path().join("run");
    fs::create_dir(&runtime).unwrap();
    chown(&runtime, Some(65_534), Some(65_534)).unwrap();
    let run = |action: &str, runtime: Option<&PathBuf>| {
        let mut command = Command::new(&program);
        command.env_clear().envs(std::env::var_os("MUSTER_PG_BIN").map(|bin| ("MUSTER_PG_BIN", bin)));
        command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path());
        command.envs(runtime.map(|folder| ("XDG_RUNTIME_DIR", folder)));
        command.args(["db", action]).current_dir(home.path()).uid(65_534).gid(65_534).output().unwrap()
    };
    let started = run("start", Some(&runtime));
    assert_eq!(fs::read_dir(&runtime).unwrap().count(), 1, "{started:?}");
    let again = run("start", None);
    let stopped = run("stop", None);
    assert!(started.status.success() && stopped.status.success(), "{started:?} {stopped:?}");
    let line = String::from_utf8_lossy(&again.stdout).into_owned();
    assert!(line.contains("runs already") && line.contains(runtime.to_str().unwrap()), "{again:?}");
    assert!(home.path().join(".local/state/muster").is_dir());
}

#[test]
fn what_status_prints_is_what_another_program_connects_with() {
    let muster = Muster::new();
    muster.run(["db", "start"]).exits(0);
    let line = muster.run(["db", "status"]).exits(0).stdout();
    let (_, connection) = line.trim().split_once("): ").unwrap();
    block_on(async {
        let session = muster::internals::db::connect(Some(connection), "muster tests").await.unwrap();
        let row = session.client.query_one("SELECT current_database()", &[]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), "muster");
    });
}
