//! Exit codes. They are a contract: scripts look at them.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, every row accepted.
    Done,
    /// A fatal error; the target is as it was before.
    Failed,
    /// The command line is wrong.
    Usage,
    /// Done, and rows were rejected or skipped as duplicates, or filled columns were not imported: read the reports.
    Rejects,
    /// Refused; the target is as it was before.
    Refused,
    /// COMMIT was sent, and the rows are or may be in the database, but the run could not be finished: the reply
    /// was lost and the server could not be asked, or the reports could not be put in place or printed.
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
}
