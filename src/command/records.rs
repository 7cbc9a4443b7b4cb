//! Records on a screen: one as a list of its fields, several as a table that fits the terminal, or as JSON. Used by
//! `muster account` and `muster user`.

use std::io::{self, Write};

use crate::cli::{FieldValues, ListArgs, RecordsArgs, ShowArgs};
use crate::exit::Exit;
use crate::export::Filter;
use crate::export::records::{self, Record, RecordOptions};
use crate::report::mask::mask;
use crate::report::number::{count, grouped};
use crate::report::table::{Table, pairs, room};
use crate::schema::header_key;
use crate::signal;

use super::print::print;
use super::{CommandError, error};

/// How many records a table has by default.
const TABLE: u64 = 100;

/// Shows one record.
pub(super) fn show(args: &ShowArgs, entity: &str, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let options = RecordOptions { key: Some(args.key.clone()), ..options(&args.records, entity) };
    let json = args.records.json;
    records::list(&options, &*signal::flag()?, &mut |record| {
        out.write_all(&if json { record.json() } else { whole(record).into_bytes() })
    })?;
    Ok(Exit::Done)
}

/// Lists records.
pub(super) fn list(
    args: &ListArgs,
    entity: &str,
    quiet: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let json = args.records.json;
    let default = if json { None } else { Some(TABLE) };
    let options = RecordOptions {
        filters: filters(&args.fields, args),
        limit: args.limit.map_or(default, |limit| (limit > 0).then_some(limit)),
        ..options(&args.records, entity)
    };
    let cancelled = signal::flag()?;
    if json {
        records::list(&options, &cancelled, &mut |record| out.write_all(&record.json()))?;
        return Ok(Exit::Done);
    }
    let mut table: Option<(Table, Vec<String>)> = None;
    let found = records::list(&options, &cancelled, &mut |record| {
        let layout = record.layout();
        let begin =
            || (Table::new(layout.names(), layout.key()), layout.names().map(str::to_owned).collect());
        table.get_or_insert_with(begin).0.add(record.cells());
        Ok(())
    })?;
    let Some((table, names)) = table else {
        if !quiet {
            let _ = writeln!(io::stderr(), "(none)");
        }
        return Ok(Exit::Done);
    };
    let (text, left) = table.fitted(room(), &chosen(&args.columns, &names)?);
    print(out, text)?;
    let mut notes = Vec::new();
    if found.all > found.shown {
        let (shown, all) = (grouped(found.shown), grouped(found.all));
        notes.push(format!("{shown} of {all}: --limit 0 shows all"));
    }
    if left > 0 {
        notes.push(format!(
            "{} left out: choose with --columns FIELD,…, or show all with --json",
            count(left as u64, "column")
        ));
    }
    if !quiet && !notes.is_empty() {
        // A note: without it the table is still whole.
        let _ = writeln!(io::stderr(), "({})", notes.join("; "));
    }
    Ok(Exit::Done)
}

/// The columns asked for by name.
fn chosen(asked: &[String], names: &[String]) -> Result<Vec<usize>, CommandError> {
    let find = |name: &String| {
        let is = |own: &str| header_key(own) == header_key(name);
        // The first part of a dotted name is enough if only one name has it (`account`).
        let mut parts =
            (0..names.len()).filter(|&at| names[at].split_once('.').is_some_and(|(head, _)| is(head)));
        let by_part = parts.next().filter(|_| parts.next().is_none());
        names.iter().position(|own| is(own)).or(by_part).ok_or_else(|| {
            let known = names.iter().map(String::as_str);
            let advice = error::advice(name, known, || format!("there are {}", names.join(", ")));
            CommandError::Usage(format!("--columns {name}: no such field; {advice}"))
        })
    };
    asked.iter().map(find).collect()
}

fn options(args: &RecordsArgs, entity: &str) -> RecordOptions {
    RecordOptions {
        schemas: args.schemas.clone(),
        database_url: args.database.database_url.clone(),
        entity: args.entity.clone().unwrap_or_else(|| entity.to_owned()),
        key: None,
        filters: Vec::new(),
        limit: None,
        mask: (!args.show_values).then_some(mask),
    }
}

fn filters(flags: &FieldValues, args: &ListArgs) -> Vec<Filter> {
    let flags = flags.0.iter().flat_map(|(field, values)| {
        values.iter().map(|value| Filter { field: field.clone(), value: value.clone() })
    });
    flags.chain(args.filters.iter().cloned()).collect()
}

/// A whole record, a line for each field.
fn whole(record: &Record<'_>) -> String {
    pairs(&record.layout().names().zip(record.cells()).collect::<Vec<_>>())
}
