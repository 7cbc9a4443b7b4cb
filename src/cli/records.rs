//! What can be typed to look at records of any entity.

use std::path::PathBuf;

use clap::Args;

use crate::export::Filter;

use super::database::DatabaseArgs;
use super::field_values::FieldValues;

/// Which records, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) schemas: Option<PathBuf>,
    /// The entity [default: the one that the command is named after]
    #[arg(long, value_name = "ENTITY", hide_short_help = true)]
    pub(crate) entity: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Show the values of sensitive columns
    #[arg(long, help_heading = "Output")]
    pub(crate) show_values: bool,
    /// Print JSON (one object a line) instead of a table
    #[arg(long, help_heading = "Output")]
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
    /// The same as --FIELD VALUE, for names without a flag; can be given several times
    #[arg(long = "where", value_name = "FIELD=VALUE", help_heading = "Which records")]
    pub(crate) filters: Vec<Filter>,
    /// At most N records; 0 for all [default: 100 in a table, all with --json]
    #[arg(long, value_name = "N", help_heading = "Which records")]
    #[arg(value_parser = clap::value_parser!(u64).range(..=i64::MAX.cast_unsigned()))]
    pub(crate) limit: Option<u64>,
    /// Only these fields, and always the key
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', help_heading = "Output")]
    pub(crate) columns: Vec<String>,
    /// A flag for each field of the schema.
    #[command(flatten)]
    pub(crate) fields: FieldValues,
}
