//! Places where a test has the program killed, and what else only a test asks for.

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

/// How many bytes of a table a range has.
#[cfg(not(feature = "fault-points"))]
pub(crate) fn range(usual: i64) -> i64 {
    usual
}

/// How many bytes of a table a range has; the tests make ranges small with `MUSTER_TEST_EXPORT_RANGE`.
#[cfg(feature = "fault-points")]
pub(crate) fn range(usual: i64) -> i64 {
    let wish = std::env::var("MUSTER_TEST_EXPORT_RANGE").ok().and_then(|bytes| bytes.parse().ok());
    wish.filter(|&bytes| bytes > 0).unwrap_or(usual)
}
