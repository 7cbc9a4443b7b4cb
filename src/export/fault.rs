//! Points of an export at which a test kills the program, and sizes that only a test changes.

/// Does nothing; with `fault-points` the process is killed where `MUSTER_TEST_EXPORT_STOP` names the point.
#[cfg(not(feature = "fault-points"))]
pub(crate) fn point(_name: &str) {}

/// Kills the process at the point that `MUSTER_TEST_EXPORT_STOP` names, with the signal that nothing catches.
#[cfg(feature = "fault-points")]
pub(crate) fn point(name: &str) {
    if std::env::var("MUSTER_TEST_EXPORT_STOP").is_ok_and(|wish| wish == name) {
        let _ = signal_hook::low_level::raise(signal_hook::consts::SIGKILL);
    }
}

/// A size that only a test changes.
#[cfg(not(feature = "fault-points"))]
pub(crate) fn size(_name: &str, usual: u64) -> u64 {
    usual
}

/// A size that a test makes small by naming it in the environment.
#[cfg(feature = "fault-points")]
pub(crate) fn size(name: &str, usual: u64) -> u64 {
    let wish = std::env::var(name).ok().and_then(|bytes| bytes.parse().ok());
    wish.filter(|&bytes| bytes > 0).unwrap_or(usual)
}
