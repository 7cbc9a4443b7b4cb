//! The command line: what can be typed, and what it is parsed into. Nothing is decided or done here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::run::MaxRejects;
use crate::source::InputSpec;

mod account;
mod export;
mod fields;
mod invite;
mod records;
mod rejects;
mod roles;
mod schema;
mod user;
mod value;

pub(crate) use account::{AccountAction, AccountArgs, CreateArgs};
pub(crate) use export::{ExportArgs, ExportFormat, FieldFilter, Pack, VerifyArgs};
pub(crate) use fields::{FieldValues, LineError};
pub(crate) use invite::*;
pub(crate) use records::{ListArgs, RecordsArgs, ShowArgs};
pub(crate) use rejects::{RejectsArgs, RejectsFormat};
pub(crate) use roles::{RolesArgs, RolesFormat};
pub(crate) use schema::{SchemaAction, SchemaArgs};
pub(crate) use user::{UserAction, UserArgs};
pub(crate) use value::{FieldMapping, QuotedEmpty, age, delimiter, memory};

/// Moves accounts and users from legacy CSV files into PostgreSQL, and proves that none was lost.
#[derive(Debug, Parser)]
#[command(name = "muster", version, max_term_width = 100, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How much to say, and how.
    #[command(flatten)]
    pub(crate) talk: Talk,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done, every row accepted
  1    a fatal error; the target is as it was before
  2    the command line is wrong
  3    done, but rows were rejected or were duplicates: read the reports
  4    refused (more rejects than --max-rejects); the target is as it was before
  5    COMMIT was sent, but its reply or the reports were lost: look with muster runs
  130  interrupted; the target is as it was before";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Validate files, settle duplicates and references, and write reports; write to no database
    Check(CheckArgs),
    /// Check files, then upsert accounts and users in one transaction, and write reports
    Import(ImportArgs),
    /// Write one consistent snapshot of accounts and users to files
    Export(ExportArgs),
    /// Compare the files of an export with its manifest, and with the database
    Verify(VerifyArgs),
    /// Accounts: create one by the rules of the import, show one, list them
    Account(AccountArgs),
    /// Users: show one, list them, invite them by e-mail
    User(UserArgs),
    /// What each role of a user may do
    Roles(RolesArgs),
    /// Look into the findings of a run: by rule, by column, by value; compare two runs
    Rejects(RejectsArgs),
    /// What ran, on which files, with which counts
    Runs(RunsArgs),
    /// Put back what a run changed; refused where a row changed since
    Undo(UndoArgs),
    /// Say what a reject code means, why it exists and how to mend the row
    Explain(ExplainArgs),
    /// See the column rules, verify them, hand them to an editor, create tables from them
    Schema(SchemaArgs),
    /// The private local PostgreSQL that is used when no database is named
    Db(DbArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

/// How much to say, and how: the options of every command.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(next_help_heading = "Output options")]
pub(crate) struct Talk {
    /// Say nothing on standard error but errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more on standard error; twice for everything
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// How log lines are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    /// Draw no progress bars
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Ask nothing; take every question as answered with yes
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// `muster check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The files, the rules and the limits.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Look up keys and references in the database, read-only
    #[arg(long, help_heading = "Database")]
    pub(crate) against_database: bool,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  muster check accounts.csv users.csv
  muster check --delimiter ';' --encoding windows-1252 accounts.csv
  zcat old.csv.gz | muster check users=-
  muster check accounts.ndjson users.parquet
  muster check users.csv --against-database --max-rejects 1%";

/// `muster import`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(after_help = IMPORT_EXAMPLES)]
pub(crate) struct ImportArgs {
    /// The files, the rules and the limits.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Do everything in the database too, then roll back and print the plan
    #[arg(long, help_heading = "Loading")]
    pub(crate) dry_run: bool,
    /// The files list changes, as an export with --changes-since writes them: insert, update and delete these rows
    #[arg(long, help_heading = "Loading", conflicts_with = "report_absent")]
    pub(crate) apply_changes: bool,
    /// Delete the rows that the changes say are gone; without it, such changes are refused
    #[arg(long, help_heading = "Loading", requires = "apply_changes")]
    pub(crate) allow_deletes: bool,
    /// Keep no undo data: faster, but the run cannot be undone
    #[arg(long, help_heading = "Loading")]
    pub(crate) no_undo: bool,
    /// Do not overwrite rows that somebody changed in the database after muster wrote them; report them
    #[arg(long, help_heading = "Loading")]
    pub(crate) protect_edited: bool,
    /// Write the keys of rows that are in the database and not in the files to ENTITY.absent.csv
    #[arg(long, help_heading = "Loading")]
    pub(crate) report_absent: bool,
    /// Compare a checksum of each column in the database with what was sent; a difference rolls back
    #[arg(long, help_heading = "Loading")]
    pub(crate) reconcile: bool,
    /// Wait so many seconds for another run on the same database instead of failing at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) lock_timeout: u64,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  muster import accounts.csv users.csv
  muster import --dry-run accounts.csv users.csv
  muster import --map 'Klantnummer=legacyId' accounts=export-2019.csv users.csv
  muster import --database-url postgres://app@db.example/app --max-rejects 0 users.csv
  muster import --apply-changes --allow-deletes accounts.changes.csv users.changes.csv

The role needs SELECT, INSERT and UPDATE (for --allow-deletes DELETE, too) on the tables, CREATE on the schema where tables are missing, and
CREATE on the database the first time, for the journal (schema muster).";

/// What an empty cell does to a filled field on update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Empty {
    /// It empties the field
    Overwrite,
    /// The field stays as it is
    Keep,
}

/// Which rows of duplicates stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Duplicates {
    /// The first one in input order
    KeepFirst,
    /// The last one in input order
    KeepLast,
    /// None of them
    RejectAll,
}

/// The options of every command that reads files.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
pub(crate) struct ReadArgs {
    /// CSV, NDJSON or Parquet: a path, - for standard input, or entity=path; several of one entity are read as one
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<InputSpec>,
    /// Read the column rules from this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Write the reports here instead of muster-runs/RUN/
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Compare with the reports of an earlier run, in report.html
    #[arg(long, value_name = "RUN-DIR")]
    pub(crate) against: Option<PathBuf>,
    /// How the cells are separated (a character, \t or tab); found from the file where not given
    #[arg(long, value_name = "C", value_parser = delimiter, help_heading = "Reading")]
    pub(crate) delimiter: Option<u8>,
    /// The files' encoding, for example utf-8, utf-16le or windows-1252, or that of one file; found where not given
    #[arg(long, value_name = "[FILE=]NAME", help_heading = "Reading")]
    pub(crate) encoding: Vec<String>,
    /// How the cells of a field are read whose schema leaves it to the column: day-first, month-first, decimal-comma,
    /// decimal-point; of one file where it is named
    #[arg(long, value_name = "[FILE:]FIELD=HOW", help_heading = "Reading")]
    pub(crate) reading: Vec<String>,
    /// Read the column with this header as this field; can be given several times
    #[arg(long, value_name = "HEADER=FIELD", help_heading = "Reading")]
    pub(crate) map: Vec<FieldMapping>,
    /// Accept records that lack trailing cells, or keys of NDJSON, where all that is missing is optional
    #[arg(long, help_heading = "Reading")]
    pub(crate) pad_short: bool,
    /// Take the apostrophe off again that `export --for-spreadsheet` puts before a cell that would be a formula
    #[arg(long, help_heading = "Reading")]
    pub(crate) from_spreadsheet: bool,
    /// What "" means: the empty text, or as empty as a cell without quotes; the empty text only in files that
    /// muster exported where not given
    #[arg(long, value_name = "WHAT", help_heading = "Reading")]
    pub(crate) quoted_empty: Option<QuotedEmpty>,
    /// Reject records larger than this (K, M or G)
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = memory, help_heading = "Reading")]
    pub(crate) max_record: u64,
    /// Which row stays where several have the same key
    #[arg(long, value_name = "WHICH", default_value = "keep-first", help_heading = "Rules")]
    pub(crate) duplicates: Duplicates,
    /// Warnings about cells reject their rows, too
    #[arg(long, help_heading = "Rules")]
    pub(crate) strict: bool,
    /// Refuse the run when more rows than this are rejected (a number, or a percentage of the rows read)
    #[arg(long, value_name = "N|P%", help_heading = "Rules")]
    pub(crate) max_rejects: Option<MaxRejects>,
    /// Let a known user change its account
    #[arg(long, help_heading = "Rules")]
    pub(crate) move_users: bool,
    /// What an empty cell does to a filled field on update; a field's own `on_update` goes first
    #[arg(long, value_name = "WHAT", default_value = "overwrite", help_heading = "Rules")]
    pub(crate) empty: Empty,
    /// How many threads validate; as many as there are processors where not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Resources")]
    pub(crate) threads: Option<u16>,
    /// How much memory rows may take before they go to a file (K, M or G)
    #[arg(long, value_name = "SIZE", default_value = "32M", value_parser = memory, help_heading = "Resources")]
    pub(crate) memory: u64,
    /// Show the values of sensitive columns in the reports
    #[arg(long, help_heading = "Output options", conflicts_with = "hide_values")]
    pub(crate) show_values: bool,
    /// Show no values at all in the reports; the rejected records alone hold them
    #[arg(long, help_heading = "Output options")]
    pub(crate) hide_values: bool,
    /// Print the summary as JSON instead of a table
    #[arg(long, help_heading = "Output options")]
    pub(crate) json: bool,
}

