//! What can be typed for `muster runs` and `muster undo`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::settings::{Reports, Settings, Target};

use super::database::{DatabaseArgs, LockArgs};
use super::value::age;

/// `muster runs`.
#[derive(Debug, Args)]
#[command(after_help = RUNS_EXAMPLES)]
pub(crate) struct RunsArgs {
    /// What to do with the journal; the list if nothing is said.
    #[command(subcommand)]
    pub(crate) action: Option<RunsAction>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

const RUNS_EXAMPLES: &str = "\
Examples:
  muster runs
  muster runs show 0193f2
  muster runs prune --older-than 90d
  muster runs forget --email jan@example.nl --yes";

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsAction {
    /// List the runs that committed, the latest first
    List,
    /// Show one run with its files and counts
    Show {
        /// Its id, or the beginning of it
        run: String,
    },
    /// Remove the undo data of old runs, which can then no longer be undone
    Prune {
        /// How old: a number with h, d or w
        #[arg(long, value_name = "AGE", value_parser = age)]
        older_than: Duration,
    },
    /// Remove a person's data from the undo data of all runs; asks first
    Forget {
        /// The person's e-mail address
        #[arg(long, value_name = "EMAIL")]
        email: String,
    },
}

/// `muster undo`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  muster undo --dry-run 0193f2\n  muster undo 0193f2 --yes")]
pub(crate) struct UndoArgs {
    /// The run's id, or the beginning of it
    pub(crate) run: String,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Do everything in the database, then roll back
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write summary.json here
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// How long its lock is waited for.
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// Print the summary as JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl UndoArgs {
    /// These options as settings.
    pub(crate) fn settings(&self) -> Settings {
        let target = Target {
            database_url: self.database.database_url.clone(),
            dry_run: self.dry_run,
            lock_timeout: self.lock.time(),
            ..Target::default()
        };
        let reports = Reports { out: self.out.clone(), ..Reports::default() };
        Settings { target, reports, ..Settings::default() }
    }
}
