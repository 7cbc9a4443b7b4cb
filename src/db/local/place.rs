//! The folders of a project's private cluster: the state folder with its data, and the short runtime folder with its
//! socket. Creates the folders; starts nothing.
//!
//! The project folder is the nearest ancestor of the current directory that holds `Cargo.toml`, `.git` or
//! `schemas`, else the current directory itself. One project folder has one cluster per user who runs
//! `muster`: root's lies under `/var/lib/muster`, another user's under `$XDG_STATE_HOME/muster`
//! (`~/.local/state/muster`). `MUSTER_STATE_DIR` replaces either.

use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::LocalError;
use super::guard;
use super::owner::Owner;

/// The longest path of a Unix socket that every platform takes (macOS: 104 bytes with the closing zero).
const SOCKET_PATH_MAX: usize = 103;

/// The folders of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The project folder that this cluster serves.
    pub(super) project: PathBuf,
    /// Holds everything that is kept: the data folder, the server's log, the lock.
    pub(super) state: PathBuf,
    /// Holds the socket.
    pub(super) socket: PathBuf,
}

impl Place {
    /// Where the cluster of the current directory's project is, or would be.
    pub(super) fn of_current_dir(owner: &Owner) -> Result<Self, LocalError> {
        let current = std::env::current_dir().map_err(|source| LocalError::NoCurrentDir { source })?;
        Self::of(&current, owner)
    }

    fn of(current: &Path, owner: &Owner) -> Result<Self, LocalError> {
        let project = project_of(current);
        let state = state_parent(owner)?.join(short_hash(&project));
        let socket = socket_folder(&state, owner);
        Ok(Self { project, state, socket })
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.state.join("data")
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.state.join("server.log")
    }

    /// Creates the state folder, for its owner alone, and opens it; refuses another user's folder.
    pub(super) fn make_state(&self, owner: &Owner) -> Result<OwnedFd, LocalError> {
        made(&self.state, owner)
    }

    /// Creates the socket's folder in the same way.
    pub(super) fn make_socket(&self, owner: &Owner) -> Result<OwnedFd, LocalError> {
        made(&self.socket, owner)
    }
}

fn made(folder: &Path, owner: &Owner) -> Result<OwnedFd, LocalError> {
    let parent = guard::parent(folder.parent().unwrap_or(Path::new("/")), owner)?;
    guard::private(parent, folder, owner)
}

/// The nearest folder upward that looks like a project's, links resolved.
fn project_of(current: &Path) -> PathBuf {
    let current = current.canonicalize().unwrap_or_else(|_| current.to_owned());
    let marked =
        |folder: &&Path| ["Cargo.toml", ".git", "schemas"].iter().any(|name| folder.join(name).exists());
    current.ancestors().find(marked).unwrap_or(&current).to_owned()
}

fn state_parent(owner: &Owner) -> Result<PathBuf, LocalError> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(folder) = variable("MUSTER_STATE_DIR") {
        return Ok(folder);
    }
    if owner.is_borrowed() {
        return Ok(PathBuf::from("/var/lib/muster"));
    }
    if let Some(folder) = variable("XDG_STATE_HOME") {
        return Ok(folder.join("muster"));
    }
    let home = std::env::home_dir().ok_or(LocalError::NoHome)?;
    Ok(home.join(".local/state/muster"))
}

/// A short folder for the socket, named after the state folder, so that two clusters never share one.
fn socket_folder(state: &Path, owner: &Owner) -> PathBuf {
    let name = format!("muster-{}", short_hash(state));
    let runtime = if owner.is_borrowed() {
        Some(PathBuf::from("/run")).filter(|folder| folder.is_dir())
    } else {
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| {
            folder.is_absolute() && folder.metadata().is_ok_and(|found| found.uid() == owner.uid)
        })
    };
    let socket_length = |folder: &Path| folder.as_os_str().len() + "/.s.PGSQL.5432".len();
    runtime
        .map(|folder| folder.join(&name))
        .filter(|folder| socket_length(folder) <= SOCKET_PATH_MAX)
        .unwrap_or_else(|| Path::new("/tmp").join(format!("{name}-{}", owner.uid)))
}

/// Twelve hexadecimal digits: enough to keep one machine's projects apart.
fn short_hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_folder_below_the_project_has_the_projects_cluster() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/schemas")).unwrap();
        std::fs::create_dir_all(root.join("a/deep/er")).unwrap();
        assert_eq!(project_of(&root.join("a/deep/er")), root.join("a"));
    }

    #[test]
    fn the_sockets_path_fits_however_long_the_project_is() {
        let owner = Owner::find().unwrap();
        let state = Path::new("/var/lib").join("x".repeat(300));
        let socket = socket_folder(&state, &owner).join(".s.PGSQL.5432");
        assert!(socket.as_os_str().len() <= SOCKET_PATH_MAX, "{}", socket.display());
    }

    #[test]
    fn a_link_in_the_folders_place_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("muster-0");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        let owner = Owner::find().unwrap();
        assert!(matches!(made(&link, &owner), Err(LocalError::NotOurs { .. })));
    }

    #[test]
    fn an_open_folder_is_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        std::fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
        made(&state, &Owner::find().unwrap()).unwrap();
        assert_eq!(state.metadata().unwrap().mode() & 0o777, 0o700);
    }
}
