//! How far the run is: bars on a terminal that can draw them, a plain line every few seconds elsewhere, nothing with
//! `--quiet` or `--no-progress`. On standard error, never in the middle of a log line.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use crate::event::{Event, Listener, Stage};
use crate::output::visible::visible;

use super::number::{bytes, grouped, time};
use super::screen::takes_control;

/// How often a plain line comes.
const EVERY: Duration = Duration::from_secs(3);
/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Shows the progress events.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bars { all: MultiProgress, now: Mutex<Option<Bar>> },
    Lines { now: Arc<Plain>, ticker: Option<JoinHandle<()>> },
}

#[derive(Debug)]
struct Bar {
    bar: ProgressBar,
    rows: Arc<AtomicU64>,
}

/// The stage that is shown in plain lines.
#[derive(Debug, Default)]
struct Plain {
    current: Mutex<Option<Current>>,
    ended: Mutex<bool>,
    wake: Condvar,
    done: AtomicU64,
    rows: AtomicU64,
}

#[derive(Debug, Clone)]
struct Current {
    stage: Stage,
    entity: String,
    total: Option<u64>,
    since: Instant,
}

impl Progress {
    /// Bars or lines, depending on standard error; nothing if it is not `wanted`.
    pub(crate) fn new(wanted: bool) -> Self {
        let shown = match (wanted, takes_control(&io::stderr())) {
            (false, _) => Shown::Nothing,
            (true, true) => Shown::Bars { all: MultiProgress::new(), now: Mutex::new(None) },
            (true, false) => Self::lines(),
        };
        Self { shown }
    }

    fn lines() -> Shown {
        let now = Arc::new(Plain::default());
        let seen = Arc::clone(&now);
        let ticker = thread::Builder::new().name("progress".to_owned()).spawn(move || seen.tick(EVERY)).ok();
        Shown::Lines { now, ticker }
    }

    /// The bars, if there are any: logs are written around them.
    pub(crate) fn bars(&self) -> Option<MultiProgress> {
        match &self.shown {
            Shown::Bars { all, .. } => Some(all.clone()),
            _ => None,
        }
    }
}

impl Listener for Progress {
    fn on(&self, event: Event<'_>) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bars { all, now } => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Started { stage, entity, total } => {
                        if let Some(last) = now.replace(bar(all, stage, entity, total)) {
                            last.bar.finish_and_clear();
                        }
                    }
                    Event::Advanced { by, rows } => {
                        if let Some(now) = now.as_ref() {
                            now.rows.fetch_add(rows, Ordering::Relaxed);
                            now.bar.inc(by);
                        }
                    }
                    Event::Finished => {
                        if let Some(last) = now.take() {
                            last.bar.finish_and_clear();
                        }
                    }
                }
            }
            Shown::Lines { now, .. } => now.on(&event),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Lines { now, ticker } = &mut self.shown {
            *now.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            now.wake.notify_all();
            if let Some(ticker) = ticker.take() {
                let _ = ticker.join();
            }
        }
    }
}

/// A stage in one word.
fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "reading",
        Stage::Settle => "resolving",
        Stage::Send => "sending",
        Stage::Upsert => "upserting",
        Stage::Publish => "reporting",
        Stage::Export => "exporting",
    }
}

/// What the rows of a stage are.
fn unit(stage: Stage) -> &'static str {
    if stage == Stage::Publish { "findings" } else { "rows" }
}

fn bar(all: &MultiProgress, stage: Stage, entity: &str, total: Option<u64>) -> Bar {
    let rows = Arc::new(AtomicU64::new(0));
    let bar = all.add(total.map_or_else(ProgressBar::new_spinner, ProgressBar::new));
    let head = "{spinner} {msg:20}";
    let template = match (stage, total) {
        (Stage::Read, Some(_)) => {
            format!(
                "{head} {{wide_bar}} {{decimal_bytes}}/{{decimal_total_bytes}} {{decimal_bytes_per_sec}} {{rate}} {{eta}}"
            )
        }
        (Stage::Read, None) => format!("{head} {{decimal_bytes}} {{decimal_bytes_per_sec}} {{rate}}"),
        (Stage::Upsert | Stage::Settle, _) => format!("{head} {{elapsed}}"),
        (_, Some(_)) => format!("{head} {{wide_bar}} {{human_pos}}/{{human_len}} {{rate}} {{eta}}"),
        (_, None) => format!("{head} {{human_pos}} {{rate}}"),
    };
    let counted = Arc::clone(&rows);
    let rate = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let rows = counted.load(Ordering::Relaxed);
        let _ = write!(out, "{} {}/s", grouped(per_second(rows, state.elapsed())), unit(stage));
    };
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key("rate", rate));
    bar.set_message(format!("{} {}", word(stage), visible(entity)));
    bar.enable_steady_tick(TICK);
    Bar { bar, rows }
}

