//! What can be typed to look at records, whatever their entity.

use std::path::PathBuf;

use clap::Args;

use super::{DatabaseArgs, FieldFilter, FieldValues};

/// Which records, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    /// Read the column rules from this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// The entity of the schema, where it is not the one that the command is named after
    #[arg(long, value_name = "ENTITY")]
    pub(crate) entity: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Show the values of sensitive columns
    #[arg(long, help_heading = "Output options")]
    pub(crate) show_values: bool,
    /// Print JSON (one object a line) instead of a table
    #[arg(long, help_heading = "Output options")]
    pub(crate) json: bool,
}

/// `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The record's key
    pub(crate) key: String,
    /// Which records, and how they are shown.
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
}

/// `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Which records, and how they are shown.
    #[command(flatten)]
    pub(crate) records: RecordsArgs,
    /// The same as --FIELD VALUE, for names that are no flag; can be given several times
    #[arg(long = "where", value_name = "FIELD=VALUE", help_heading = "Which records")]
    pub(crate) filters: Vec<FieldFilter>,
    /// At most so many records; 0 for all of them [default: 100 in a table, all with --json]
    #[arg(long, value_name = "N", help_heading = "Which records")]
    pub(crate) limit: Option<u64>,
    /// Only these fields, and always the key
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', help_heading = "Output options")]
    pub(crate) columns: Vec<String>,
    /// A flag for each field of the schema.
    #[command(flatten)]
    pub(crate) fields: FieldValues,
}
