//! `muster runs`: what ran, on which files, with which counts.

use std::fmt::Write as _;
use std::io::Write;

use crate::cli::{RunsAction, RunsArgs};
use crate::exit::Exit;
use crate::load::RunRecord;
use crate::output::visible::visible;
use crate::record::short_id;
use crate::report::number::{count, grouped, minute};
use crate::report::table::{Table, pairs, room};
use crate::run::{RunsQuery, runs};

use super::print::{json, print};
use super::{CommandError, question};

/// Asks the journal and prints the answer.
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
    let mut table = Table::new(["run", "started (UTC)", "status", "role", "what"], 0);
    for run in runs {
        let entities = run.entities.iter().map(|entity| {
            let counts =
                [("inserted", entity.inserted), ("updated", entity.updated), ("deleted", entity.deleted)];
            let counts = counts.iter().filter(|(_, number)| *number > 0);
            let counts: Vec<_> =
                counts.map(|(word, number)| format!("{} {word}", grouped(*number))).collect();
            let counts = if counts.is_empty() { "nothing written".to_owned() } else { counts.join(", ") };
            format!("{}: {counts}", entity.entity)
        });
        let what = match &run.undoes {
            Some(other) => format!("undo of {}", short_id(other)),
            None => entities.collect::<Vec<_>>().join("; "),
        };
        let id = short_id(&run.run).to_owned();
        table.add([id, minute(&run.started), run.status.clone(), run.role.clone(), what].map(Some));
    }
    table.whole(room(), true)
}

fn show(run: &RunRecord) -> String {
    let from = [run.client.as_deref(), run.host.as_deref()].into_iter().flatten().collect::<Vec<_>>();
    let undo = match (&run.pruned, run.undoable) {
        (Some(pruned), _) => format!("not possible: pruned at {pruned}"),
        (None, false) => "not possible".to_owned(),
        (None, true) if run.status == "undone" => "done".to_owned(),
        (None, true) => format!("muster undo {}", short_id(&run.run)),
    };
    let fields = [
        ("run", Some(run.run.clone())),
        ("command", Some(run.command.clone())),
        ("status", Some(run.status.clone())),
        ("undone by", run.undone_by.clone()),
        ("undoes", run.undoes.clone()),
        ("started", Some(run.started.clone())),
        ("finished", Some(run.finished.clone())),
        ("role", Some(format!("{} from {}", run.role, from.join(", ")))),
        ("version", Some(run.version.clone())),
        ("schema", Some(run.schema_sha256.clone())),
        ("options", Some(run.options.to_string())),
        ("undo", Some(undo)),
    ];
    let mut text = pairs(&fields.into_iter().filter(|(_, value)| value.is_some()).collect::<Vec<_>>());
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
