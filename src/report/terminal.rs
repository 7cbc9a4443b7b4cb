//! The summary on standard output: the counts, the most frequent findings, where the reports are and what
//! to type next. It fits 80 columns, but for names and commands, which are never broken.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use crate::output::names;
use crate::output::visible::{fitted, visible};
use crate::record::Severity;
use crate::width::{COLUMNS, padded, width};

use super::context::{Context, Counts, Outcome, Returned, ReturnedKind, Status};
use super::number::{count, grouped, time};
use super::screen::takes_control;
use super::shell;
use super::tally::Tally;

/// The width of the first column: the names of the counts.
const LABEL: usize = 14;
/// A line of the table: its label, its number, whether it is shown, its colour.
type Row = (&'static str, fn(&Counts) -> u64, bool, &'static str);

/// How many findings are named.
const TOP: usize = 3;

/// Prints the summary.
pub(crate) fn print(
    context: &Context,
    outcome: &Outcome,
    tally: &Tally,
    folder: &Path,
    returned: &[Returned],
) -> io::Result<()> {
    // A path relative to the current folder is shorter.
    let here = std::env::current_dir().ok();
    let folder = here.as_deref().and_then(|here| folder.strip_prefix(here).ok()).unwrap_or(folder);
    io::stdout().write_all(render(context, outcome, tally, folder, returned, colour()).as_bytes())
}

/// Whether standard output may be coloured.
pub(crate) fn colour() -> bool {
    takes_control(&io::stdout())
}

/// The summary's text.
pub(crate) fn render(
    context: &Context,
    outcome: &Outcome,
    tally: &Tally,
    folder: &Path,
    returned: &[Returned],
    colour: bool,
) -> String {
    let mut out = String::new();
    let folder = folder.display().to_string();
    head(&mut out, context, outcome, colour);
    table(&mut out, context, outcome, colour);
    not_imported(&mut out, context);
    most_frequent(&mut out, context, tally);
    files(&mut out, tally, &folder, returned);
    next(&mut out, context, outcome, &folder, returned);
    out
}

fn head(out: &mut String, context: &Context, outcome: &Outcome, colour: bool) {
    let accepted = outcome.sum(|counts| counts.accepted);
    let (what, paint) = match outcome.status {
        Status::Checked => ("checked; no database was changed", "32"),
        Status::Planned => ("planned; everything was rolled back", "32"),
        Status::Committed if outcome.sum(Counts::written) > 0 => ("committed", "32"),
        Status::Committed if accepted > 0 => ("committed; nothing had to be written", "32"),
        Status::Committed if outcome.sum(|counts| counts.read) == 0 => {
            ("committed; nothing was written", "32")
        }
        Status::Committed => ("nothing was written: no row was accepted", "31"),
        Status::Refused if context.refuses_unknown && context.loses_columns() => {
            ("refused: columns are not imported; the target is as it was before", "31")
        }
        Status::Refused => ("refused: more rejects than --max-rejects; the target is as it was before", "31"),
        Status::Failed => ("failed; the target is as it was before", "31"),
        Status::Interrupted => ("interrupted; the target is as it was before", "31"),
        Status::Undone => ("undone", "32"),
    };
    let spent = outcome.finished.duration_since(context.started).unsigned_abs();
    let _ = writeln!(out, "muster {} {}", context.command, context.run);
    if let Some(target) = &context.target {
        let _ = writeln!(out, "{}", visible(target));
    }
    let _ = writeln!(out, "{}, {}", painted(what, paint, colour), time(spent));
    for file in context.entities.iter().flat_map(|entity| &entity.files).filter(|f| f.records == Some(0)) {
        let header = if file.format == "csv" { "a header and " } else { "" };
        let _ = writeln!(out, "{} has {header}no rows", visible(&file.path));
    }
    out.push('\n');
}

