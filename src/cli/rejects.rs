//! `muster rejects`: which findings of a run are looked at, and how they are shown.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `muster rejects`.
#[derive(Debug, Args)]
#[command(after_help = REJECTS_EXAMPLES)]
pub(crate) struct RejectsArgs {
    /// The folder of a run's reports
    #[arg(value_name = "RUN-DIR")]
    pub(crate) run: PathBuf,
    /// Only findings with this code; can be given several times
    #[arg(long, value_name = "CODE", help_heading = "Which findings")]
    pub(crate) code: Vec<String>,
    /// Only findings about this column (its header or its field); can be given several times
    #[arg(long, value_name = "COLUMN", help_heading = "Which findings")]
    pub(crate) column: Vec<String>,
    /// Only findings about this entity; can be given several times
    #[arg(long, value_name = "ENTITY", help_heading = "Which findings")]
    pub(crate) entity: Vec<String>,
    /// Print the first N findings with their source lines
    #[arg(long, value_name = "N", conflicts_with_all = ["format", "against", "json"])]
    pub(crate) show: Option<usize>,
    /// Write the findings in this format
    #[arg(long, value_name = "FORMAT", conflicts_with_all = ["against", "json"])]
    pub(crate) format: Option<RejectsFormat>,
    /// Write them to this file instead of standard output
    #[arg(long, value_name = "FILE", requires = "format")]
    pub(crate) output: Option<PathBuf>,
    /// Compare with the run in this folder; exit 3 when anything is new or worse
    #[arg(long, value_name = "RUN-DIR")]
    pub(crate) against: Option<PathBuf>,
    /// The column rules of the run [default: the built-in ones]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) schemas: Option<PathBuf>,
    /// Show the sensitive cells of source lines
    #[arg(long, requires = "show")]
    pub(crate) show_values: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

const REJECTS_EXAMPLES: &str = "\
Examples:
  muster rejects out
  muster rejects out --code invalid-email --show 20
  muster rejects out --entity users --format parquet --output rejects.parquet
  muster rejects out --against earlier";

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RejectsFormat {
    /// For a spreadsheet: safe to open
    Csv,
    /// The lines of rejects.ndjson
    Ndjson,
    /// For data tools; needs --output
    Parquet,
}
