//! Warnings, errors and logs on standard error, as text for people or as JSON, around the progress bars if there are
//! any. Values of sensitive columns are never logged.

use std::fmt;
use std::io::{self, IsTerminal as _, Write};

use indicatif::MultiProgress;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::output::json;
use crate::output::visible::{visible_colours, visible_lines};
use crate::width::{COLUMNS, wrapped};

use super::progress::Progress;
use super::screen::takes_control;

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
/// `verbose` counts `-v`: none shows warnings only, each further one more; from the second on, lines have their time
/// and module. `quiet` shows errors only.
pub(crate) fn init(verbose: u8, quiet: bool, format: Format, progress: &Progress) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level(verbose, quiet)));
    let is_json = format == Format::Json;
    let writer = AroundBars { bars: progress.bars(), is_json };
    // It can only fail if logs are set up already.
    let _ = match (format, verbose) {
        (Format::Text, 0 | 1) => tracing::subscriber::set_global_default(text(filter, colour(), writer)),
        (Format::Text, _) => tracing::subscriber::set_global_default(detailed(filter, colour(), writer)),
        (Format::Json, _) => tracing::subscriber::set_global_default(objects(filter, writer)),
    };
}

/// Whether standard error may be coloured.
pub(crate) fn colour() -> bool {
    takes_control(&io::stderr())
}

/// A fatal error as people read it on standard error.
pub(crate) fn fatal(message: &str) -> String {
    // The mistakes of a schema are drawn with their lines.
    fitted(&visible_lines(&format!("muster: {message}")), room(), message.starts_with("error: "))
}

/// How wide lines for people get: as wide as the terminal, without limit elsewhere.
fn room() -> usize {
    let size = || terminal_size::terminal_size_of(io::stderr()).map_or(COLUMNS, |size| usize::from(size.0.0));
    if io::stderr().is_terminal() { size() } else { usize::MAX }
}

/// Lines of at most `room` columns; what goes on is indented. What is drawn stays as it is.
fn fitted(text: &str, room: usize, is_drawn: bool) -> String {
    if is_drawn || room == usize::MAX {
        return format!("{text}\n");
    }
    let lines = text.split('\n').flat_map(|line| {
        let mut lines = wrapped(line, room.saturating_sub(2).max(1)).into_iter();
        lines.next().into_iter().chain(lines.map(|more| format!("  {more}")).collect::<Vec<_>>())
    });
    lines.map(|line| line + "\n").collect()
}

/// The filter for a number of `-v`. Libraries are logged only from the third on.
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
    let people = ForPeople { colour, room: room() };
    tracing_subscriber::fmt().with_env_filter(filter).event_format(people).with_writer(writer).finish()
}

fn detailed<W>(filter: EnvFilter, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(writer).finish()
}

fn objects<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(writer).finish()
}

/// `warning: …`: neither time nor module.
#[derive(Debug)]
struct ForPeople {
    colour: bool,
    room: usize,
}

impl<S, N> FormatEvent<S, N> for ForPeople
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (word, paint) = match *event.metadata().level() {
            Level::ERROR => ("error", "1;31"),
            Level::WARN => ("warning", "1;33"),
            Level::INFO => ("info", "1"),
            _ => ("debug", "1"),
        };
        let mut text = format!("{word}: ");
        context.format_fields(Writer::new(&mut text), event)?;
        let text = fitted(&visible_lines(&text), self.room, false);
        match text.strip_prefix(word) {
            Some(rest) if self.colour => write!(writer, "\x1b[{paint}m{word}\x1b[0m{rest}"),
            _ => writer.write_str(&text),
        }
    }
}

/// Writes each line while the bars are not drawn, without what could control a terminal but for colours: what a library
/// or a server says is in lines too.
#[derive(Debug, Clone)]
struct AroundBars {
    bars: Option<MultiProgress>,
    is_json: bool,
}

impl MakeWriter<'_> for AroundBars {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Write for AroundBars {
    /// A log line comes in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = if self.is_json { json::escaped(&text) } else { visible_colours(&text) };
        match &self.bars {
            Some(bars) => bars.suspend(|| io::stderr().lock().write_all(text.as_bytes()))?,
            None => io::stderr().lock().write_all(text.as_bytes())?,
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
    fn a_line_for_people_has_no_time_and_no_file_name_steers_the_terminal() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = text(EnvFilter::new(level(1, false)), false, move || writer.clone());
        let text = logged(subscriber, &kept);
        assert_eq!(text, "info: read file=\"a\\u{1b}[31m.csv\" rows=3\n");
    }

    #[test]
    fn an_error_is_marked_and_broken_at_spaces() {
        assert_eq!(
            fitted("error: a file is missing\n  because: x", 14, false),
            "error: a\n  file is\n  missing\n  because: x\n"
        );
        assert!(fatal("x.csv: cannot be read").starts_with("muster: x.csv: "));
        assert_eq!(
            fatal("a\x1b[2J\r\u{9b}\u{202e}\u{2066}: b\n  c"),
            "muster: a␛[2J␍[U+009B][U+202E][U+2066]: b\n  c\n"
        );
        assert!(fatal("error: the entity has no key").starts_with("muster: error: the "));
    }

    #[test]
    fn json_is_one_object_a_line() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = objects(EnvFilter::new(level(1, false)), move || writer.clone());
        let line: serde_json::Value = serde_json::from_str(logged(subscriber, &kept).trim_end()).unwrap();
        assert_eq!((&line["message"], &line["rows"]), (&"read".into(), &3.into()));
    }
}
