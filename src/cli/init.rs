//! What can be typed for `muster init`.

use std::path::PathBuf;

use clap::Args;

use crate::source::InputSpec;

/// `muster init`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InitArgs {
    /// CSV, TSV or NDJSON files: a path, or entity=path to say what it holds
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<InputSpec>,
    /// What all the files hold: the entity with this table
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Replace a muster.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Read the column rules, and synonyms.toml, from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Show the values of sensitive columns
    #[arg(long, help_heading = "Output")]
    pub(crate) show_values: bool,
    /// Print the proposal as JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  muster init Klanten.csv Gebruikers.csv
  muster init accounts=export-2019.csv --force

It writes muster.toml in the current folder, and ends with 3 where a person must
decide something: that is written as a comment.";
