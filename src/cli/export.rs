//! What can be typed for `export` and `verify`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{DatabaseArgs, delimiter};

/// `muster export`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(after_help = EXPORT_EXAMPLES)]
pub(crate) struct ExportArgs {
    /// accounts, users; all without
    #[arg(value_name = "ENTITY")]
    pub(crate) entities: Vec<String>,
    /// Write the files here
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// How rows are written
    #[arg(long, value_name = "FORMAT", default_value = "csv")]
    pub(crate) format: ExportFormat,
    /// Read the column rules from this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How many connections read, all of them the same snapshot
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) connections: u16,
    /// Only these fields, and always the key
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', help_heading = "What")]
    pub(crate) columns: Vec<String>,
    /// Only rows with this value (account=…, role=…, plan=…), and what belongs to them; repeatable
    #[arg(long = "where", value_name = "FIELD=VALUE", help_heading = "What")]
    pub(crate) filters: Vec<FieldFilter>,
    /// The record's id, createdAt and updatedAt, too
    #[arg(long, help_heading = "What")]
    pub(crate) with_system_columns: bool,
    /// Besides, a file with keys and ids for each entity
    #[arg(long, help_heading = "What")]
    pub(crate) crosswalk: bool,
    /// Besides, ENTITY.changes.csv with what was inserted, updated and deleted since the export in DIR
    ///
    /// DIR is the folder of a whole export made with the same schema, columns and filters, as CSV (compressed or
    /// split, too), or one that --keep fills: then the newest in it.
    #[arg(long, value_name = "DIR", help_heading = "What")]
    pub(crate) changes_since: Option<PathBuf>,
    /// Compress the files (Parquet: its pages)
    #[arg(long, value_name = "HOW", help_heading = "Files")]
    pub(crate) compress: Option<Pack>,
    /// Begin a new file after so many rows
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Files")]
    pub(crate) split: Option<u64>,
    /// CSV for a spreadsheet: byte order mark, CRLF, no cell that starts a formula
    #[arg(long, help_heading = "Files")]
    pub(crate) for_spreadsheet: bool,
    /// How the cells are separated for a spreadsheet
    #[arg(long, value_name = "C", value_parser = delimiter, requires = "for_spreadsheet", help_heading = "Files")]
    pub(crate) delimiter: Option<u8>,
    /// Fail at once when another export with --lock runs on the same database
    #[arg(long, help_heading = "Nightly job")]
    pub(crate) lock: bool,
    /// Give each export a folder of its own in DIR, keep the newest N, and have DIR/latest lead to the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Nightly job")]
    pub(crate) keep: Option<u16>,
    /// Write an `OpenMetrics` text file, after a failure, too
    #[arg(long, value_name = "FILE", help_heading = "Nightly job")]
    pub(crate) metrics: Option<PathBuf>,
    /// Print the manifest instead of a table
    #[arg(long, help_heading = "Output options")]
    pub(crate) json: bool,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  muster export --out export
  muster export users --out export --where role=accountAdmin --columns contact.firstName,account.legacyId
  muster export --out export --format parquet
  muster export --out /var/backups/muster --keep 7 --changes-since /var/backups/muster --lock --quiet

The role needs SELECT on the tables.";

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma-separated
    Csv,
    /// One JSON object a line
    Ndjson,
    /// Apache Parquet
    Parquet,
}

/// How files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pack {
    /// gzip
    Gzip,
    /// Zstandard
    Zstd,
}

/// `FIELD=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldFilter {
    /// The field.
    pub(crate) field: String,
    /// Its value.
    pub(crate) value: String,
}

impl FromStr for FieldFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((field, value)) if !field.trim().is_empty() => {
                Ok(Self { field: field.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("write FIELD=VALUE, for example account=A-17".to_owned()),
        }
    }
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  muster verify export
  muster verify export --against-database

Exit codes: 0 where everything is as the manifest says, 3 where something differs, 1 where there is no manifest
that can be read or the database cannot be asked.";

/// `muster verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// The export's folder
    pub(crate) dir: PathBuf,
    /// Read the column rules from this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Compare with this database, too: counts, and a checksum for each key range
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Compare with the database that `DATABASE_URL`, the PG* variables or the local PostgreSQL name
    #[arg(long)]
    pub(crate) against_database: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
