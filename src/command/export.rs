//! `muster export`: one snapshot to files, and what a nightly job needs around it.

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::ExportArgs;
use crate::event::Listener;
use crate::exit::Exit;
use crate::export::keep::{self, KeptExports};
use crate::export::metrics::{self, Ended};
use crate::export::{ExportError, ExportOptions, Format, Manifest, export};
use crate::report::progress::Progress;
use crate::settings::Limit;
use crate::signal;

use super::CommandError;
use super::print::print;

/// Exports, and prints what was written.
pub(crate) fn run(
    args: &ExportArgs,
    quiet: bool,
    progress: Progress,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    if let Some(path) = &args.metrics {
        metrics::check(path)?;
    }
    let started = Timestamp::now();
    let mut whole = None;
    let done = job(args, &progress, &mut whole);
    drop(progress);
    if let Some(path) = &args.metrics {
        let manifest = whole.as_ref().map(|(manifest, _)| manifest);
        let written = metrics::write(path, Ended { started, whole: manifest, error: done.as_ref().err() });
        match (&done, written) {
            // A failed export is the more important news.
            (Err(_), Err(error)) => tracing::error!("{error}"),
            (_, written) => written?,
        }
    }
    done?;
    if let Some((manifest, folder)) = &whole {
        for warning in &manifest.warnings {
            // Also the mail of a quiet job must have it.
            if quiet { tracing::error!("{warning}") } else { tracing::warn!("{warning}") }
        }
        let text = if args.json { manifest.to_json() } else { table(manifest, folder) };
        if args.json || !quiet {
            print(out, text)?;
        }
    }
    Ok(Exit::Done)
}

/// Exports, and keeps the newest exports. `whole` is what was exported and where, even if keeping fails after that.
fn job(
    args: &ExportArgs,
    listener: &dyn Listener,
    whole: &mut Option<(Manifest, PathBuf)>,
) -> Result<(), ExportError> {
    let cancelled = signal::flag()?;
    let exports =
        args.keep.map(|keep| KeptExports::open(&args.out).map(|exports| (exports, keep))).transpose()?;
    let folder = exports.as_ref().map_or_else(|| args.out.clone(), |(exports, _)| exports.fresh());
    let options = options(args, folder.clone())?;
    *whole = Some((export(&options, listener, &cancelled)?, folder.clone()));
    if let Some((exports, keep)) = exports {
        for path in exports.take(&folder, keep.into())? {
            tracing::info!("{}: removed, newer exports are kept", path.display());
        }
    }
    Ok(())
}

fn options(args: &ExportArgs, out: PathBuf) -> Result<ExportOptions, ExportError> {
    if args.for_spreadsheet && args.format != Format::Csv {
        return Err(ExportError::Asked("--for-spreadsheet goes with --format csv only".to_owned()));
    }
    Ok(ExportOptions {
        entities: args.entities.clone(),
        schemas: args.schemas.clone(),
        database_url: args.database.database_url.clone(),
        out,
        format: args.format,
        connections: args.connections.into(),
        columns: args.columns.clone(),
        filters: args.filters.clone(),
        system_columns: args.with_system_columns,
        compression: args.compress,
        split: args.split,
        crosswalk: args.crosswalk,
        changes_since: since(args)?,
        max_deletes: args.allow_mass_deletes.unwrap_or(Limit::DELETES),
        last: keep::newest(&args.out)?,
        spreadsheet: args.for_spreadsheet.then(|| args.delimiter.unwrap_or(b',')),
        lock: args.lock,
    })
}

/// The export to write changes since. A folder that `--keep` fills has none in its first night.
fn since(args: &ExportArgs) -> Result<Option<PathBuf>, ExportError> {
    let Some(folder) = &args.changes_since else { return Ok(None) };
    match keep::newest(folder)? {
        Some(export) => Ok(Some(export)),
        None if args.keep.is_some() && *folder == args.out => {
            tracing::warn!("{}: no earlier export there, so no changes are written", folder.display());
            Ok(None)
        }
        None => Ok(Some(folder.clone())),
    }
}

fn table(manifest: &Manifest, folder: &Path) -> String {
    let mut text = String::new();
    for (name, rows, bytes) in manifest.listing() {
        text.push_str(&format!("{rows:>12} rows {bytes:>14} bytes  {}\n", folder.join(name).display()));
    }
    text
}
