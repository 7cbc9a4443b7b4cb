//! What can be typed for `muster account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::settings::{Given, Reports, Rules, Settings, ShownValues, Target};

use super::database::LockArgs;
use super::field_values::FieldValues;
use super::records::{ListArgs, RecordsArgs, ShowArgs};

/// `muster account`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct AccountArgs {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: AccountAction,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountAction {
    /// Create one account: from flags, from a JSON object, or by answering questions
    Create(Box<CreateArgs>),
    /// Show one account, by its key
    #[command(after_help = "Example:\n  muster account show A-17 --json")]
    Show(ShowArgs),
    /// List accounts in the order of their keys
    #[command(after_help = "\
Examples:
  muster account list --plan pro
  muster account list --type company --columns name,contact.email")]
    List(ListArgs),
}

/// `muster account create`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct CreateArgs {
    /// A file with one JSON object, or - for standard input [default: questions at a terminal, else -]
    #[arg(value_name = "JSON")]
    pub(crate) json_file: Option<PathBuf>,
    /// Which records, and how they are shown.
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// If an account with this key exists, update it, as an import does; else that is an error
    #[arg(long, help_heading = "Loading")]
    pub(crate) update: bool,
    /// Do everything in the database too, then roll back
    #[arg(long, help_heading = "Loading")]
    pub(crate) dry_run: bool,
    /// Warnings also reject the record
    #[arg(long, help_heading = "Loading", hide_short_help = true)]
    pub(crate) strict: bool,
    /// Keep the reports in this folder; without it none are kept (the journal has the run)
    #[arg(long, value_name = "DIR", help_heading = "Output", hide_short_help = true)]
    pub(crate) out: Option<PathBuf>,
    /// How long its lock is waited for.
    #[command(flatten)]
    pub(crate) lock: LockArgs,
    /// A flag for each field of the schema.
    #[command(flatten)]
    pub(crate) fields: FieldValues,
}

const CREATE_EXAMPLES: &str = "\
Examples:
  muster account create --legacyId A-17 --name 'Bakkerij Jansen'
  muster account create account.json
  echo '{\"legacyId\": \"A-17\", \"name\": \"Jansen\"}' | muster account create
  muster account create

The record is imported like a file with one row: by the same rules, with the
same findings, lock and journal; `muster undo` undoes it. Exit code 3 if it was
rejected (then nothing is left, not even a run), 4 if it exists already.";

impl CreateArgs {
    /// These options as settings.
    pub(crate) fn settings(&self, given: &Given) -> Settings {
        Settings {
            rules: Rules { schemas: self.records.schemas.clone(), strict: self.strict, ..Rules::default() },
            target: Target {
                database_url: self.records.database.database_url.clone(),
                dry_run: self.dry_run,
                lock_timeout: self.lock.time(),
                ..Target::default()
            },
            reports: Reports {
                out: self.out.clone(),
                values: if self.records.show_values { ShownValues::All } else { ShownValues::NotSensitive },
                given: given.clone(),
                ..Reports::default()
            },
            ..Settings::default()
        }
    }
}
