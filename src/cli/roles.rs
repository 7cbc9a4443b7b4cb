//! What can be typed for `muster roles`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::database::DatabaseArgs;

/// `muster roles`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RolesArgs {
    /// Read roles.toml and the schema from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// The format
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "json")]
    pub(crate) format: RolesFormat,
    /// Write them to the table muster.roles of the database, replacing what it holds
    #[arg(long, conflicts_with_all = ["format", "json"])]
    pub(crate) store: bool,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Print JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

/// How roles are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RolesFormat {
    /// For people
    Table,
    /// One JSON object
    Json,
    /// A record for each role and permission
    Csv,
    /// A script that makes and fills the table muster.roles
    Sql,
}

const EXAMPLES: &str = "\
Examples:
  muster roles
  muster roles --format csv > roles.csv
  muster roles --store
  muster db psql -c 'SELECT * FROM muster.roles'";
