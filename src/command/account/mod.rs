//! `muster account`: the accounts of the database, one by one, and a new one by the rules of the import.

mod ask;
mod json;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::cli::{AccountAction, AccountArgs, CreateArgs, Talk};
use crate::event::Listener;
use crate::exit::Exit;
use crate::frame::StoredFinding;
use crate::output::visible::visible;
use crate::record::short_id;
use crate::report::Diagnostic;
use crate::report::log::colour;
use crate::report::mask::mask;
use crate::report::table::pairs;
use crate::rule::Rule;
use crate::run::Reported;
use crate::run::record::{self, Ending, Single, TypedRecord};
use crate::schema::{Entity, Schema};
use crate::settings::Given;
use crate::side_file::{MOST, bounded};

use super::print::{print, say};
use super::{CommandError, records};

/// The entity that the command is named after.
const ENTITY: &str = "accounts";

/// Does what was asked.
pub(crate) fn run(
    args: &AccountArgs,
    given: &Given,
    talk: &Talk,
    listener: &dyn Listener,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    match &args.action {
        AccountAction::Create(args) => create(args, given, talk, listener, out),
        AccountAction::Show(args) => records::show(args, ENTITY, out),
        AccountAction::List(args) => records::list(args, ENTITY, talk.quiet, out),
    }
}

fn create(
    args: &CreateArgs,
    given: &Given,
    talk: &Talk,
    listener: &dyn Listener,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let schema = Schema::open(args.records.schemas.as_deref())?;
    let name = args.records.entity.as_deref().unwrap_or(ENTITY);
    let Some(entity) = schema.entities.iter().find(|entity| entity.name == name) else {
        let known: Vec<_> = schema.entities.iter().map(|entity| entity.name.as_str()).collect();
        let known = known.join(", ");
        return Err(CommandError::Usage(format!(
            "the schema has no entity `{name}`; it has {known}: name one with --entity"
        )));
    };
    let cells = match source(args)? {
        Source::Flags => of_flags(args, entity),
        Source::Json(path) => json::cells(&read(path)?, entity).map_err(CommandError::Usage)?,
        Source::Questions => ask::cells(&schema, entity, args, talk.yes)?,
    };
    let typed = TypedRecord { entity: entity.name.clone(), cells };
    let mask = (!args.records.show_values).then_some(mask as fn(&str) -> String);
    let single = Single { command: "account create", update: args.update, mask };
    let reported = record::write(&typed, &single, args.settings(given), listener)?;
    let ending = Ending::of(&reported);
    show(&reported, ending, &typed, args, entity, talk.quiet, out)?;
    Ok(match (reported.exit(), ending) {
        // No row was read: the record looks like its own header.
        (Exit::Done, Ending::Rejected) => Exit::Rejects,
        (exit, _) => exit,
    })
}

/// Where the fields come from.
enum Source<'a> {
    Flags,
    /// A path; `-` is standard input.
    Json(&'a Path),
    Questions,
}

fn source(args: &CreateArgs) -> Result<Source<'_>, CommandError> {
    let people = io::stdin().is_terminal() && io::stderr().is_terminal();
    match (&args.json_file, args.fields.0.is_empty()) {
        (Some(_), false) => Err(CommandError::Usage(
            "fields come from flags or from JSON, not from both; leave one of them away".to_owned(),
        )),
        (Some(path), true) => Ok(Source::Json(path)),
        (None, false) => Ok(Source::Flags),
        (None, true) if people => Ok(Source::Questions),
        (None, true) if !io::stdin().is_terminal() => Ok(Source::Json(Path::new("-"))),
        (None, true) => Err(CommandError::Usage(
            "nobody can be asked, because standard error is no terminal; give fields as flags (see --help) or \
             a JSON object on standard input"
                .to_owned(),
        )),
    }
}

/// The cells of flags. A list that is given in pieces is put together as its cell holds it.
fn of_flags(args: &CreateArgs, entity: &Entity) -> Vec<(String, String)> {
    let given = args.fields.0.iter();
    let cells = given.map(|(name, values)| {
        let separator = match entity.field(name).map(|index| &entity.fields[index].rule) {
            Some(Rule::List(list)) => list.separator(),
            _ => ',',
        };
        (name.clone(), values.join(&separator.to_string()))
    });
    cells.collect()
}

fn read(path: &Path) -> Result<String, CommandError> {
    let read = if path == Path::new("-") {
        bounded(io::stdin().lock(), MOST)
    } else {
        File::open(path).and_then(|file| bounded(file, MOST))
    };
    let bytes = read.map_err(|source| CommandError::Read { path: path.to_owned(), source })?;
    String::from_utf8(bytes).map_err(|_| CommandError::Usage("the JSON is not UTF-8".to_owned()))
}

/// Prints findings for people on standard error; on standard output what happened, or the record itself.
fn show(
    reported: &Reported,
    ending: Ending,
    typed: &TypedRecord,
    args: &CreateArgs,
    entity: &Entity,
    quiet: bool,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let findings: Vec<StoredFinding<'_>> =
        reported.findings.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| !quiet || &*finding.severity != "warning") {
        Diagnostic::stored(finding).render(&mut text, colour());
        text.push('\n');
    }
    say(&text);
    let record = reported.record.as_ref();
    let key = record.map_or_else(String::new, |record| format!(" {}", visible(&record.key)));
    let name = &entity.name;
    let run = short_id(&reported.context.run);
    let line = match (ending, args.dry_run) {
        (Ending::Exists, _) => {
            let own = &entity.fields[entity.key].name;
            let given = typed.cells.iter().find(|(name, _)| entity.meant(name) == Some(entity.key));
            let key = given.map(|(_, text)| visible(text.trim()).into_owned()).unwrap_or_default();
            say(&format!(
                "muster: {name}: {own} {key} exists already; nothing has been changed. Give --update to update it\n"
            ));
            return Ok(());
        }
        (Ending::Rejected, _) if args.records.json => {
            let findings: Vec<&str> = reported.findings.lines().collect();
            return Ok(print(out, format!("{{\"findings\":[{}]}}\n", findings.join(",")))?);
        }
        (Ending::Rejected, _) if reported.findings.is_empty() => {
            "nothing was given; nothing has been written".to_owned()
        }
        (Ending::Rejected, _) => {
            say(&format!("muster: {name}: rejected; nothing has been written\n"));
            return Ok(());
        }
        (Ending::Unchanged, _) => format!("{name}{key} is there already, and the same"),
        (Ending::Created, true) => format!("{name}{key} would be created; everything was rolled back"),
        (Ending::Updated, true) => format!("{name}{key} would be updated; everything was rolled back"),
        (Ending::Created, false) => format!("{name}{key} is created; `muster undo {run}` undoes it"),
        (Ending::Updated, false) => format!("{name}{key} is updated; `muster undo {run}` undoes it"),
    };
    let text = match record {
        Some(record) if args.records.json => String::from_utf8_lossy(&record.json).into_owned(),
        _ if quiet => return Ok(()),
        Some(record) => {
            let filled =
                record.fields.iter().filter(|(_, value)| value.as_ref().is_some_and(|v| !v.is_empty()));
            let filled: Vec<_> = filled.map(|(name, value)| (name.as_str(), value.clone())).collect();
            format!("{line}\n\n{}", pairs(&filled))
        }
        None => line + "\n",
    };
    print(out, text).map_err(|source| CommandError::Unprinted { see: "muster account show", source })
}
