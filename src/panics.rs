//! Libraries that panic on odd input. The panic is contained; its message, which can hold a value, is not printed, because
//! the process's panic hook is wrapped once, and the wrapper looks whether the panic is one of these. Every other panic
//! goes to the previous hook.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What the names of the threads begin with on which the library for Parquet works.
const POOL: &str = "polars";

/// How many calls of [`contained_in_pool`] there are now.
static IN_POOL: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls `f`; a panic in it is `None`, and nothing is printed.
pub(crate) fn contained<T>(f: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let in_pool = || {
                IN_POOL.load(Ordering::Relaxed) > 0
                    && thread::current().name().is_some_and(|name| name.starts_with(POOL))
            };
            if !QUIET.get() && !in_pool() {
                before(info);
            }
        }));
    });
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f)).ok();
    QUIET.set(before);
    result
}

/// The same for a library that works on its own threads, too: such a panic continues on the caller's.
pub(crate) fn contained_in_pool<T>(f: impl FnOnce() -> T) -> Option<T> {
    IN_POOL.fetch_add(1, Ordering::Relaxed);
    let result = contained(f);
    IN_POOL.fetch_sub(1, Ordering::Relaxed);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_the_next_call_works() {
        assert_eq!(contained(|| -> u8 { panic!("as the library might") }), None);
        assert_eq!(contained(|| contained(|| -> u8 { panic!("within another call") })), Some(None));
        assert_eq!(contained_in_pool(|| -> u8 { panic!("as the library might") }), None);
        assert_eq!(contained(|| 7), Some(7));
        assert!(!QUIET.get());
    }
}
