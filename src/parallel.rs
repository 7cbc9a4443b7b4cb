//! Work done on all threads whose results are taken in order: the ordered worker pool that reading, reports, tables
//! and exports share. It runs on the global rayon pool. What the work is, and where items come from, is the caller's.
//!
//! The contract:
//!
//! - **Order.** Results are taken in the order of the items, on the caller's thread, in whichever order they finish.
//! - **Bounded.** Never more than `limit` items are in flight: handed over, and their result not taken.
//! - **First error.** An error of the source, of the work or of the taker ends the pass. Items that are in flight are
//!   finished and dropped. A cancelled pass is one whose source returns an error.
//! - **Panics** of the work continue on the caller's thread.
//!
//! The caller waits without doing rayon's work, so it must not be a thread of the rayon pool itself.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::Scope;

/// Sets the size of the global rayon pool; only the first call takes effect.
pub(crate) fn use_threads(threads: NonZeroUsize) {
    // It fails only if the pool exists already.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
}

/// How many items should be in flight: enough that no thread waits, few enough that memory stays small.
pub(crate) fn usual_limit() -> usize {
    rayon::current_num_threads() * 3
}

/// Does `work` on each item and gives the results to `take`; see the contract above. A result that is ready is taken
/// before the next item is asked for.
/// Errors: the first error of `items`, `work` or `take`.
pub(crate) fn in_order<I: Send, T: Send, E: Send>(
    limit: usize,
    items: impl IntoIterator<Item = Result<I, E>>,
    work: impl Fn(I) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let work = &work;
    let mut items = items.into_iter();
    rayon::in_place_scope(|scope| {
        let mut queue = Queue::new(limit);
        let mut drained = false;
        loop {
            let result = if drained || queue.is_full() { queue.next() } else { queue.next_ready() };
            match result {
                Some(result) => take(result?)?,
                None if drained => return Ok(()),
                None => match items.next().transpose()? {
                    Some(item) => queue.push_in(scope, move || work(item)),
                    None => drained = true,
                },
            }
        }
    })
}

/// Tasks in flight, whose results come out in the order in which the tasks went in. For callers that push items;
/// [`in_order`] is for those that can be asked for them.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    limit: usize,
    /// The oldest task first. Each sends its one result.
    pending: VecDeque<Receiver<thread::Result<T>>>,
}

impl<T: Send> Queue<T> {
    /// A queue with room for `limit` tasks, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), pending: VecDeque::new() }
    }

    /// Whether `limit` tasks are in flight: a result must be taken before the next task is pushed.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.len() >= self.limit
    }

    /// Begins a task that owns all it needs.
    pub(crate) fn push(&mut self, work: impl FnOnce() -> T + Send + 'static)
    where
        T: 'static,
    {
        let sender = self.add();
        rayon::spawn(move || run(work, &sender));
    }

    fn push_in<'s>(&mut self, scope: &Scope<'s>, work: impl FnOnce() -> T + Send + 's)
    where
        T: 's,
    {
        let sender = self.add();
        scope.spawn(move |_| run(work, &sender));
    }

    fn add(&mut self) -> SyncSender<thread::Result<T>> {
        let (sender, receiver) = sync_channel(1);
        self.pending.push_back(receiver);
        sender
    }

    /// The result of the oldest task, waited for; `None` if no task is in flight.
    pub(crate) fn next(&mut self) -> Option<T> {
        let result = self.pending.pop_front()?.recv();
        // Every task sends its result, even if it panics.
        result.ok().map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// The result of the oldest task if it has finished.
    fn next_ready(&mut self) -> Option<T> {
        let result = self.pending.front()?.try_recv().ok()?;
        self.pending.pop_front();
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

/// Runs a task and sends its result. A panic is caught here and goes on where the result is taken; otherwise the
/// thread that waits would wait for ever.
fn run<T>(work: impl FnOnce() -> T, sender: &SyncSender<thread::Result<T>>) {
    // The receiver is gone only if the pass ended with an error.
    let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
}

/// Values to be used again, such as buffers whose memory would otherwise be allocated anew.
#[derive(Debug)]
pub(crate) struct Spares<T>(Mutex<Vec<T>>);

impl<T> Default for Spares<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> Spares<T> {
    /// A value that was given back, if there is one.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Gives a value back, emptied by the caller.
    pub(crate) fn give(&self, value: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Later items of each four finish earlier.
    fn slowly(item: usize) -> usize {
        thread::sleep(Duration::from_millis(3 * (3 - item as u64 % 4)));
        item
    }

    #[test]
    fn results_come_in_the_order_of_the_items_and_no_more_than_the_limit_are_in_flight() {
        for limit in [0, 1, 3, 100] {
            let (begun, mut taken) = (AtomicUsize::new(0), Vec::new());
            let items = (0..20).map(|item| {
                begun.fetch_add(1, Ordering::Relaxed);
                Ok::<_, ()>(item)
            });
            let take = |item| {
                assert!(begun.load(Ordering::Relaxed) - taken.len() <= limit.max(1));
                taken.push(item);
                Ok(())
            };
            in_order(limit, items, |item| Ok(slowly(item)), take).unwrap();
            assert_eq!(taken, (0..20).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_ends_the_pass_wherever_it_comes_from() {
        let pass = |source: usize, work: usize, take: usize| {
            let fails = |at: usize, what| move |item| if item == at { Err(what) } else { Ok(item) };
            let mut taken = 0;
            let taker = |item| {
                taken += 1;
                fails(take, "take")(item).map(drop)
            };
            let ended = in_order(4, (0..50).map(fails(source, "source")), fails(work, "work"), taker);
            (ended, taken)
        };
        assert_eq!(pass(99, 99, 99), (Ok(()), 50));
        assert_eq!(pass(99, 7, 99), (Err("work"), 7));
        assert_eq!(pass(99, 99, 9), (Err("take"), 10));
        let (ended, taken) = pass(5, 99, 99);
        assert!(ended == Err("source") && taken <= 5, "{taken}");
    }

    #[test]
    #[should_panic(expected = "item 3")]
    fn a_panic_of_the_work_goes_on_in_the_caller() {
        let work = |item: u32| if item == 3 { panic!("item {item}") } else { Ok::<_, ()>(item) };
        let _ = in_order(2, (0..9).map(Ok), work, |_| Ok(()));
    }

    #[test]
    fn a_queue_gives_results_in_the_order_of_its_tasks() {
        let mut queue = Queue::new(8);
        (0..8).for_each(|item| queue.push(move || slowly(item)));
        assert!(queue.is_full());
        assert!(std::iter::from_fn(|| queue.next()).eq(0..8));
        assert!(!queue.is_full());
    }

    #[test]
    fn a_value_that_was_given_back_is_used_again() {
        let spares = Spares::default();
        assert_eq!(spares.take(), None);
        spares.give(7);
        assert_eq!((spares.take(), spares.take()), (Some(7), None));
    }
}
