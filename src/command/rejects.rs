//! `muster rejects`: the findings of a finished run, counted, shown with their source lines, written in
//! another format, or compared with those of an earlier run.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use crate::cli::{RejectsArgs, RejectsFormat};
use crate::exit::Exit;
use crate::frame::{self, Change, FindingFilter, RuleRows, Scan, group};
use crate::output::{json, spreadsheet};
use crate::report::diagnostic::render_finding;
use crate::report::rejects::{Sources, StoredRun, render_changes, render_groups};
use crate::report::{findings, terminal};
use crate::schema::Schema;

use super::print::{self, print};
use super::{CommandError, explain};

/// How many values of a rule are listed, for people and for programs.
const VALUES: usize = 3;
const VALUES_IN_JSON: usize = 100;

/// Does what was asked for.
pub(crate) fn run(args: &RejectsArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let filter = filter(args)?;
    let run = StoredRun::open(&args.run)?;
    if let Some(earlier) = &args.against {
        return against(&StoredRun::open(earlier)?, &run, &filter, args.json, out);
    }
    if let Some(most) = args.show {
        show(args, &run, &filter, most, out)?;
    } else if let Some(format) = args.format {
        convert(&run, &filter, format, args.output.as_deref(), out)?;
    } else {
        let groups = group(&run.findings(), &filter, if args.json { VALUES_IN_JSON } else { VALUES })?;
        if args.json {
            let all = serde_json::json!({
                "run": run.run, "findings": groups.findings, "rules": groups.rules,
            });
            print(out, print::json(&all))?;
        } else {
            print(out, render_groups(&run, &groups))?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn filter(args: &RejectsArgs) -> Result<FindingFilter, CommandError> {
    args.code.iter().try_for_each(|code| explain::find(code).map(drop))?;
    let (codes, columns, entities) = (args.code.clone(), args.column.clone(), args.entity.clone());
    Ok(FindingFilter { codes, columns, entities })
}

/// Compares two runs by their summaries.
fn against(
    before: &StoredRun,
    now: &StoredRun,
    filter: &FindingFilter,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let wanted = |run: &StoredRun| -> Vec<RuleRows> {
        let mut rules = run.rules();
        rules.retain(|rule| filter.admits(&rule.entity, &rule.code, rule.column.as_deref(), None));
        rules
    };
    let changes = frame::compare(&wanted(before), &wanted(now));
    let text = if as_json {
        print::json(&serde_json::json!({"run": now.run, "against": before.run, "rules": changes}))
    } else {
        render_changes(before, now, &changes)
    };
    print(out, text)?;
    let is_worse = changes.iter().any(|change: &Change| change.verdict.is_bad());
    Ok(if is_worse { Exit::Rejects } else { Exit::Done })
}

/// Prints findings with their source lines.
fn show(
    args: &RejectsArgs,
    run: &StoredRun,
    filter: &FindingFilter,
    most: usize,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let schema = Schema::open(args.schemas.as_deref())?;
    let mut sources = Sources::new(run, Some(&schema), args.show_values);
    let mut left = most;
    Scan::open(&run.findings())?.each(filter, |finding, _| {
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        let mut text = String::new();
        render_finding(&mut text, finding, &mut sources, terminal::colour());
        out.write_all(text.as_bytes())?;
        Ok(ControlFlow::Continue(()))
    })?;
    if left == most && most > 0 {
        writeln!(out, "No findings.")?;
    }
    Ok(())
}

/// Writes findings in another format: beside the file's final name, and renamed when whole.
fn convert(
    run: &StoredRun,
    filter: &FindingFilter,
    format: RejectsFormat,
    output: Option<&Path>,
    out: &mut dyn Write,
) -> Result<(), CommandError> {
    let Some(path) = output else {
        if format == RejectsFormat::Parquet {
            let problem = "--format parquet: not for a terminal; name a file with --output";
            return Err(CommandError::Usage(problem.to_owned()));
        }
        return write(run, filter, format, out);
    };
    let refused = |source| CommandError::Write { path: path.to_owned(), source };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut staged = tempfile::NamedTempFile::new_in(parent).map_err(refused)?;
    let mut buffered = io::BufWriter::with_capacity(1 << 20, staged.as_file_mut());
    write(run, filter, format, &mut buffered)?;
    buffered.flush().map_err(refused)?;
    drop(buffered);
    staged.as_file().sync_all().map_err(refused)?;
    staged.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}

fn write(
    run: &StoredRun,
    filter: &FindingFilter,
    format: RejectsFormat,
    mut out: &mut dyn Write,
) -> Result<(), CommandError> {
    let path = run.findings();
    match format {
        RejectsFormat::Parquet => frame::write_parquet(&path, filter, &mut out)?,
        RejectsFormat::Ndjson => Scan::open(&path)?.each(filter, |_, line| {
            // Written by muster they are escaped already; anybody may have written the file.
            out.write_all(json::escaped(&String::from_utf8_lossy(line)).as_bytes())?;
            out.write_all(b"\n")?;
            Ok(ControlFlow::Continue(()))
        })?,
        RejectsFormat::Csv => {
            out.write_all(spreadsheet::BOM)?;
            out.write_all(findings::HEADER.as_bytes())?;
            out.write_all(spreadsheet::LINE_END)?;
            let mut record = Vec::new();
            Scan::open(&path)?.each(filter, |finding, _| {
                record.clear();
                findings::csv_of_stored(&mut record, finding);
                out.write_all(&record)?;
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(())
}
