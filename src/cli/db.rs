//! What can be typed for `muster db`.

use clap::{Args, Subcommand};

/// `muster db`.
#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    /// What to do with it; without it, status.
    #[command(subcommand)]
    pub(crate) action: Option<DbAction>,
}

/// What to do with the private local PostgreSQL.
#[derive(Debug, Subcommand)]
pub(crate) enum DbAction {
    /// Start it, and make it if there is none
    Start,
    /// Stop it; its data stays
    Stop,
    /// Say whether it runs, where its data is and how to connect
    Status,
    /// Open psql in it
    #[command(after_help = "Example:\n  muster db psql -c 'SELECT count(*) FROM users'")]
    Psql {
        /// Arguments for psql
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
}
