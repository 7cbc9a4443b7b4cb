//! Exit codes. They are a contract: scripts look at them.

use crate::report::Status;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, every row accepted.
    Done,
    /// A fatal error; the target is as it was before.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Done, and rows were rejected or lost as duplicates: read the reports.
    Rejects,
    /// Refused; the target is as it was before.
    Refused,
    /// COMMIT was sent, and the rows are or may be in the database, but not all of the run could be finished: the
    /// reply was lost and the server could not be asked, or the reports could not be put in place or printed.
    Unknown,
    /// A signal; the target is as it was before.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Rejects => 3,
            Self::Refused => 4,
            Self::Unknown => 5,
            Self::Interrupted => 130,
        }
    }

    /// The exit of a run with this status; `lost` is the number of rejected and duplicate rows.
    #[must_use]
    pub(crate) fn of(status: Status, lost: u64) -> Self {
        match status {
            Status::Refused => Self::Refused,
            Status::Failed => Self::Failed,
            Status::Interrupted => Self::Interrupted,
            _ if lost > 0 => Self::Rejects,
            _ => Self::Done,
        }
    }
}
