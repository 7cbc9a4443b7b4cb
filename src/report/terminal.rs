//! The summary on standard output: the counts, the most frequent findings, where the reports are and what
//! to type next. The table fits 80 columns; nothing from a file can steer the terminal.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use crate::output::names;
use crate::output::visible::visible;
use crate::record::Severity;

use super::context::{Context, Counts, Outcome, Returned, Status};
use super::number::{count, grouped, time};
use super::shell;
use super::tally::Tally;

/// The widest line of the table.
const WIDTH: usize = 80;
/// The first column: the names of the counts.
const LABEL: usize = 14;
/// A line of the table: its label, its number, whether it is shown, its colour.
type Row = (&'static str, fn(&Counts) -> u64, bool, &'static str);

/// How many findings are named.
const TOP: usize = 3;

/// Prints the summary; colours only where a person looks on and `NO_COLOR` is not set.
///
/// # Errors
///
/// Those of standard output.
pub(crate) fn print(
    context: &Context,
    outcome: &Outcome,
    tally: &Tally,
    folder: &Path,
    returned: &[Returned],
) -> io::Result<()> {
    // From where the command was typed a path is shorter.
    let here = std::env::current_dir().ok();
    let folder = here.as_deref().and_then(|here| folder.strip_prefix(here).ok()).unwrap_or(folder);
    io::stdout().write_all(render(context, outcome, tally, folder, returned, colour()).as_bytes())
}

/// Whether standard output may be coloured: a person looks on, and `NO_COLOR` is not set.
#[must_use]
pub(crate) fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The summary's text.
#[must_use]
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
    most_frequent(&mut out, context, tally);
    files(&mut out, tally, &folder, returned);
    next(&mut out, context, outcome, &folder, returned);
    out
}

fn head(out: &mut String, context: &Context, outcome: &Outcome, colour: bool) {
    let (what, paint) = match outcome.status {
        Status::Checked => ("checked; no database was changed", "32"),
        Status::Planned => ("planned; everything was rolled back", "32"),
        Status::Committed => ("committed", "32"),
        Status::Refused => ("refused: more rejects than --max-rejects; the target is as it was before", "31"),
        Status::Failed => ("failed; the target is as it was before", "31"),
        Status::Interrupted => ("interrupted; the target is as it was before", "31"),
        Status::Undone => ("undone", "32"),
    };
    let spent = outcome.finished.duration_since(context.started).unsigned_abs();
    let _ = writeln!(out, "muster {} {}", context.command, visible(&context.run));
    if let Some(target) = &context.target {
        let _ = writeln!(out, "{}", visible(target));
    }
    let _ = writeln!(out, "{}, {}\n", painted(what, paint, colour), time(spent));
}

