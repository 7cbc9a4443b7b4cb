//! A run that ends with an error still reports what it knows.

use crate::load::LoadError;
use crate::report::Status;
use crate::settle::EntityVerdict;

use super::RunError;
use super::file::EntityRead;
use super::publish::expected;
use super::state::Run;

/// Up to how many findings an interrupted run reports: it must end within a second.
const AT_ONCE: u64 = 100_000;

impl Run<'_> {
    /// Reports a run that failed, and returns its error. It reports what is known by then: the `latest` verdicts if
    /// there are any, else what reading found; nothing counts as written. An interrupted run with many findings reports
    /// nothing. If the reports cannot be written either, the error stays the same.
    pub(super) fn failed(
        &mut self,
        entities: &[EntityRead],
        latest: Option<&[EntityVerdict]>,
        error: RunError,
        target: Option<&str>,
    ) -> RunError {
        if matches!(error, RunError::Load(LoadError::Unknown { .. })) {
            // The sealed reports say `committed`, which is not known: they get no names, and do not go either.
            self.folder.leave();
            let folder = self.folder.path().display();
            tracing::warn!("the run's files are in {folder} as .NAME.partial; they hold if it was committed");
            return error;
        }
        let status =
            if matches!(error, RunError::Interrupted) { Status::Interrupted } else { Status::Failed };
        let settled = latest.and_then(|verdicts| Some((verdicts, self.counts(entities, verdicts).ok()?)));
        let unsettled = vec![EntityVerdict::default(); entities.len()];
        let (verdicts, counts) =
            settled.unwrap_or_else(|| (&unsettled, entities.iter().map(EntityRead::counts).collect()));
        if status == Status::Interrupted && expected(entities, verdicts) > AT_ONCE {
            tracing::warn!(
                "there are too many findings to report them before the end: no reports are written"
            );
            return error;
        }
        let reported = self.report(entities, verdicts, &counts, status, target);
        if let Err(second) = reported.and_then(|_| self.publish()) {
            tracing::error!("the reports could not be written: {second}");
        }
        error
    }
}
