//! The signals that end a command. The first SIGINT or SIGTERM raises a flag; work that takes long looks at it. The
//! second one ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::exit::Exit;

/// How often the flag is looked at while something else is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// Whether the process has asked a server to commit. It is one for the whole process, as signals are.
static COMMITTING: AtomicBool = AtomicBool::new(false);

/// The system does not let the program catch signals.
#[derive(Debug, thiserror::Error)]
#[error("signals cannot be caught")]
pub(crate) struct SignalError(#[source] io::Error);

/// A flag that SIGINT and SIGTERM raise, before the program goes on. The second signal ends the process.
/// Errors: a signal handler cannot be installed.
pub(crate) fn flag() -> Result<Arc<AtomicBool>, SignalError> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(SignalError)?;
    }
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(SignalError)?;
    let listen = move || {
        signals.forever().nth(1);
        let is_sent = COMMITTING.load(Ordering::Relaxed);
        let exit = if is_sent { Exit::Unknown } else { Exit::Interrupted };
        low_level::exit(exit.code().into());
    };
    thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(SignalError)?;
    Ok(flag)
}

/// From now on the target may have changed: a process that is ended at once says so.
pub(crate) fn commit_follows() {
    COMMITTING.store(true, Ordering::Relaxed);
}

/// Waits until the flag is raised.
pub(crate) async fn raised(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        tokio::time::sleep(POLL).await;
    }
}
