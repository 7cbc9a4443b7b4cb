//! What can be typed for `export` and `verify`.

use std::path::PathBuf;

use clap::Args;

use crate::export::{Compression, Filter, Format};
use crate::settings::Limit;
use crate::source::delimiter;

use super::database::DatabaseArgs;

/// `muster export`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
#[command(after_help = EXPORT_EXAMPLE, after_long_help = EXPORT_EXAMPLES)]
pub(crate) struct ExportArgs {
    /// accounts, users [default: all]
    #[arg(value_name = "ENTITY")]
    pub(crate) entities: Vec<String>,
    /// Write the files here
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The format of the files
    #[arg(long, value_name = "FORMAT", default_value_t = Format::Csv, value_enum)]
    pub(crate) format: Format,
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub(crate) schemas: Option<PathBuf>,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// How many connections read, all of them the same snapshot
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    #[arg(help_heading = "Database", hide_short_help = true)]
    pub(crate) connections: u16,
    /// Only these fields, and always the key
    #[arg(long, value_name = "FIELD,…", value_delimiter = ',', help_heading = "Content")]
    pub(crate) columns: Vec<String>,
    /// Only rows with this value (account=…, role=…, plan=…), and what belongs to them; repeatable
    #[arg(long = "where", value_name = "FIELD=VALUE", help_heading = "Content")]
    pub(crate) filters: Vec<Filter>,
    /// Also write the id, createdAt and updatedAt of each record
    #[arg(long, help_heading = "Content", hide_short_help = true)]
    pub(crate) with_system_columns: bool,
    /// Also write a file with keys and ids for each entity
    #[arg(long, help_heading = "Content", hide_short_help = true)]
    pub(crate) crosswalk: bool,
    /// Also write ENTITY.changes.csv: what was inserted, updated and deleted since the export in DIR
    ///
    /// DIR is the folder of a whole export made with the same schema, columns and filters, as CSV (compressed or
    /// split, too), or one that --keep fills: then the newest in it.
    #[arg(long, value_name = "DIR", help_heading = "Content", hide_short_help = true)]
    pub(crate) changes_since: Option<PathBuf>,
    /// Write them even if they delete more than 20% of an entity's rows; with =N or =P%, up to so many
    #[arg(long, value_name = "N|P%", num_args = 0..=1, require_equals = true, default_missing_value = "100%")]
    #[arg(help_heading = "Content", requires = "changes_since", hide_short_help = true)]
    pub(crate) allow_mass_deletes: Option<Limit>,
    /// Compress the files (Parquet: its pages)
    #[arg(long, value_name = "HOW", help_heading = "Files", value_enum, hide_short_help = true)]
    pub(crate) compress: Option<Compression>,
    /// Begin a new file after this many rows
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(help_heading = "Files", hide_short_help = true)]
    pub(crate) split: Option<u64>,
    /// CSV for a spreadsheet: byte order mark, CRLF, no cell that starts a formula
    #[arg(long, help_heading = "Files")]
    pub(crate) for_spreadsheet: bool,
    /// The character between cells for a spreadsheet [default: ,]
    #[arg(long, value_name = "C", value_parser = delimiter, requires = "for_spreadsheet")]
    #[arg(help_heading = "Files", hide_short_help = true)]
    pub(crate) delimiter: Option<u8>,
    /// Fail at once when another export with --lock runs on the same database
    #[arg(long, help_heading = "Nightly job", hide_short_help = true)]
    pub(crate) lock: bool,
    /// Put each export into a new folder in DIR, keep the newest N, and link DIR/latest to the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    #[arg(help_heading = "Nightly job")]
    pub(crate) keep: Option<u16>,
    /// Write an `OpenMetrics` text file, also after a failure
    #[arg(long, value_name = "FILE", help_heading = "Nightly job", hide_short_help = true)]
    pub(crate) metrics: Option<PathBuf>,
    /// Print the manifest instead of a table
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
}

const EXPORT_EXAMPLE: &str = "\
Example:
  muster export --out export

More options and examples: muster export --help";

const EXPORT_EXAMPLES: &str = "\
Examples:
  muster export --out export
  muster export users --out export --where role=accountAdmin
  muster export users --out export --columns contact.firstName,account.legacyId
  muster export --out export --format parquet
  muster export --out /backups --keep 7 --changes-since /backups --lock -q

The role needs SELECT on the tables.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  muster verify export
  muster verify export --against-database

Exit codes: 0 if everything is as the manifest says, 3 if something differs,
1 if there is no readable manifest or the database cannot be asked.";

/// `muster verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// The export's folder
    pub(crate) dir: PathBuf,
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Also compare with this database: counts, and a checksum for each key range
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Also compare with the database of `DATABASE_URL`, the PG* variables or the local PostgreSQL
    #[arg(long)]
    pub(crate) against_database: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
