//! A small disk in memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{owner, root};

/// Mounted while it lives.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts a disk of this size in KiB that belongs to the server's user; `None` if this process may not mount.
    #[allow(clippy::print_stderr)] // For the person who runs the tests.
    pub fn mounted(kibibytes: u32) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("muster-it-disk-").tempdir_in(root()).unwrap().keep();
        let (uid, gid) = owner().unwrap_or((0, 0));
        let options = format!("size={kibibytes}k,mode=0755,uid={uid},gid={gid}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(&folder).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self { path: folder });
        }
        eprintln!(
            "no disk can be mounted here; only the limit on a file's size is tested (failures/stopped.rs)"
        );
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves this number of bytes free; a second call replaces the file that fills the disk.
    pub fn leave_free(&self, bytes: u64) {
        let filler = self.path.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        let mut filled = 0;
        while file.write_all(&[7; 4096]).is_ok() {
            filled += 4096;
        }
        file.set_len(u64::saturating_sub(filled, bytes)).unwrap();
    }

    /// Empties what [`Disk::leave_free`] filled.
    pub fn empty(&self) {
        std::fs::remove_file(self.path.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server may still have a file open there.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
        let _ = std::fs::remove_dir(&self.path);
    }
}
