//! Folders and files that another user may have replaced by links. Root lends the cluster to `postgres`, who can put
//! anything into its folders: root reaches what is there by descriptor, follows no link of an ordinary user, and looks
//! at the owner before it reads or writes. What the folders are for is `place`'s.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fchown, fstat, mkdirat, openat, readlinkat, statat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::LocalError;
use super::owner::Owner;

/// How many names and links a path may lead through.
const STEPS: usize = 1000;
/// The longest file that is read.
const LONGEST: u64 = 64 * 1024;

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC);
/// A folder that is only passed need not be readable.
#[cfg(target_os = "linux")]
const PASSED: OFlags = FOLDER.union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
const PASSED: OFlags = FOLDER;
/// Neither a link is followed, nor the other end of a pipe waited for.
const PLAIN: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

/// Opens the folder that a folder of the cluster is in, and makes it if it is missing. Root walks there from the top,
/// and follows only links that nobody but root can have made.
pub(super) fn parent(path: &Path, owner: &Owner) -> Result<OwnedFd, LocalError> {
    let fault = |error: Errno| match error {
        Errno::LOOP | Errno::NOTDIR => LocalError::Planted { path: path.to_owned(), uid: 0 },
        other => LocalError::Folder { path: path.to_owned(), source: other.into() },
    };
    if owner.is_borrowed() {
        // The user to whom root lends the cluster must be able to pass.
        return walk(path, Mode::from_raw_mode(0o755)).map_err(fault);
    }
    let made = std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .recursive(true)
        .create(path);
    made.map_err(|source| LocalError::Folder { path: path.to_owned(), source })?;
    openat(CWD, path, PASSED, Mode::empty()).map_err(fault)
}

fn walk(path: &Path, mode: Mode) -> Result<OwnedFd, Errno> {
    let top = || openat(CWD, "/", PASSED, Mode::empty());
    let mut folder = top()?;
    let mut left = names(path);
    for _ in 0..STEPS {
        let Some(name) = left.pop() else { return Ok(folder) };
        match openat(&folder, &name, PASSED | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(next) => folder = next,
            Err(Errno::NOENT) => {
                match mkdirat(&folder, &name, mode) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error),
                }
                left.push(name);
            }
            Err(error @ (Errno::LOOP | Errno::NOTDIR)) => {
                let found = statat(&folder, &name, AtFlags::SYMLINK_NOFOLLOW)?;
                let around = fstat(&folder)?;
                let is_link = FileType::from_raw_mode(found.st_mode) == FileType::Symlink;
                let only_root = found.st_uid == 0 && around.st_uid == 0 && around.st_mode & 0o022 == 0;
                if !(is_link && only_root) {
                    return Err(error);
                }
                let target =
                    PathBuf::from(OsString::from_vec(readlinkat(&folder, &name, Vec::new())?.into_bytes()));
                if target.is_absolute() {
                    folder = top()?;
                }
                left.extend(names(&target));
            }
            Err(error) => return Err(error),
        }
    }
    Err(Errno::LOOP)
}

/// The names of a path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let is_name = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().filter(is_name).map(|part| part.as_os_str().to_owned()).rev().collect()
}

/// Makes a folder in `parent` that only `owner` may enter, and opens it. An existing one must be exactly that: in
/// `/tmp` anybody could have created it first.
pub(super) fn private(parent: impl AsFd, path: &Path, owner: &Owner) -> Result<OwnedFd, LocalError> {
    let fault = |error: Errno| LocalError::Folder { path: path.to_owned(), source: error.into() };
    let not_ours = || LocalError::NotOurs { path: path.to_owned(), uid: owner.uid };
    let name = path.file_name().ok_or_else(not_ours)?;
    match mkdirat(&parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(fault(error)),
    }
    let folder = match openat(&parent, name, FOLDER | OFlags::RDONLY | OFlags::NOFOLLOW, Mode::empty()) {
        Err(Errno::LOOP | Errno::NOTDIR | Errno::ACCESS) => return Err(not_ours()),
        folder => folder.map_err(fault)?,
    };
    let found = fstat(&folder).map_err(fault)?;
    if owner.is_borrowed() && found.st_uid == 0 && is_empty(&folder).map_err(fault)? {
        // Just made, or left by a run that ended before it could give the folder away.
        let (uid, gid) = (Uid::from_raw(owner.uid), Gid::from_raw(owner.gid));
        fchown(&folder, Some(uid), Some(gid)).map_err(fault)?;
    } else if found.st_uid != owner.uid {
        return Err(not_ours());
    }
    if found.st_mode & 0o077 != 0 {
        fchmod(&folder, Mode::RWXU).map_err(fault)?;
    }
    Ok(folder)
}

fn is_empty(folder: &OwnedFd) -> Result<bool, Errno> {
    for entry in Dir::read_from(folder)? {
        if !matches!(entry?.file_name().to_bytes(), b"." | b"..") {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Opens the file `name` that nothing is written to, and makes it if it is missing.
pub(super) fn lock_file(
    folder: impl AsFd,
    name: &str,
    path: &Path,
    owner: &Owner,
) -> Result<File, LocalError> {
    let mode = Mode::RUSR | Mode::WUSR;
    let file = openat(&folder, name, PLAIN | OFlags::WRONLY | OFlags::CREATE, mode);
    plain(file, path, &[owner.uid, rustix::process::geteuid().as_raw()])
}

/// Makes the file `name`; one that is there already is removed.
pub(super) fn new_file(folder: impl AsFd, name: &str) -> io::Result<File> {
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = PLAIN | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
    Ok(openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Opens a file of the cluster; `None` if it is not there. Whatever the path leads through, a file of the cluster's
/// user can be changed by that user too.
/// Errors: [`LocalError::Planted`] if it is a link, no plain file or another user's.
pub(super) fn open(path: &Path, flags: OFlags, owner: &Owner) -> Result<Option<File>, LocalError> {
    match openat(CWD, path, PLAIN | flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        file => plain(file, path, &[owner.uid]).map(Some),
    }
}

/// The beginning of a file of the cluster, from `start` on; `None` if there is none that may be read.
pub(super) fn read(path: &Path, owner: &Owner) -> Option<String> {
    let mut text = Vec::new();
    open(path, OFlags::RDONLY, owner).ok()??.take(LONGEST).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

fn plain(file: Result<OwnedFd, Errno>, path: &Path, owners: &[u32]) -> Result<File, LocalError> {
    let planted = || LocalError::Planted { path: path.to_owned(), uid: owners[0] };
    let fault = |error: Errno| LocalError::Folder { path: path.to_owned(), source: error.into() };
    let file = match file {
        // A link; a pipe or a socket that nobody listens to; a folder.
        Err(Errno::LOOP | Errno::NXIO | Errno::ISDIR) => return Err(planted()),
        file => file.map_err(fault)?,
    };
    let found = fstat(&file).map_err(fault)?;
    let is_plain = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    if is_plain && owners.contains(&found.st_uid) { Ok(file.into()) } else { Err(planted()) }
}
