//! `muster undo`: puts back what a run changed.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::cli::UndoArgs;
use crate::exit::Exit;
use crate::load::RunRecord;
use crate::output::visible::{visible, visible_lines};
use crate::report::Status;
use crate::report::number::{grouped, minute};
use crate::run::{RunError, UndoReported, undo};

use super::{CommandError, question};

/// Undoes the run, and prints what that did.
pub(crate) fn run(args: &UndoArgs, yes: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let asks = !yes && !args.dry_run;
    if asks && !question::can_ask() {
        let question = format!("undo {}: this deletes and restores rows.", args.run);
        return Err(RunError::Unasked { question }.into());
    }
    let reported = undo(&args.run, &args.settings(), move |run| if asks { ask(run) } else { Ok(()) })?;
    let text = if args.json { reported.to_json() } else { render(&reported) };
    match out.write_all(visible_lines(&text).as_bytes()).and_then(|()| out.flush()) {
        // It is done; a reader that went away does not change that.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) if reported.status == Status::Planned => Err(error.into()),
        Err(source) => Err(RunError::Unprinted { run: reported.run.to_string(), source }.into()),
        Ok(()) => Ok(Exit::Done),
    }
}

fn ask(run: &RunRecord) -> Result<(), RunError> {
    let counts: Vec<_> = run
        .entities
        .iter()
        .map(|entity| {
            let (inserted, updated) = (grouped(entity.inserted), grouped(entity.updated + entity.deleted));
            format!("{}: delete {inserted}, restore {updated}", entity.entity)
        })
        .collect();
    let started = minute(&run.started);
    let question = format!("Undo run {} of {started} UTC by {} ({})?", run.run, run.role, counts.join("; "));
    question::ask(question)
}

fn render(reported: &UndoReported) -> String {
    let what = match reported.status {
        Status::Planned => "planned; everything was rolled back",
        _ => "undone",
    };
    let mut text = format!(
        "muster undo {}\n{}\nrun {}: {what}\n\n",
        reported.run,
        visible(&reported.target),
        reported.undoes
    );
    let width = reported.entities.iter().map(|entity| entity.entity.len()).max().unwrap_or(0);
    for entity in &reported.entities {
        let (deleted, restored) = (grouped(entity.deleted), grouped(entity.restored));
        let _ = write!(text, "  {:width$}  {deleted} deleted, {restored} restored", entity.entity);
        if entity.forgotten > 0 {
            let _ = write!(text, ", {} forgotten and left as they are", grouped(entity.forgotten));
        }
        text.push('\n');
    }
    text
}
