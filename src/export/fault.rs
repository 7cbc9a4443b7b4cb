//! Places where a test has the program killed.

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
