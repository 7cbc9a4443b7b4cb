//! The result of a run.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::export::records::OwnedRecord;
use crate::report::{Context, Outcome, PlannedRun, Returned, Status, Tally};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Reported {
    /// Names.
    pub(crate) context: Context,
    /// Status and counts.
    pub(crate) outcome: Outcome,
    /// Findings, by rule.
    pub(crate) tally: Tally,
    /// The files of rejected records, to be fixed and imported again.
    pub(crate) returned: Vec<Returned>,
    /// Where the reports are.
    pub(crate) folder: PathBuf,
    /// What a dry run would do.
    pub(crate) plan: Option<PlannedRun>,
    /// The record of a run about a single one, as the database has it.
    pub(crate) record: Option<OwnedRecord>,
    /// The findings of such a run as `rejects.ndjson` has them, one a line.
    pub(crate) findings: String,
}

impl Reported {
    /// The process's exit.
    pub(crate) fn exit(&self) -> Exit {
        let lost: u64 = self.outcome.counts.iter().map(|counts| counts.rejected + counts.duplicates).sum();
        match self.outcome.status {
            Status::Refused => Exit::Refused,
            Status::Failed => Exit::Failed,
            Status::Interrupted => Exit::Interrupted,
            _ if lost > 0 || self.context.loses_columns() => Exit::Rejects,
            _ => Exit::Done,
        }
    }
}
