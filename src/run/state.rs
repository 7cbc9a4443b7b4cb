//! A run under way: its identity, its settings, its folder, its cancellation.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::event::Listener;
use crate::export::records::OwnedRecord;
use crate::fault::{self, Point};
use crate::output::{RunFolder, names};
use crate::read::{Keep, Seed};
use crate::record::RunId;
use crate::report::PlannedRun;
use crate::report::rejects::StoredRun;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::signal;

use super::RunError;
use super::database::session_name;
use super::file::paths;

/// The folder that runs are kept in when `--out` names none.
const RUNS: &str = "muster-runs";

/// A run under way.
pub(crate) struct Run<'o> {
    /// Its identity.
    pub(crate) id: RunId,
    /// The subcommand.
    pub(crate) command: &'static str,
    /// When it began.
    pub(crate) started: Timestamp,
    /// What it was asked to do.
    pub(super) settings: &'o Settings,
    /// What of a clean row is kept.
    pub(super) keep: Keep,
    pub(super) schema: Schema,
    pub(super) folder: RunFolder,
    /// An earlier run to compare with.
    pub(super) earlier: Option<StoredRun>,
    pub(super) seed: Seed,
    pub(super) listener: &'o dyn Listener,
    pub(super) cancelled: Arc<AtomicBool>,
    /// What a dry run would do.
    pub(super) plan: Option<PlannedRun>,
    /// The record of a run about a single one.
    pub(super) record: Option<OwnedRecord>,
}

impl<'o> Run<'o> {
    /// Loads the schema, makes the run's folder and listens to signals.
    pub(super) fn begin(
        command: &'static str,
        settings: &'o Settings,
        keep: Keep,
        listener: &'o dyn Listener,
    ) -> Result<Self, RunError> {
        let schema = Schema::open(settings.rules.schemas.as_deref())?;
        let one = fault::slow().then_some(NonZeroUsize::MIN);
        if let Some(threads) = one.or(settings.reading.threads) {
            crate::parallel::use_threads(threads);
        }
        let earlier = settings.reports.against.as_deref().map(StoredRun::open).transpose()?;
        let cancelled = signal::flag()?;
        let id = RunId::generate();
        let path = settings.reports.out.clone().unwrap_or_else(|| PathBuf::from(RUNS).join(id.as_str()));
        let inputs: Vec<_> = paths(&settings.inputs).map(PathBuf::as_path).collect();
        let folder = RunFolder::open_for(path, &inputs)?;
        fault::reach(Point::Begun);
        Ok(Self {
            id,
            command,
            started: Timestamp::now(),
            settings,
            keep,
            schema,
            folder,
            earlier,
            seed: Seed::default(),
            listener,
            cancelled,
            plan: None,
            record: None,
        })
    }

    /// The name of the run's sessions on the server.
    pub(super) fn session_name(&self) -> String {
        session_name(&self.id, self.started)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// The findings as they are on the disk, published or not.
    pub(super) fn findings(&self) -> Result<String, RunError> {
        std::fs::read_to_string(self.folder.partial(names::FINDINGS_NDJSON)).map_err(RunError::Spool)
    }
}
