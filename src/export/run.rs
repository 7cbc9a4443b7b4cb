//! An export from the snapshot to the manifest.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::event::Listener;
use crate::fault;
use crate::schema::Schema;

use super::changes::Earlier;
use super::error::ExportError;
use super::folder::Folder;
use super::job;
use super::manifest::{Asked, Manifest, SnapshotEntry};
use super::options::{ExportOptions, Format};
use super::runtime::Interruptible;
use super::write::Export;

/// Exports and returns the manifest.
/// Errors: see [`ExportError`]; the folder then holds what it held before.
pub(crate) fn export(
    options: &ExportOptions,
    listener: &dyn Listener,
    cancelled: &AtomicBool,
) -> Result<Manifest, ExportError> {
    let started = Timestamp::now();
    let schema = Schema::open(options.schemas.as_deref())?;
    job::chosen(&schema, &options.entities)?;
    let mut folder = Folder::open(&options.out)?;
    fault::point("MUSTER_TEST_EXPORT_STOP", "opened");
    let run = uuid::Uuid::now_v7().to_string();
    let guard = Interruptible::new(options.connections, cancelled)?;
    let name = format!("muster export {}", &run[..13]);
    let reading = guard.wait(Export::open(options, &schema, &name))?;
    fault::point("MUSTER_TEST_EXPORT_STOP", "snapshot");
    let earlier = earlier(options, &schema, reading.snapshot.session.target())?;
    let entities = reading.write(&guard, options, earlier.as_ref(), &mut folder, listener)?;
    let warnings =
        reading.emptied(&guard, &options.filters, &entities, earlier.as_ref(), options.last.as_deref())?;
    let manifest = Manifest {
        form: Manifest::form(),
        run,
        command: "export".to_owned(),
        status: "exported".to_owned(),
        started: format!("{started:.3}"),
        finished: format!("{:.3}", Timestamp::now()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_sha256: schema.sha256.clone(),
        target: reading.snapshot.session.target().to_owned(),
        snapshot: SnapshotEntry {
            taken: reading.snapshot.taken.clone(),
            transactions: reading.snapshot.position.clone(),
        },
        options: asked(options),
        changes_since: earlier.as_ref().map(Earlier::entry),
        warnings,
        entities,
    };
    if cancelled.load(Ordering::Relaxed) {
        return Err(ExportError::Interrupted);
    }
    fault::point("MUSTER_TEST_EXPORT_STOP", "read");
    folder.publish(&manifest)?;
    let rows: u64 =
        manifest.entities.iter().filter(|entity| entity.is_whole()).map(|entity| entity.rows).sum();
    tracing::info!(rows, run = manifest.run, "{}: exported", options.out.display());
    Ok(manifest)
}

/// The export that changes are found against.
fn earlier(options: &ExportOptions, schema: &Schema, target: &str) -> Result<Option<Earlier>, ExportError> {
    let Some(folder) = &options.changes_since else { return Ok(None) };
    if options.format != Format::Csv || options.spreadsheet.is_some() {
        let problem = "--changes-since works only with --format csv and without --for-spreadsheet".to_owned();
        return Err(ExportError::Asked(problem));
    }
    Earlier::open(folder, &asked(options), schema, target).map(Some)
}

fn asked(options: &ExportOptions) -> Asked {
    Asked {
        format: options.format,
        compression: options.compression,
        columns: options.columns.clone(),
        filters: options.filters.clone(),
        system_columns: options.system_columns,
        spreadsheet: options.spreadsheet.map(char::from),
    }
}
