//! The private server's folders belong to `postgres` when root starts it: links that this user could plant there lead
//! root to no file and no folder of others.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Muster, owner};

const KEPT: &str = "12345678\nroot's own\n";

/// What links lead to: a file and a folder of root's, and a name that is not taken.
struct Victims {
    muster: Muster,
    file: PathBuf,
    folder: PathBuf,
    nowhere: PathBuf,
}

impl Victims {
    fn new() -> Self {
        let muster = Muster::new().file("file", KEPT).file("folder/kept", KEPT);
        fs::set_permissions(muster.path("file"), Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(muster.path("folder"), Permissions::from_mode(0o755)).unwrap();
        let (file, folder, nowhere) = (muster.path("file"), muster.path("folder"), muster.path("nowhere"));
        Self { muster, file, folder, nowhere }
    }

    #[track_caller]
    fn are_as_they_were(&self, planted: &str) {
        let found = fs::metadata(&self.file).unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777), (0, 0o600), "{planted}");
        assert_eq!(fs::read_to_string(&self.file).unwrap(), KEPT, "{planted}");
        let found = fs::metadata(&self.folder).unwrap();
        assert_eq!((found.uid(), found.mode() & 0o777), (0, 0o755), "{planted}");
        assert_eq!(fs::read_dir(&self.folder).unwrap().count(), 1, "{planted}");
        assert!(fs::symlink_metadata(&self.nowhere).is_err(), "{planted}");
    }
}

/// Puts a link of the server's user at a name.
fn plant(at: &Path, target: &Path) {
    let (uid, gid) = owner().unwrap();
    symlink(target, at).unwrap();
    lchown(at, Some(uid), Some(gid)).unwrap();
}

/// `db start`, whatever comes of it, `db status` and `db stop`: none shows what a link leads to, or panics.
#[track_caller]
fn all_commands(muster: &Muster, planted: &str) {
    for action in ["start", "status", "stop"] {
        let done = muster.run(["db", action]);
        let said = format!("{}{}", done.stdout(), done.stderr());
        assert!(!said.contains("root's own") && !said.contains("panicked"), "{planted}: {done}");
    }
}

#[test]
fn root_follows_no_link_in_the_folder_of_the_cluster() {
    if owner().is_none() {
        // An ordinary user's folders are closed to all others.
        return;
    }
    let victims = Victims::new();
    let muster = Muster::new();
    let line = muster.run(["db", "start"]).exits(0).stdout();
    muster.run(["db", "stop"]).exits(0);
    let state = fs::read_dir(muster.state()).unwrap().next().unwrap().unwrap().path();
    let aside = state.join("aside");
    for name in ["lock", "server.log", "data/PG_VERSION", "data/postmaster.pid"] {
        for target in [&victims.file, &victims.folder, &victims.nowhere] {
            let at = state.join(name);
            let kept = fs::rename(&at, &aside).is_ok();
            plant(&at, target);
            all_commands(&muster, name);
            victims.are_as_they_were(name);
            let _ = fs::remove_file(&at);
            if kept {
                fs::rename(&aside, &at).unwrap();
            }
        }
    }
    // With the first start, everything is made.
    fs::rename(state.join("data"), &aside).unwrap();
    plant(&state.join("data"), &victims.folder);
    all_commands(&muster, "data");
    victims.are_as_they_were("data");
    fs::remove_file(state.join("data")).unwrap();
    let _ = fs::remove_file(state.join("project"));
    fs::remove_dir_all(state.join("data.new")).unwrap();
    plant(&state.join("data.new"), &victims.folder);
    plant(&state.join("project"), &victims.file);
    muster.run(["db", "start"]).exits(0);
    victims.are_as_they_were("data.new, project");
    muster.run(["db", "stop"]).exits(0);
    // The folder of the socket, and what is in it.
    let socket = line.split("host=").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    plant(Path::new(&socket), &victims.folder);
    let refused = muster.run(["db", "start"]).exits(1);
    assert!(refused.stderr().contains(&socket), "{refused}");
    fs::remove_file(&socket).unwrap();
    let (uid, gid) = owner().unwrap();
    fs::create_dir(&socket).unwrap();
    chown(&socket, Some(uid), Some(gid)).unwrap();
    for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
        plant(&Path::new(&socket).join(name), &victims.file);
    }
    muster.run(["db", "start"]).exits(0);
    victims.are_as_they_were("the socket");
}

#[test]
fn root_removes_no_folder_that_the_servers_file_names() {
    if owner().is_none() {
        return;
    }
    let victims = Victims::new();
    fs::remove_file(victims.folder.join("kept")).unwrap();
    let muster = Muster::new();
    muster.run(["db", "start"]).exits(0);
    let state = fs::read_dir(muster.state()).unwrap().next().unwrap().unwrap().path();
    let pid = state.join("data/postmaster.pid");
    let text = fs::read_to_string(&pid).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let changed = text.replace(lines[4], victims.folder.to_str().unwrap());
    File::options().write(true).truncate(true).open(&pid).unwrap().write_all(changed.as_bytes()).unwrap();
    muster.run(["db", "stop"]);
    assert!(victims.folder.is_dir());
}

#[test]
fn root_makes_no_folder_through_a_link_of_another_user() {
    let Some((uid, gid)) = owner() else { return };
    let victims = Victims::new();
    let own = Muster::new();
    own.run(["db", "status"]).exits(0);
    // A folder that the server's user owns, with a link for a part of the path or for the cluster's folder itself.
    let theirs = victims.muster.path("theirs");
    fs::create_dir(&theirs).unwrap();
    chown(&theirs, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(victims.muster.path(""), Permissions::from_mode(0o755)).unwrap();
    plant(&theirs.join("part"), &victims.folder);
    for state in ["part", "part/state", "part/../part/state"] {
        let muster = Muster::new().env("MUSTER_STATE_DIR", theirs.join(state));
        let refused = muster.run(["db", "start"]).exits(1);
        assert!(refused.stderr().contains("is a link"), "{state}: {refused}");
        victims.are_as_they_were(state);
    }
    let muster = Muster::new().env("MUSTER_STATE_DIR", theirs.join("state"));
    muster.run(["db", "start"]).exits(0);
    muster.run(["db", "stop"]).exits(0);
    let cluster = fs::read_dir(theirs.join("state")).unwrap().next().unwrap().unwrap().path();
    fs::rename(&cluster, theirs.join("aside")).unwrap();
    plant(&cluster, &victims.folder);
    muster.run(["db", "start"]).exits(1);
    victims.are_as_they_were("the cluster's folder");
    fs::remove_file(&cluster).unwrap();
    // A folder of root's that is not empty is not given away either.
    fs::create_dir(&cluster).unwrap();
    fs::write(cluster.join("kept"), KEPT).unwrap();
    muster.run(["db", "start"]).exits(1);
    assert_eq!(fs::metadata(&cluster).unwrap().uid(), 0);
}
