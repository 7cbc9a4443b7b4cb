//! Which database, and how long its lock is waited for.

use std::time::Duration;

use clap::Args;

use crate::settings::Target;

/// Which database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseArgs {
    /// The database [default: the PG* variables and .pgpass, else the private local PostgreSQL]
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub(crate) database_url: Option<String>,
}

/// The longest `--lock-timeout`: a week, in seconds.
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// How long the database's lock is waited for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct LockArgs {
    /// Wait up to this many seconds for another run on the same database, instead of failing at once
    #[arg(long, value_name = "SECONDS", default_value_t = Target::default().lock_timeout.as_secs())]
    #[arg(hide_short_help = true, value_parser = clap::value_parser!(u64).range(..=LONGEST))]
    lock_timeout: u64,
}

impl LockArgs {
    /// The time.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.lock_timeout)
    }
}
