//! `undo`: an earlier run undone, in one transaction.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};

use jiff::Timestamp;
use serde::Serialize;

use crate::db::require_writable;
use crate::load::{LoadError, RunRecord, Undo, Undone, journal, load_lock};
use crate::output::{RunFolder, json, names};
use crate::record::RunId;
use crate::report::Status;
use crate::settings::Settings;
use crate::signal::{self, POLL};

use super::RunError;
use super::database::{Database, session_name};
use super::publish::publish_committed;

/// The result of an undo; in JSON, the file `summary.json`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct UndoReported {
    /// Its own id.
    pub(crate) run: RunId,
    command: &'static str,
    /// `undone`, or `planned` for a dry run.
    pub(crate) status: Status,
    started: String,
    finished: String,
    version: &'static str,
    schema_sha256: String,
    /// The run that was undone.
    pub(crate) undoes: String,
    /// In load order.
    pub(crate) entities: Vec<UndoneEntity>,
    /// The target for people.
    #[serde(skip)]
    pub(crate) target: String,
}

/// One entity of an undo: nothing was read, so the counts of an import are all 0.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct UndoneEntity {
    /// Its name.
    pub(crate) entity: String,
    read: u64,
    blank: u64,
    accepted: u64,
    rejected: u64,
    duplicates: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    warnings: u64,
    files: [(); 0],
    rules: [(); 0],
    /// Rows that the run had inserted, deleted.
    pub(crate) deleted: u64,
    /// Rows that the run had updated, restored.
    pub(crate) restored: u64,
    /// Rows that stay as they are, since `muster runs forget` removed their undo data.
    pub(crate) forgotten: u64,
}

impl UndoReported {
    /// The text of `summary.json`.
    pub(crate) fn to_json(&self) -> String {
        json::pretty(self)
    }
}

/// Undoes the run whose id begins like this. `confirm` is asked once the run is known, and may say no; a dry run asks
/// nothing.
/// Errors: see [`RunError`]. The target is as it was before, unless the error says that the undo is committed
/// ([`RunError::Unpublished`]), or that this is not known.
pub(crate) fn undo(
    run: &str,
    settings: &Settings,
    confirm: impl FnOnce(&RunRecord) -> Result<(), RunError> + Send + 'static,
) -> Result<UndoReported, RunError> {
    let target = &settings.target;
    let (id, started) = (RunId::generate(), Timestamp::now());
    let cancelled = signal::flag()?;
    let database = Database::new(&cancelled)?;
    let session = database.connect(target.database_url.as_deref(), &session_name(&id, started))?;
    let run = database.wait::<_, LoadError>(&session, async {
        require_writable(&session).await?;
        journal::find(&session.client, run).await
    })?;
    database.wait(&session, Undo::of(&session, &run))?;
    if !target.dry_run {
        answer(confirm, &run, &cancelled)?;
    }
    let mut folder = settings.reports.out.as_ref().map(RunFolder::open).transpose()?;
    // Looked at again under the lock: the answer may have taken its time.
    let (run, undone) = database.wait::<_, LoadError>(&session, async {
        load_lock(&session.client, target.lock_timeout).await?;
        let run = journal::find(&session.client, &run.run).await?;
        let undone = Undo::of(&session, &run).await?.run(&id).await?;
        Ok((run, undone))
    })?;
    let reported = UndoReported {
        run: id,
        command: "undo",
        status: if target.dry_run { Status::Planned } else { Status::Undone },
        started: format!("{started:.3}"),
        finished: format!("{:.3}", Timestamp::now()),
        version: env!("CARGO_PKG_VERSION"),
        schema_sha256: run.schema_sha256.clone(),
        undoes: run.run.clone(),
        entities: undone.into_iter().map(entity).collect(),
        target: session.target().to_owned(),
    };
    if let Some(folder) = &mut folder {
        let mut file = folder.create(names::SUMMARY)?;
        file.put(reported.to_json().as_bytes())?;
        file.finish()?;
        folder.seal()?;
    }
    if cancelled.load(Ordering::Relaxed) {
        return Err(RunError::Interrupted);
    }
    if !target.dry_run {
        // Without the COMMIT, the end of the session takes everything back.
        database.wait_surely(Undo::commit(&session, &reported.run))?;
    }
    if let Some(folder) = &mut folder {
        publish_committed(folder, &reported.run)?;
    }
    Ok(reported)
}

/// Waits for the answer, or for a signal: a signal does not interrupt the reading of an answer.
fn answer(
    confirm: impl FnOnce(&RunRecord) -> Result<(), RunError> + Send + 'static,
    run: &RunRecord,
    cancelled: &AtomicBool,
) -> Result<(), RunError> {
    let (sender, receiver) = mpsc::channel();
    let run = run.clone();
    // If nobody answers, it ends with the process.
    std::thread::spawn(move || sender.send(confirm(&run)));
    loop {
        match receiver.recv_timeout(POLL) {
            Ok(answer) => return answer,
            Err(RecvTimeoutError::Disconnected) => return Err(RunError::Declined),
            Err(RecvTimeoutError::Timeout) if cancelled.load(Ordering::Relaxed) => {
                return Err(RunError::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn entity(undone: Undone) -> UndoneEntity {
    let Undone { entity, deleted, restored, forgotten } = undone;
    UndoneEntity { entity, deleted, restored, forgotten, ..UndoneEntity::default() }
}
