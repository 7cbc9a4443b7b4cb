//! What can be typed for `muster account`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{FieldValues, ListArgs, RecordsArgs, ShowArgs};

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
    #[command(
        after_help = "Examples:\n  muster account list --plan pro\n  muster account list --type company --columns name,contact.email"
    )]
    List(ListArgs),
}

/// `muster account create`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(after_help = CREATE_EXAMPLES)]
pub(crate) struct CreateArgs {
    /// A file with one JSON object, or - for standard input; without it and without flags, standard input
    /// where that is no terminal, else questions are asked
    #[arg(value_name = "JSON")]
    pub(crate) json_file: Option<PathBuf>,
    /// Which records, and how they are shown.
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// Where an account with this key exists, update it, as an import does; else that is an error
    #[arg(long, help_heading = "Loading")]
    pub(crate) update: bool,
    /// Do everything in the database too, then roll back
    #[arg(long, help_heading = "Loading")]
    pub(crate) dry_run: bool,
    /// Warnings reject the record, too
    #[arg(long, help_heading = "Loading")]
    pub(crate) strict: bool,
    /// Keep the reports of the run in this folder; without it none are kept (the journal has the run)
    #[arg(long, value_name = "DIR", help_heading = "Output options")]
    pub(crate) out: Option<PathBuf>,
    /// Wait so many seconds for another run on the same database instead of failing at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0, help_heading = "Loading")]
    pub(crate) lock_timeout: u64,
    /// A flag for each field of the schema.
    #[command(flatten)]
    pub(crate) fields: FieldValues,
}

const CREATE_EXAMPLES: &str = "\
Examples:
  muster account create --legacyId A-17 --name 'Bakkerij Jansen' --contact.email info@jansen.example
  muster account create account.json
  echo '{\"legacyId\": \"A-17\", \"name\": \"Jansen\", \"contact\": {\"gender\": \"female\"}}' | muster account create
  muster account create

The record goes the way of an import with one row: the same rules, findings, lock and journal, and `muster
undo` takes it back. Exit code 3 where it was rejected, 4 where it exists already.";
