//! What can be typed for `muster explain`.

use clap::Args;

/// `muster explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  muster explain invalid-iban\n  muster explain")]
pub(crate) struct ExplainArgs {
    /// The code; all are listed without
    pub(crate) code: Option<String>,
}
