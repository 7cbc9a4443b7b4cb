//! `muster export`: one snapshot to files, and what a nightly job needs around it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cli::{ExportArgs, ExportFormat, Pack};
use crate::event::Listener;
use crate::export::{
    Compression, ExportError, ExportOptions, Filter, Format, Manifest, export, keep, metrics,
};

/// Exports, and prints what was written.
///
/// # Errors
///
/// See [`ExportError`].
pub fn run(
    args: &ExportArgs,
    quiet: bool,
    listener: &dyn Listener,
    out: &mut dyn Write,
) -> Result<u8, ExportError> {
    let started = Timestamp::now();
    let cancelled = signals()?;
    let options = options(args)?;
    let done = export(&options, listener, &cancelled);
    if let Some(path) = &args.metrics {
        let written = metrics::write(path, started, done.as_ref().ok());
        // A failed export is the more important news.
        if done.is_ok() {
            written?;
        }
    }
    let manifest = done?;
    if let Some(keep) = args.keep {
        for path in keep::prune(&args.out, keep.into())? {
            tracing::info!("{}: taken away, newer ones are there", path.display());
        }
    }
    let text = if args.json { manifest.to_json() } else { table(&manifest, &options) };
    if args.json || !quiet {
        // The export is done; a reader that went away does not undo it.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
    Ok(0)
}

/// A flag that SIGINT and SIGTERM raise.
pub(super) fn signals() -> Result<Arc<AtomicBool>, ExportError> {
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&cancelled)).map_err(ExportError::Threads)?;
    }
    Ok(cancelled)
}

fn options(args: &ExportArgs) -> Result<ExportOptions, ExportError> {
    if args.for_spreadsheet && args.format != ExportFormat::Csv {
        return Err(ExportError::Asked("--for-spreadsheet goes with --format csv only".to_owned()));
    }
    Ok(ExportOptions {
        entities: args.entities.clone(),
        schemas: args.schemas.clone(),
        database_url: args.database.database_url.clone(),
        out: if args.keep.is_some() { keep::fresh(&args.out) } else { args.out.clone() },
        format: match args.format {
            ExportFormat::Csv => Format::Csv,
            ExportFormat::Ndjson => Format::Ndjson,
            ExportFormat::Parquet => Format::Parquet,
        },
        connections: args.connections.into(),
        columns: args.columns.clone(),
        filters: args
            .filters
            .iter()
            .map(|filter| Filter { field: filter.field.clone(), value: filter.value.clone() })
            .collect(),
        system_columns: args.with_system_columns,
        compression: args.compress.map(|pack| match pack {
            Pack::Gzip => Compression::Gzip,
            Pack::Zstd => Compression::Zstd,
        }),
        split: args.split,
        crosswalk: args.crosswalk,
        spreadsheet: args.for_spreadsheet.then(|| args.delimiter.unwrap_or(b',')),
        lock: args.lock,
    })
}

fn table(manifest: &Manifest, options: &ExportOptions) -> String {
    let mut text = String::new();
    for (name, rows, bytes) in manifest.listing() {
        text.push_str(&format!("{rows:>12} rows {bytes:>14} bytes  {}\n", options.out.join(name).display()));
    }
    text
}
