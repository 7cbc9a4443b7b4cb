//! `muster rejects`: the findings of a finished run, counted, shown with their source lines, written in
//! another format, or compared with those of an earlier run.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::cli::{RejectsArgs, RejectsFormat};
use crate::frame::{self, Change, FindingFilter, FrameError, RuleRows, Scan, group};
use crate::output::{OutputError, spreadsheet};
use crate::record::Code;
use crate::report::findings;
use crate::report::rejects::{
    Sources, StoredError, StoredRun, render_changes, render_finding, render_groups,
};
use crate::schema::{Schema, SchemaError, nearest};

/// How many values of a rule are listed, for people and for programs.
const VALUES: usize = 3;
const VALUES_IN_JSON: usize = 100;

/// What `muster rejects` can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RejectsError {
    /// A folder is no finished run.
    #[error(transparent)]
    Run(#[from] StoredError),
    /// The findings cannot be read or grouped.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// There is no such code: the command line is wrong.
    #[error("--code {code}: no code is called so; {advice}")]
    UnknownCode {
        /// What was asked for.
        code: String,
        /// What to write instead.
        advice: String,
    },
    /// Parquet is no text: the command line is wrong.
    #[error("--format parquet: not for a terminal; name a file with --output")]
    ParquetToStdout,
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The output file cannot be written.
    #[error("{}: cannot be written", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of a run could not be made.
    #[error(transparent)]
    File(#[from] OutputError),
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Write(#[from] io::Error),
}

impl RejectsError {
    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownCode { .. } | Self::ParquetToStdout => 2,
            _ => 1,
        }
    }

    /// Whether only the reader of standard output went away.
    #[must_use]
    pub(crate) fn is_closed_pipe(&self) -> bool {
        let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        match self {
            Self::Write(error) | Self::Frame(FrameError::Write(error)) => broken(error),
            _ => false,
        }
    }
}

/// Does what was asked for; `colour` where a person looks on. Returns the exit code.
///
/// # Errors
///
/// See [`RejectsError`].
pub(crate) fn run(args: &RejectsArgs, out: &mut dyn Write, colour: bool) -> Result<u8, RejectsError> {
    let filter = filter(args)?;
    let run = StoredRun::open(&args.run)?;
    if let Some(earlier) = &args.against {
        return against(&StoredRun::open(earlier)?, &run, &filter, args.json, out);
    }
    if let Some(most) = args.show {
        show(args, &run, &filter, most, out, colour)?;
    } else if let Some(format) = args.format {
        convert(&run, &filter, format, args.output.as_deref(), out)?;
    } else {
        let groups = group(&run.findings(), &filter, if args.json { VALUES_IN_JSON } else { VALUES })?;
        if args.json {
            let all = serde_json::json!({
                "run": run.run, "findings": groups.findings, "rules": groups.rules,
            });
            writeln!(out, "{all:#}")?;
        } else {
            out.write_all(render_groups(&run, &groups).as_bytes())?;
        }
    }
    Ok(0)
}

fn filter(args: &RejectsArgs) -> Result<FindingFilter, RejectsError> {
    if let Some(code) = args.code.iter().find(|code| Code::from_name(code).is_none()) {
        let near = nearest(code, Code::ALL.iter().map(|code| code.as_str()));
        let advice = near.map_or_else(
            || "`muster explain` lists all codes".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(RejectsError::UnknownCode { code: code.clone(), advice });
    }
    let (codes, columns, entities) = (args.code.clone(), args.column.clone(), args.entity.clone());
    Ok(FindingFilter { codes, columns, entities })
}

/// Compares two runs by their summaries.
fn against(
    before: &StoredRun,
    now: &StoredRun,
    filter: &FindingFilter,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, RejectsError> {
    let wanted = |run: &StoredRun| -> Vec<RuleRows> {
        let mut rules = run.rules();
        rules.retain(|rule| filter.admits(&rule.entity, &rule.code, rule.column.as_deref(), None));
        rules
    };
    let changes = frame::compare(&wanted(before), &wanted(now));
    if json {
        let all = serde_json::json!({"run": now.run, "against": before.run, "rules": changes});
        writeln!(out, "{all:#}")?;
    } else {
        out.write_all(render_changes(before, now, &changes).as_bytes())?;
    }
    Ok(if changes.iter().any(|change: &Change| change.verdict.is_bad()) { 3 } else { 0 })
}

/// Prints findings with their source lines.
fn show(
    args: &RejectsArgs,
    run: &StoredRun,
    filter: &FindingFilter,
    most: usize,
    out: &mut dyn Write,
    colour: bool,
) -> Result<(), RejectsError> {
    let schema = match &args.schemas {
        Some(folder) => Schema::load(folder)?,
        None => Schema::built_in()?,
    };
    let mut sources = Sources::new(run, Some(&schema), args.show_values);
    let mut left = most;
    Scan::open(&run.findings())?.each(filter, |finding, _| {
        if left == 0 {
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        let mut text = String::new();
        render_finding(&mut text, finding, &mut sources, colour);
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
) -> Result<(), RejectsError> {
    let Some(path) = output else {
        if format == RejectsFormat::Parquet {
            return Err(RejectsError::ParquetToStdout);
        }
        return write(run, filter, format, out);
    };
    let refused = |source| RejectsError::Output { path: path.to_owned(), source };
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
) -> Result<(), RejectsError> {
    let path = run.findings();
    match format {
        RejectsFormat::Parquet => frame::write_parquet(&path, filter, &mut out)?,
        RejectsFormat::Ndjson => Scan::open(&path)?.each(filter, |_, line| {
            out.write_all(line)?;
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