/// The counts, an entity a column; as many tables as the width asks for.
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
    let columns: Vec<_> = context
        .entities
        .iter()
        .zip(&outcome.counts)
        .map(|(entity, counts)| {
            let name = short(&entity.name, 24);
            let widest = rows.iter().map(|row| grouped(row.1(counts)).len()).max().unwrap_or(0);
            (widest.max(name.chars().count()) + 2, name, counts)
        })
        .collect();
    let mut rest = columns.as_slice();
    while !rest.is_empty() {
        let mut used = LABEL;
        let fit = rest
            .iter()
            .take_while(|(width, ..)| {
                used += width;
                used <= WIDTH
            })
            .count()
            .max(1);
        let (now, later) = rest.split_at(fit);
        let _ = write!(out, "{:LABEL$}", "");
        for (width, name, _) in now {
            let _ = write!(out, "{}{name}", " ".repeat(width - name.chars().count()));
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

/// The findings that hold most rows; warnings only where there is nothing worse.
fn most_frequent(out: &mut String, context: &Context, tally: &Tally) {
    let mut rules: Vec<_> = (0..context.entities.len())
        .flat_map(|entity| tally.rules(entity).into_iter().map(move |rule| (entity, rule)))
        .collect();
    rules.sort_by_key(|(_, rule)| (rule.severity == Severity::Warning, std::cmp::Reverse(rule.rows)));
    rules.truncate(TOP);
    if rules.is_empty() {
        return;
    }
    out.push_str("Most frequent\n");
    let counts: Vec<_> = rules.iter().map(|(_, rule)| count(rule.rows, "row")).collect();
    let width = counts.iter().map(String::len).max().unwrap_or(0);
    for ((entity, rule), rows) in rules.iter().zip(counts) {
        let mark =
            if rule.severity == Severity::Reject { String::new() } else { format!(" ({})", rule.severity) };
        let entity = short(&context.entities[*entity].name, 16);
        let used = 2 + width + 2 + rule.code.as_str().len() + 2 + entity.chars().count() + 1 + mark.len();
        let room = WIDTH.saturating_sub(used).max(12);
        let column = rule.column.as_deref().map_or_else(|| "-".to_owned(), |name| short(name, room));
        let _ = writeln!(out, "  {rows:>width$}  {}  {entity}.{column}{mark}", rule.code);
    }
    out.push('\n');
}

/// Where the reports are.
fn files(out: &mut String, tally: &Tally, folder: &str, returned: &[Returned]) {
    let _ = writeln!(out, "Reports in {}", visible(folder));
    let mut lines = vec![(names::PAGE.to_owned(), "what is wrong, and what to mend first".to_owned())];
    if tally.findings() > 0 {
        lines.push((names::FINDINGS_CSV.to_owned(), count(tally.findings(), "finding")));
    }
    for file in returned {
        let what = if file.duplicates { "duplicate" } else { "rejected record" };
        lines.push((short(&file.name, 48), count(file.records, what)));
    }
    // A long name is left whole, and pushes only its own line to the right.
    let longest = lines.iter().map(|(_, what)| what.len()).max().unwrap_or(0);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let width = width.min(WIDTH - 4 - longest);
    for (name, what) in lines {
        let _ = writeln!(out, "  {name:width$}  {what}");
    }
    out.push('\n');
}

/// What to type next.
fn next(out: &mut String, context: &Context, outcome: &Outcome, folder: &str, returned: &[Returned]) {
    let page = shell::quoted(&format!("{folder}/{}", names::PAGE));
    let rejected = returned.iter().any(|file| !file.duplicates);
    if let Some(command) = shell::mend(context, outcome.status, folder, returned) {
        let names: Vec<_> = returned.iter().filter(|f| !f.duplicates).map(|f| short(&f.name, 48)).collect();
        let _ = writeln!(out, "Next:\n  1. open {page}");
        let names = names.join(" and ");
        let names = if names.chars().count() > WIDTH - 16 { "the rejected files".to_owned() } else { names };
        let _ = writeln!(out, "  2. mend {names} there");
        let _ = writeln!(out, "  3. {}", shell::wrapped(&command, 5, WIDTH));
    } else if let (true, Some(command)) = (rejected, shell::onward(context, outcome.status)) {
        let _ = writeln!(out, "Next:\n  1. open {page}");
        out.push_str(if outcome.status == Status::Refused {
            "  2. mend those rows in your files\n  3. "
        } else {
            "  2. mend those rows in your files and check again, or import what is right\n  3. "
        });
        let _ = writeln!(out, "{}", shell::wrapped(&command, 5, WIDTH));
    } else if let (false, Some(command)) =
        (outcome.status == Status::Refused, shell::onward(context, outcome.status))
    {
        let _ = writeln!(out, "Next: {}", shell::wrapped(&command, 6, WIDTH));
    } else if outcome.status == Status::Committed {
        let _ = writeln!(out, "Nothing is left to mend.");
    }
}

fn painted(text: &str, paint: &str, colour: bool) -> String {
    if colour && !paint.is_empty() { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() }
}

/// A name that takes at most `most` columns, harmless.
fn short(name: &str, most: usize) -> String {
    let name = visible(name);
    if name.chars().count() <= most {
        return name.into_owned();
    }
    name.chars().take(most - 1).chain(['…']).collect()
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
            duplicates: false,
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
  report.html         what is wrong, and what to mend first
  rejects.csv         3 findings
  users.rejected.csv  800 rejected records

Next:
  1. open muster-runs/0193-run/report.html
  2. mend users.rejected.csv there
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
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert_eq!(out.matches("long-entity-name-").count(), 9);
        assert_eq!(out.matches("read ").count(), 3);
    }
}