/// Which database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Database")]
pub(crate) struct DatabaseArgs {
    /// The database; else the PG* variables and .pgpass, else the private local PostgreSQL
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub(crate) database_url: Option<String>,
}

/// `muster runs`.
#[derive(Debug, Args)]
#[command(after_help = RUNS_EXAMPLES)]
pub(crate) struct RunsArgs {
    /// What to do with the journal; the list where nothing is said.
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
  muster runs forget --email jan@example.nl";

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
        older_than: std::time::Duration,
    },
    /// Remove a person's data from the undo data
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
    /// Wait so many seconds for another run on the same database instead of failing at once
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) lock_timeout: u64,
    /// Print the summary as JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// `muster explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  muster explain invalid-iban\n  muster explain")]
pub(crate) struct ExplainArgs {
    /// The code; all of them are listed where none is given
    pub(crate) code: Option<String>,
}

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
    /// Start it, and make it first where there is none
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

/// `muster completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster completions bash > ~/.local/share/bash-completion/completions/muster"
)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

impl CompletionsArgs {
    /// The script, from the definition of the command line itself, with the flags of the built-in schema.
    ///
    /// # Errors
    ///
    /// Never in a binary whose tests passed.
    pub(crate) fn script(&self) -> Result<Vec<u8>, crate::schema::SchemaError> {
        let mut script = Vec::new();
        let mut command = fields::command(&crate::schema::Schema::built_in()?, None);
        clap_complete::generate(self.shell, &mut command, "muster", &mut script);
        Ok(script)
    }
}

#[cfg(test)]
mod tests;
