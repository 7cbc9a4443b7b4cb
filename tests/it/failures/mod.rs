//! Runs that are stopped, killed or refused half way: by the program's end, the server's, or a full disk.

mod commit_reply;
#[cfg(feature = "fault-points")]
mod crash;
mod disks;
mod interrupted;
mod limits;
mod stopped;
