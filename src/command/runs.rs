//! `muster runs`: what ran, on which files, with which counts.

use std::fmt::Write as _;
use std::io::Write;

use crate::cli::{RunsAction, RunsArgs};
use crate::exit::Exit;
use crate::load::RunRecord;
use crate::output::visible::visible;
use crate::report::number::{count, grouped};
use crate::run::{RunsQuery, runs};

use super::print::{json, print};
use super::{CommandError, question};

/// How many characters of an id tell runs apart in a list: they hold the time in milliseconds.
const SHORT: usize = 13;

/// Asks the journal and prints the answer.
///
/// # Errors
///
/// See [`CommandError`].
pub(crate) fn run(args: &RunsArgs, yes: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let action = args.action.as_ref().unwrap_or(&RunsAction::List);
    let query = match action {
        RunsAction::List => RunsQuery::List,
        RunsAction::Show { run } => RunsQuery::Show(run.clone()),
        RunsAction::Prune { older_than } => RunsQuery::Prune(*older_than),
        RunsAction::Forget { email } => {
            if !yes {
                let email = visible(email);
                question::ask(format!("Remove {email} from the undo data of all runs, for good?"))?;
            }
            RunsQuery::Forget(email.clone())
        }
    };
    let (found, number) = runs(&query, args.database.database_url.as_deref())?;
    let text = match (action, args.json) {
        (RunsAction::List, false) => list(&found),
        (RunsAction::List, true) => json(&found),
        (RunsAction::Show { .. }, false) => found.iter().map(show).collect(),
        (RunsAction::Show { .. }, true) => found.iter().map(json).collect(),
        (RunsAction::Prune { .. }, true) => json(&serde_json::json!({ "pruned": number })),
        (RunsAction::Prune { .. }, false) => format!("{} can no longer be undone\n", count(number, "run")),
        (RunsAction::Forget { .. }, true) => json(&serde_json::json!({ "forgotten": number })),
        (RunsAction::Forget { .. }, false) => {
            format!("{} removed from the journal\n", count(number, "record"))
        }
    };
    print(out, text)?;
    Ok(Exit::Done)
}

fn list(runs: &[RunRecord]) -> String {
    if runs.is_empty() {
        return "No run has committed to this database.\n".to_owned();
    }
    let mut text = format!("{:SHORT$}  {:16}  {:9}  {:12}  what\n", "run", "started", "status", "role");
    for run in runs {
        let what = match &run.undoes {
            Some(other) => format!("undo of {}", &other[..SHORT]),
            None => run
                .entities
                .iter()
                .map(|e| {
                    let (inserted, updated) = (grouped(e.inserted), grouped(e.updated));
                    format!("{}: {inserted} inserted, {updated} updated", visible(&e.entity))
                })
                .collect::<Vec<_>>()
                .join("; "),
        };
        let (id, started, role) = (&run.run[..SHORT], time(&run.started), visible(&run.role));
        let _ = writeln!(text, "{id}  {started:16}  {:9}  {role:12}  {what}", run.status);
    }
    text
}

fn show(run: &RunRecord) -> String {
    let mut text = format!("run        {}\n", run.run);
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:10} {}", visible(value));
    };
    line("command", &run.command);
    line("status", &run.status);
    if let Some(by) = &run.undone_by {
        line("undone by", by);
    }
    if let Some(other) = &run.undoes {
        line("undoes", other);
    }
    line("started", &run.started);
    line("finished", &run.finished);
    let from = [run.client.as_deref(), run.host.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    line("role", &format!("{} from {}", run.role, from.join(", ")));
    line("version", &run.version);
    line("schema", &run.schema_sha256);
    line("options", &run.options.to_string());
    let undo = match (&run.pruned, run.undoable) {
        (Some(pruned), _) => format!("not possible: pruned at {pruned}"),
        (None, false) => "not possible".to_owned(),
        (None, true) if run.status == "undone" => "done".to_owned(),
        (None, true) => format!("muster undo {}", &run.run[..SHORT]),
    };
    line("undo", &undo);
    for entity in &run.entities {
        let _ = writeln!(text, "\n{} in {}", visible(&entity.entity), visible(&entity.table));
        let counts = [
            ("read", entity.read),
            ("accepted", entity.accepted),
            ("inserted", entity.inserted),
            ("updated", entity.updated),
            ("unchanged", entity.unchanged),
            ("deleted", entity.deleted),
            ("rejected", entity.rejected),
            ("duplicates", entity.duplicates),
            ("warnings", entity.warnings),
            ("forgotten", entity.forgotten),
        ];
        for (label, number) in counts {
            let _ = writeln!(text, "  {label:10} {:>12}", grouped(number));
        }
        for file in &entity.files {
            let _ = writeln!(
                text,
                "  {}  {} bytes, {}, sha256 {}",
                visible(&file.path),
                grouped(file.bytes),
                file.encoding,
                file.sha256
            );
        }
    }
    text
}

/// The date and the minute.
fn time(rfc3339: &str) -> String {
    rfc3339.get(..16).unwrap_or(rfc3339).replace('T', " ")
}