fn per_second(rows: u64, elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    rows.saturating_mul(1000) / millis
}

impl Plain {
    fn on(&self, event: &Event<'_>) {
        match *event {
            Event::Advanced { by, rows } => {
                self.done.fetch_add(by, Ordering::Relaxed);
                self.rows.fetch_add(rows, Ordering::Relaxed);
            }
            Event::Started { stage, entity, total } => {
                let current = Current { stage, entity: entity.to_owned(), total, since: Instant::now() };
                self.turn(Some(current));
            }
            Event::Finished => self.turn(None),
        }
    }

    fn turn(&self, next: Option<Current>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = next;
        self.done.store(0, Ordering::Relaxed);
        self.rows.store(0, Ordering::Relaxed);
    }

    /// Writes a line from time to time until the run has ended.
    fn tick(&self, every: Duration) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            ended = self.wake.wait_timeout(ended, every).unwrap_or_else(PoisonError::into_inner).0;
            let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let (false, Some(current)) = (*ended, current) {
                let (done, rows) = (self.done.load(Ordering::Relaxed), self.rows.load(Ordering::Relaxed));
                let line = line(&current, done, rows, current.since.elapsed());
                // One write, so that no other line gets in between.
                let _ = io::stderr().lock().write_all(line.as_bytes());
            }
        }
    }
}

/// `users: reading, 45.1 MB of 95.4 MB, 480,000 rows, 160,000 rows/s, 3.3 s left`.
fn line(current: &Current, done: u64, rows: u64, elapsed: Duration) -> String {
    let mut line = format!("{}: {}", visible(&current.entity), word(current.stage));
    let amount = if current.stage == Stage::Read { bytes } else { grouped };
    // How far these are is not known.
    if matches!(current.stage, Stage::Upsert | Stage::Settle) {
        let _ = writeln!(line, ", {}", time(elapsed));
        return line;
    }
    if current.stage == Stage::Read || current.total.is_some() {
        let _ = write!(line, ", {}", amount(done));
    }
    if let Some(total) = current.total {
        let _ = write!(line, " of {}", amount(total));
    }
    let unit = unit(current.stage);
    let _ = write!(line, ", {} {unit}, {} {unit}/s", grouped(rows), grouped(per_second(rows, elapsed)));
    if let Some(total) = current.total
        && done > 0
    {
        let left = elapsed.as_secs_f64() * total.saturating_sub(done) as f64 / done as f64;
        let _ = write!(line, ", {} left", time(Duration::from_secs_f64(left)));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn current(stage: Stage, total: Option<u64>) -> Current {
        Current { stage, entity: "users\x1b".to_owned(), total, since: Instant::now() }
    }

    #[test]
    fn a_plain_line_says_how_far_how_fast_and_how_long() {
        let three = Duration::from_secs(3);
        assert_eq!(
            line(&current(Stage::Read, Some(90_000_000)), 45_000_000, 480_000, three),
            "users␛: reading, 45.0 MB of 90.0 MB, 480,000 rows, 160,000 rows/s, 3.0 s left\n"
        );
        assert_eq!(
            line(&current(Stage::Read, None), 1000, 10, three),
            "users␛: reading, 1.0 kB, 10 rows, 3 rows/s\n"
        );
        assert_eq!(line(&current(Stage::Settle, None), 0, 0, three), "users␛: resolving, 3.0 s\n");
        assert_eq!(line(&current(Stage::Upsert, None), 0, 0, three), "users␛: upserting, 3.0 s\n");
    }

    #[test]
    fn a_stage_starts_at_zero_and_an_unwanted_one_is_not_shown() {
        let plain = Plain::default();
        plain.on(&Event::Started { stage: Stage::Read, entity: "users", total: None });
        plain.on(&Event::Advanced { by: 5, rows: 2 });
        assert_eq!((plain.done.load(Ordering::Relaxed), plain.rows.load(Ordering::Relaxed)), (5, 2));
        plain.on(&Event::Started { stage: Stage::Settle, entity: "users", total: None });
        assert_eq!(plain.done.load(Ordering::Relaxed), 0);
        plain.on(&Event::Finished);
        assert!(plain.current.lock().unwrap().is_none());
        let silent = Progress::new(false);
        silent.on(Event::Finished);
        assert!(silent.bars().is_none());
    }

    #[test]
    fn the_ticker_ends_with_the_run() {
        let started = Instant::now();
        drop(Progress { shown: Progress::lines() });
        assert!(started.elapsed() < EVERY);
    }
}
