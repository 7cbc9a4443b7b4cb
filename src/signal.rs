//! The signals that end a command. SIGINT and SIGTERM raise a flag; work that takes long looks at it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

/// How often the flag is looked at while something else is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// The system does not let the program catch signals.
#[derive(Debug, thiserror::Error)]
#[error("signals cannot be caught")]
pub(crate) struct SignalError(#[source] io::Error);

/// A flag that SIGINT and SIGTERM raise.
/// Errors: a signal handler cannot be installed.
pub(crate) fn flag() -> Result<Arc<AtomicBool>, SignalError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(SignalError)?;
    }
    Ok(flag)
}

/// Waits until the flag is raised.
pub(crate) async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(POLL).await;
    }
}
