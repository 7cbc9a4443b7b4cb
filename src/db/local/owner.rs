//! The operating system's user that runs the private cluster. PostgreSQL refuses to run as root, so root
//! lends the cluster to `postgres` or, where there is no such user, to `nobody`.

use std::os::unix::process::CommandExt;
use std::process::Command;

use super::LocalError;

/// Who owns and runs the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// The user's number.
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether that is another user than the one who runs this process.
    borrowed: bool,
}

impl Owner {
    /// The user who runs this process, or the one that root lends the cluster to.
    pub(super) fn find() -> Result<Self, LocalError> {
        let uid = rustix::process::geteuid().as_raw();
        if uid != 0 {
            return Ok(Self { uid, gid: rustix::process::getegid().as_raw(), borrowed: false });
        }
        for name in ["postgres", "nobody"] {
            if let (Some(uid), Some(gid)) = (number_of(name, "-u"), number_of(name, "-g")) {
                return Ok(Self { uid, gid, borrowed: true });
            }
        }
        Err(LocalError::NoUser)
    }

    /// Whether root runs this process and lends the cluster to another user.
    pub(super) fn is_borrowed(&self) -> bool {
        self.borrowed
    }

    /// Makes a command run as this user.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.borrowed {
            command.uid(self.uid).gid(self.gid).env_remove("HOME").env_remove("XDG_RUNTIME_DIR");
        }
    }
}

/// What `id` says about a user: the system may keep its users in another place than `/etc/passwd`.
fn number_of(name: &str, which: &str) -> Option<u32> {
    let output = Command::new("id").args([which, name]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok().filter(|_| output.status.success())
}
