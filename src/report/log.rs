//! Logs on standard error, as text or as JSON, around the progress bars where there are any. What is logged
//! is decided where it happens; values of sensitive columns are never logged at all.

use std::io::{self, IsTerminal as _, Write};

use indicatif::MultiProgress;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::progress::Progress;

/// The environment variable that overrides the level, in the syntax of `tracing_subscriber`'s filters.
pub(crate) const VARIABLE: &str = "MUSTER_LOG";

/// How a log line is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Sets the logs up for the whole program. A second call changes nothing.
///
/// `verbose` counts `-v`: warnings alone without, then what happens, then why, then everything. `quiet`
/// leaves errors alone.
pub(crate) fn init(verbose: u8, quiet: bool, format: Format, progress: &Progress) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level(verbose, quiet)));
    let colour = colour();
    let writer = Around { bars: progress.bars() };
    // The only way to fail is that there is one already.
    let _ = match format {
        Format::Text => tracing::subscriber::set_global_default(text(filter, colour, writer)),
        Format::Json => tracing::subscriber::set_global_default(json(filter, writer)),
    };
}

/// Whether standard error may be coloured: a person looks on, and `NO_COLOR` is not set.
#[must_use]
pub(crate) fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The filter for a number of `-v`. Libraries speak only from the third on.
fn level(verbose: u8, quiet: bool) -> &'static str {
    match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,muster=info",
        (false, 2) => "warn,muster=debug",
        (false, _) => "debug,muster=trace",
    }
}

fn text<W>(filter: EnvFilter, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_target(false)
        .with_writer(writer)
        .finish()
}

fn json<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(writer).finish()
}

/// Writes each line while the bars are out of the way.
#[derive(Debug, Clone)]
struct Around {
    bars: Option<MultiProgress>,
}

impl MakeWriter<'_> for Around {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for Around {
    /// A log line comes in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match &self.bars {
            Some(bars) => bars.suspend(|| io::stderr().lock().write_all(line))?,
            None => io::stderr().lock().write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(subscriber: impl Subscriber + Send + Sync, kept: &Kept) -> String {
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "muster::load", file = "a\x1b[31m.csv", rows = 3, "read");
            tracing::debug!(target: "muster::load", "not asked for");
            tracing::info!(target: "other", "not ours");
        });
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn the_level_follows_the_options_and_no_file_name_steers_the_terminal() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = text(EnvFilter::new(level(1, false)), false, move || writer.clone());
        let text = logged(subscriber, &kept);
        assert!(text.contains("INFO") && text.contains("rows=3"), "{text}");
        assert!(!text.contains('\x1b') && !text.contains("not "), "{text}");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = json(EnvFilter::new(level(1, false)), move || writer.clone());
        let line: serde_json::Value = serde_json::from_str(logged(subscriber, &kept).trim_end()).unwrap();
        assert_eq!((&line["message"], &line["rows"]), (&"read".into(), &3.into()));
    }
}
