//! Where the tests kill an invitation.

/// Does nothing.
#[cfg(not(feature = "fault-points"))]
pub(super) fn point(_name: &str) {}

/// Kills the process if `MUSTER_TEST_INVITE_STOP` names this point: `name`, or `name:2` for its second time.
#[cfg(feature = "fault-points")]
pub(super) fn point(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let Ok(wish) = std::env::var("MUSTER_TEST_INVITE_STOP") else { return };
    let (wanted, time) = wish.split_once(':').unwrap_or((&wish, "1"));
    if wanted == name && (SEEN.fetch_add(1, Ordering::Relaxed) + 1).to_string() == time {
        // SIGKILL: no destructor runs, as when the machine loses its power.
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}
