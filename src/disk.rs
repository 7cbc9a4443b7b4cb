//! How much space is left on the disk of a file that grows. Others write to that disk too, so a run ends before it is
//! full.

use std::fs::File;
use std::io;

/// How much is left to others, in bytes; of a small disk this share.
const LEFT: u64 = 64 << 20;
const SHARE: u64 = 50;

/// Up to so many bytes may be the last ones of a disk: a small run needs not to fail on one that is nearly full.
const LITTLE: u64 = 8 << 20;

/// How many bytes there are on the disk of `file`, which can be a folder, for one who needs `needed`; `None` if the
/// system does not say.
pub(crate) fn free(file: &File, needed: u64) -> Option<u64> {
    let disk = rustix::fs::fstatvfs(file).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    let (all, free) = (bytes(disk.f_blocks), bytes(disk.f_bavail));
    let left = if needed > LITTLE { LEFT.min(all / SHARE) } else { 0 };
    (all > 0).then(|| free.saturating_sub(left))
}

/// Checks that a file of `len` bytes may grow by `bytes`. The disk is looked at now and then.
/// Errors: it may not; the error is that of a full disk.
pub(crate) fn may_grow(file: &File, len: u64, bytes: usize) -> io::Result<()> {
    let grown = len.saturating_add(bytes as u64);
    if grown / LITTLE == len / LITTLE || free(file, grown).is_none_or(|free| free > LITTLE) {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::StorageFull,
        "the disk is nearly full, and what is left of it is left to others",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_of_a_disk_are_for_those_who_need_few() {
        let file = tempfile::tempfile().unwrap();
        let disk = rustix::fs::fstatvfs(&file).unwrap();
        let some = free(&file, LITTLE + 1).unwrap();
        assert!(some < disk.f_blocks * disk.f_frsize && some <= free(&file, LITTLE).unwrap());
        may_grow(&file, u64::MAX, usize::MAX).unwrap();
        may_grow(&file, 0, 1).unwrap();
    }
}