/// The counts, a column for each entity, in as many tables as the width needs.
fn table(out: &mut String, context: &Context, outcome: &Outcome, colour: bool) {
    let loaded = matches!(outcome.status, Status::Committed | Status::Planned);
    let rows: [Row; 11] = [
        ("read", |c| c.read, true, ""),
        ("  accepted", |c| c.accepted, true, "32"),
        ("    inserted", |c| c.inserted, loaded, ""),
        ("    updated", |c| c.updated, loaded, ""),
        ("    unchanged", |c| c.unchanged, loaded, ""),
        ("    deleted", |c| c.deleted, loaded && outcome.counts.iter().any(|c| c.deleted > 0), ""),
        ("  rejected", |c| c.rejected, true, "31"),
        ("  duplicates", |c| c.duplicates, true, "33"),
        ("warnings", |c| c.warnings, true, "33"),
        ("blank lines", |c| c.blank, outcome.counts.iter().any(|c| c.blank > 0), ""),
        ("guards removed", |c| c.unguarded, outcome.counts.iter().any(|c| c.unguarded > 0), ""),
    ];
    let column = |(at, entity): (usize, &super::Entity)| {
        let (name, counts) = (fitted(&entity.name, 24), &outcome.counts[at]);
        let widest = rows.iter().map(|row| grouped(row.1(counts)).len()).max().unwrap_or(0);
        (widest.max(width(&name)) + 2, name, counts)
    };
    let columns: Vec<_> = context.given().map(column).collect();
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let mut used = LABEL;
        let fit = rest
            .iter()
            .take_while(|(width, ..)| {
                used += width;
                used <= COLUMNS
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(fit);
        let _ = write!(out, "{:LABEL$}", "");
        for (room, name, _) in now {
            let _ = write!(out, "{}{name}", " ".repeat(room - width(name)));
        }
        out.push('\n');
        for (label, value, shown, paint) in rows {
            if !shown {
                continue;
            }
            let _ = write!(out, "{label:LABEL$}");
            for (width, _, counts) in now {
                let number = value(counts);
                let text = format!("{:>width$}", grouped(number));
                out.push_str(&painted(&text, paint, colour && number > 0));
            }
            out.push('\n');
        }
        out.push('\n');
        rest = later;
    }
}

/// The columns of each file that are lost, and how to decide about them. Names are never cut short.
fn not_imported(out: &mut String, context: &Context) {
    for file in context.given().flat_map(|(_, entity)| &entity.files).filter(|f| !f.not_imported.is_empty()) {
        let names: Vec<_> = file.not_imported.iter().map(|lost| visible(&lost.column)).collect();
        let _ = writeln!(out, "{}: {}: {}", visible(&file.path), file.lost(), names.join(", "));
    }
    if context.loses_columns() {
        out.push_str(
            "  Map each to its field (--map HEADER=FIELD), or ignore it: in the schema, in\n  \
             muster.toml, or all of them with --unknown-columns ignore.\n\n",
        );
    }
}

/// The findings with the most rows; warnings only if there is nothing worse.
fn most_frequent(out: &mut String, context: &Context, tally: &Tally) {
    let mut rules = tally.all_rules();
    rules.sort_by_key(|(_, rule)| (rule.severity == Severity::Warning, std::cmp::Reverse(rule.rows)));
    rules.truncate(TOP);
    if rules.is_empty() {
        return;
    }
    out.push_str("Most frequent\n");
    let counts: Vec<_> = rules.iter().map(|(_, rule)| count(rule.rows, "row")).collect();
    let widest = counts.iter().map(String::len).max().unwrap_or(0);
    for ((entity, rule), rows) in rules.iter().zip(counts) {
        let mark =
            if rule.severity == Severity::Reject { String::new() } else { format!(" ({})", rule.severity) };
        let entity = fitted(&context.entities[*entity].name, 16);
        let used = 2 + widest + 2 + rule.code.as_str().len() + 2 + width(&entity) + 1 + mark.len();
        let column = fitted(rule.column.as_deref().unwrap_or("-"), COLUMNS.saturating_sub(used).max(12));
        let _ = writeln!(out, "  {rows:>widest$}  {}  {entity}.{column}{mark}", rule.code);
    }
    out.push('\n');
}

/// Where the reports are.
fn files(out: &mut String, tally: &Tally, folder: &str, returned: &[Returned]) {
    let _ = writeln!(out, "Reports in {}", visible(folder));
    let mut lines = vec![(names::PAGE.to_owned(), "what is wrong, and what to fix first".to_owned())];
    if tally.findings() > 0 {
        lines.push((names::FINDINGS_CSV.to_owned(), count(tally.findings(), "finding")));
    }
    for file in returned {
        let what = match file.kind {
            ReturnedKind::Rejected => "rejected record",
            ReturnedKind::Broken => "broken record",
            ReturnedKind::Duplicates => "duplicate",
        };
        lines.push((visible(&file.name).into_owned(), count(file.records, what)));
    }
    // A long name is left whole, and pushes only its own line to the right.
    let longest = lines.iter().map(|(_, what)| what.len()).max().unwrap_or(0);
    let room = lines.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(COLUMNS - 4 - longest);
    for (name, what) in lines {
        let _ = writeln!(out, "  {}  {what}", padded(&name, room));
    }
    out.push('\n');
}

/// What to type next. A command is one line, so that it can be copied.
fn next(out: &mut String, context: &Context, outcome: &Outcome, folder: &str, returned: &[Returned]) {
    let page = shell::quoted(&format!("{folder}/{}", names::PAGE));
    let rejected: Vec<_> = returned.iter().filter(|file| file.is_rejected()).collect();
    let refused = outcome.status == Status::Refused;
    let corrected = shell::import_corrected(context, outcome.status, folder, returned);
    let sources = shell::import_sources(context, outcome.status);
    let _ = match (corrected, sources) {
        (Some(command), _) => {
            let names: Vec<_> = rejected.iter().map(|file| visible(&file.name)).collect();
            let names = names.join(" and ");
            let names = if width(&names) > COLUMNS - 16 { "the rejected files" } else { &names };
            writeln!(out, "Next:\n  1. open {page}\n  2. fix {names} there\n  3. {command}")
        }
        (None, Some(command)) if !rejected.is_empty() => {
            let or = if refused { "" } else { " and check again, or import the accepted ones" };
            writeln!(out, "Next:\n  1. open {page}\n  2. fix those rows in your files{or}\n  3. {command}")
        }
        (None, Some(command)) if !refused && outcome.sum(|counts| counts.read) > 0 => {
            writeln!(out, "Next: {command}")
        }
        (None, None) if outcome.status == Status::Committed && !context.loses_columns() => {
            writeln!(out, "Nothing is left to fix.")
        }
        _ => Ok(()),
    };
}

fn painted(text: &str, paint: &str, colour: bool) -> String {
    if colour && !paint.is_empty() { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::{context, finding};
    use super::*;
    use crate::record::Code;

    fn summary(status: Status, colour: bool) -> String {
        let mut context = context();
        context.entities[1].files[0].header[0] = "E\x1b[31m".to_owned();
        let finished = "2026-11-24T12:00:03.2Z".parse().unwrap();
        let counts = Counts {
            read: 10_000_000,
            accepted: 9_999_000,
            rejected: 800,
            duplicates: 200,
            inserted: 9_999_000,
            ..Counts::default()
        };
        let outcome = Outcome { status, finished, counts: vec![Counts::default(), counts] };
        let mut tally = Tally::new(&context);
        let findings = [
            finding(1, Some(0), Code::InvalidEmail, "x"),
            finding(2, Some(1), Code::TooLong, "y"),
            finding(3, Some(0), Code::Defaulted, "z"),
        ];
        tally.add_for_test(&context, 1, &findings);
        let returned = [Returned {
            entity: 1,
            name: "users.rejected.csv".into(),
            records: 800,
            kind: ReturnedKind::Rejected,
            file: 0,
            sha256: String::new(),
            encoding: None,
            readings: Vec::new(),
        }];
        render(&context, &outcome, &tally, Path::new("muster-runs/0193-run"), &returned, colour)
    }

    #[test]
    fn the_summary_is_read_at_a_glance() {
        let expected = "\
muster import 0193-run
committed, 3.2 s

                accounts       users
read                   0  10,000,000
  accepted             0   9,999,000
    inserted           0   9,999,000
    updated            0           0
    unchanged          0           0
  rejected             0         800
  duplicates           0         200
warnings               0           0

Most frequent
  1 row  invalid-email  users.E␛[31m
  1 row  too-long  users.iban
  1 row  defaulted  users.E␛[31m (warning)

Reports in muster-runs/0193-run
  report.html         what is wrong, and what to fix first
  rejects.csv         3 findings
  users.rejected.csv  800 rejected records

Next:
  1. open muster-runs/0193-run/report.html
  2. fix users.rejected.csv there
  3. muster import muster-runs/0193-run/users.rejected.csv
";
        assert_eq!(summary(Status::Committed, false), expected);
    }

    #[test]
    fn colours_change_no_column_and_a_check_shows_no_load() {
        let coloured = summary(Status::Checked, true);
        assert!(coloured.contains("\x1b[31m         800\x1b[0m"), "{coloured}");
        assert!(!coloured.contains("inserted"));
        let plain =
            ["32", "31", "33", "0"].iter().fold(coloured, |s, c| s.replace(&format!("\x1b[{c}m"), ""));
        assert_eq!(plain, summary(Status::Checked, false));
    }

    #[test]
    fn what_was_written_is_said() {
        let head_of = |counts: Counts, records| {
            let mut context = context();
            context.entities[1].files[0].records = Some(records);
            let finished = context.started;
            let outcome =
                Outcome { status: Status::Committed, finished, counts: vec![Counts::default(), counts] };
            let mut out = String::new();
            head(&mut out, &context, &outcome, false);
            out.lines().skip(1).collect::<Vec<_>>().join("\n")
        };
        let rejected = Counts { read: 200, rejected: 200, ..Counts::default() };
        assert_eq!(head_of(rejected, 200), "nothing was written: no row was accepted, 0.0 s\n");
        let unchanged = Counts { read: 1, accepted: 1, unchanged: 1, ..Counts::default() };
        assert_eq!(head_of(unchanged, 1), "committed; nothing had to be written, 0.0 s\n");
        let nothing = "committed; nothing was written, 0.0 s\nin/users.csv has a header and no rows\n";
        assert_eq!(head_of(Counts::default(), 0), nothing);
    }

    #[test]
    fn many_entities_take_several_tables_of_eighty_columns() {
        let mut context = context();
        let entity = context.entities[0].clone();
        context.entities = (0..9)
            .map(|n| super::super::Entity { name: format!("long-entity-name-{n}"), ..entity.clone() })
            .collect();
        let outcome = Outcome {
            status: Status::Checked,
            finished: context.started,
            counts: vec![Counts { read: 1, ..Counts::default() }; 9],
        };
        let mut out = String::new();
        table(&mut out, &context, &outcome, false);
        assert!(out.lines().all(|line| width(line) <= COLUMNS), "{out}");
        assert_eq!(out.matches("long-entity-name-").count(), 9);
        assert_eq!(out.matches("read ").count(), 3);
    }
}
