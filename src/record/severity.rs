//! What a finding does to its row.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a finding does to its row, from the worst on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row is rejected.
    Reject,
    /// The row is skipped as a duplicate of another row.
    Duplicate,
    /// The row is accepted; a person should look at it.
    Warning,
    /// The finding is not reported (only a schema's setting asks for this).
    Ignore,
}

impl Severity {
    /// The word used in every report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Duplicate => "duplicate",
            Self::Warning => "warning",
            Self::Ignore => "ignore",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
