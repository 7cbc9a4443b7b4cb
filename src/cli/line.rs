//! The whole command line: the commands, and the options that all of them have.

use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::config::Config;
use crate::report::log;
use crate::settings::Given;

use super::account::AccountArgs;
use super::completions::CompletionsArgs;
use super::config::ConfigArgs;
use super::db::DbArgs;
use super::explain::ExplainArgs;
use super::export::{ExportArgs, VerifyArgs};
use super::import::{CheckArgs, ImportArgs};
use super::init::InitArgs;
use super::journal::{RunsArgs, UndoArgs};
use super::rejects::RejectsArgs;
use super::roles::RolesArgs;
use super::schema::SchemaArgs;
use super::user::UserArgs;

/// Moves accounts and users from legacy files into PostgreSQL, and proves that none was lost.
#[derive(Debug, Parser)]
#[command(
    name = "muster",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "`muster COMMAND -h` lists the options of a command, --help explains all of them.",
    after_long_help = EXIT_CODES
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How much to say, and how.
    #[command(flatten)]
    pub(crate) talk: Talk,
    /// Which `muster.toml`.
    #[command(flatten)]
    pub(crate) settings: ConfigArgs,
    /// The options of the command as they were given.
    #[arg(skip)]
    pub(crate) given: Given,
    /// The `muster.toml` that is used.
    #[arg(skip)]
    pub(crate) config: Option<Arc<Config>>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, every row accepted
  1    a fatal error; the target is as it was before
  2    the command line is wrong
  3    done, but rows were rejected or duplicates, or columns were not imported: read the reports
  4    refused (by --max-rejects or --unknown-columns); the target is as it was before
  5    COMMIT was sent, but its reply or the reports were lost: look with muster runs
  130  interrupted; the target is as it was before";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Propose a mapping for files that nobody has mapped yet, and write muster.toml
    Init(InitArgs),
    /// Validate files, resolve duplicates and references, and write reports; write to no database
    Check(Box<CheckArgs>),
    /// Check files, then write accounts and users in one transaction, and write reports
    Import(Box<ImportArgs>),
    /// Look into the findings of a run: by rule, by column, by value; compare two runs
    Rejects(RejectsArgs),
    /// Say what a reject code means, why it exists and how to fix the row
    Explain(ExplainArgs),
    /// List the runs: when, on which files, with which counts
    Runs(RunsArgs),
    /// Undo a run; refused if a row has changed since
    Undo(UndoArgs),
    /// Write one consistent snapshot of accounts and users to files
    Export(ExportArgs),
    /// Compare the files of an export with its manifest, and with the database
    Verify(VerifyArgs),
    /// Create an account by the rules of the import; show and list accounts
    Account(AccountArgs),
    /// Show and list users, and invite them by e-mail
    User(UserArgs),
    /// Show what each role of a user may do
    Roles(RolesArgs),
    /// Print or check the column rules, or create tables from them
    Schema(SchemaArgs),
    /// Start, stop or open the private local PostgreSQL, used if no database is named
    Db(DbArgs),
    /// Print the completion script of a shell
    Completions(CompletionsArgs),
}

/// How much to say, and how: the options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct Talk {
    /// Print only errors on standard error
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more on standard error; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Ask nothing: answer every question with yes
    #[arg(long, short, global = true, hide_short_help = true)]
    pub(crate) yes: bool,
    /// Show no progress
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) no_progress: bool,
    /// The format of log lines
    #[arg(long, global = true, value_name = "FORMAT", default_value_t = log::Format::Text, hide_short_help = true)]
    #[arg(value_enum)]
    pub(crate) log_format: log::Format,
}
