//! What can be typed for `muster check` and `muster import`.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::config::Config;
use crate::schema::OnUpdate;
use crate::settings::{
    Duplicates, Given, Limit, QuotedEmpty, Reading, Reports, Rules, Settings, ShownValues, Target,
};
use crate::source::{InputPath, InputSpec, SourceError, UnknownColumns, delimiter};

use super::database::{DatabaseArgs, LockArgs};
use super::value::{self, Size};

/// The largest `--max-record`.
const LARGEST: u64 = 1 << 30;

/// `muster check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLE, after_long_help = CHECK_EXAMPLES)]
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

const CHECK_EXAMPLE: &str = "\
Example:
  muster check accounts.csv users.csv

More options and examples: muster check --help";

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
#[command(after_help = IMPORT_EXAMPLE, after_long_help = IMPORT_EXAMPLES)]
pub(crate) struct ImportArgs {
    /// Do everything in the database too, then roll back and print the plan
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The files, the rules and the limits.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Which database.
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Do not overwrite rows that somebody changed in the database after muster wrote them; report them
    #[arg(long, help_heading = "Loading", hide_short_help = true)]
    pub(crate) protect_edited: bool,
    /// Write the keys of rows that are in the database and not in the files to ENTITY.absent.csv
    #[arg(long, help_heading = "Loading", hide_short_help = true)]
    pub(crate) report_absent: bool,
    /// The files list changes, as `export --changes-since` writes them: insert, update and delete these rows
    #[arg(long, help_heading = "Loading", conflicts_with = "report_absent", hide_short_help = true)]
    pub(crate) apply_changes: bool,
    /// Delete the rows that the changes list as deleted; without it, deletions are refused
    #[arg(long, help_heading = "Loading", requires = "apply_changes", hide_short_help = true)]
    pub(crate) allow_deletes: bool,
    /// Delete them even if they are more than 20% of a table's rows; with =N or =P%, up to so many
    #[arg(long, value_name = "N|P%", num_args = 0..=1, require_equals = true, default_missing_value = "100%")]
    #[arg(help_heading = "Loading", requires = "allow_deletes", hide_short_help = true)]
    pub(crate) allow_mass_deletes: Option<Limit>,
    /// Compare a checksum of each column in the database with what was sent; roll back if one differs
    #[arg(long, help_heading = "Loading", hide_short_help = true)]
    pub(crate) reconcile: bool,
    /// Keep no undo data: faster, but the run cannot be undone
    #[arg(long, help_heading = "Loading", hide_short_help = true)]
    pub(crate) no_undo: bool,
    /// How long its lock is waited for.
    #[command(flatten)]
    pub(crate) lock: LockArgs,
}

const IMPORT_EXAMPLE: &str = "\
Example:
  muster import accounts.csv users.csv

More options and examples: muster import --help";

const IMPORT_EXAMPLES: &str = "\
Examples:
  muster import accounts.csv users.csv
  muster import --dry-run accounts.csv users.csv
  muster import --map 'Klantnummer=legacyId' accounts=export-2019.csv users.csv
  muster import --database-url postgres://app@db.example/app users.csv
  muster import --apply-changes --allow-deletes users.changes.csv

The role needs SELECT, INSERT and UPDATE on the tables (for --allow-deletes
also DELETE), CREATE on the schema if tables are missing, and CREATE on the
database the first time, for the journal (schema muster).";

/// The options of every command that reads files.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // One for each switch of the command line.
pub(crate) struct ReadArgs {
    /// CSV, NDJSON or Parquet files: a path, - for standard input, or entity=path
    ///
    /// Several files of one entity are read as one. Without FILE, those that the sources of muster.toml name.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<InputSpec>,
    /// Write the reports here [default: muster-runs/RUN/]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    pub(crate) schemas: Option<PathBuf>,
    /// Compare with the reports of an earlier run, in report.html
    #[arg(long, value_name = "RUN-DIR", hide_short_help = true)]
    pub(crate) against: Option<PathBuf>,
    /// The character between cells, or tab [default: found in the file]
    #[arg(long, value_name = "C", value_parser = delimiter, help_heading = "Reading")]
    pub(crate) delimiter: Option<u8>,
    /// The encoding, for example windows-1252 [default: found in the file]
    ///
    /// FILE=NAME gives the encoding of one file.
    #[arg(long, value_name = "[FILE=]NAME", help_heading = "Reading")]
    pub(crate) encoding: Vec<String>,
    /// Read the column with this header as this field; can be given several times
    ///
    /// With an entity's name and a colon in front it is about the files of that entity, with a file's name about
    /// that file.
    #[arg(long, value_name = "[ENTITY:|FILE:]HEADER=FIELD", help_heading = "Reading")]
    pub(crate) map: Vec<String>,
    /// What becomes of filled columns that are neither fields nor ignored [default: report]
    #[arg(long, value_name = "WHAT", help_heading = "Reading", value_enum, hide_short_help = true)]
    pub(crate) unknown_columns: Option<UnknownColumns>,
    /// How the cells of a field are read, if its schema leaves that to the column: day-first, month-first,
    /// decimal-comma or decimal-point
    ///
    /// `FILE:FIELD=HOW` is about one file.
    #[arg(long, value_name = "[FILE:]FIELD=HOW", help_heading = "Reading", hide_short_help = true)]
    pub(crate) reading: Vec<String>,
    /// Accept records that lack trailing cells, or keys of NDJSON, if all that is missing is optional
    #[arg(long, help_heading = "Reading", hide_short_help = true)]
    pub(crate) pad_short: bool,
    /// What \"\" means [default: as empty as a cell without quotes; the empty text in files that muster exported]
    #[arg(long, value_name = "WHAT", help_heading = "Reading", value_enum, hide_short_help = true)]
    pub(crate) quoted_empty: Option<QuotedEmpty>,
    /// Remove the apostrophes that `export --for-spreadsheet` puts before formulas
    #[arg(long, help_heading = "Reading", hide_short_help = true)]
    pub(crate) from_spreadsheet: bool,
    /// Reject records larger than this (K, M or G)
    #[arg(long, value_name = "SIZE", default_value_t = Size(Reading::default().max_record))]
    #[arg(help_heading = "Reading", hide_short_help = true)]
    pub(crate) max_record: Size,
    /// End the run if a file holds more than this, decompressed (K, M or G) [default: any size, but at most 200 times
    /// what is stored of it]
    #[arg(long, value_name = "SIZE", help_heading = "Reading", hide_short_help = true)]
    pub(crate) max_input: Option<Size>,
    /// Refuse the run if more rows are rejected (a number, or a percentage of the rows read)
    #[arg(long, value_name = "N|P%", help_heading = "Rules")]
    pub(crate) max_rejects: Option<Limit>,
    /// Which row is kept if several have the same key
    #[arg(long, value_name = "WHICH", default_value_t = Rules::default().duplicates, value_enum)]
    #[arg(help_heading = "Rules", hide_short_help = true)]
    pub(crate) duplicates: Duplicates,
    /// Warnings about cells reject their rows, too
    #[arg(long, help_heading = "Rules", hide_short_help = true)]
    pub(crate) strict: bool,
    /// What an empty cell does to a filled field on update, unless the field's own `on_update` decides
    #[arg(long, value_name = "WHAT", default_value_t = Target::default().on_empty, value_enum)]
    #[arg(help_heading = "Rules", hide_short_help = true)]
    pub(crate) empty: OnUpdate,
    /// Let a known user change its account
    #[arg(long, help_heading = "Rules", hide_short_help = true)]
    pub(crate) move_users: bool,
    /// How many threads validate [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(help_heading = "Resources", hide_short_help = true)]
    pub(crate) threads: Option<u16>,
    /// How much memory rows may take before they go to a file (K, M or G)
    #[arg(long, value_name = "SIZE", default_value_t = Size(Reading::default().memory as u64))]
    #[arg(help_heading = "Resources", hide_short_help = true)]
    pub(crate) memory: Size,
    /// Print the summary as JSON instead of a table
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,
    /// Show the values of sensitive columns in the reports
    #[arg(long, help_heading = "Output", conflicts_with = "hide_values", hide_short_help = true)]
    pub(crate) show_values: bool,
    /// Show no values in the reports; only the rejected records hold them
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) hide_values: bool,
}

impl CheckArgs {
    /// These options as settings.
    pub(crate) fn settings(
        &self,
        given: &Given,
        config: Option<&Arc<Config>>,
    ) -> Result<Settings, SourceError> {
        let target = Target {
            database_url: self.database.database_url.clone(),
            against_database: self.against_database,
            ..self.read.target()
        };
        Ok(Settings { target, ..self.read.settings(given, config)? })
    }
}

impl ImportArgs {
    /// These options as settings.
    pub(crate) fn settings(
        &self,
        given: &Given,
        config: Option<&Arc<Config>>,
    ) -> Result<Settings, SourceError> {
        let target = Target {
            database_url: self.database.database_url.clone(),
            dry_run: self.dry_run,
            changes: self.apply_changes,
            allow_deletes: self.allow_deletes,
            max_deletes: self.allow_mass_deletes.unwrap_or(Limit::DELETES),
            undoable: !self.no_undo,
            protect_edited: self.protect_edited,
            report_absent: self.report_absent,
            reconcile: self.reconcile,
            lock_timeout: self.lock.time(),
            ..self.read.target()
        };
        Ok(Settings { target, ..self.read.settings(given, config)? })
    }
}

impl ReadArgs {
    fn target(&self) -> Target {
        Target { on_empty: self.empty, move_rows: self.move_users, ..Target::default() }
    }

    fn settings(&self, given: &Given, config: Option<&Arc<Config>>) -> Result<Settings, SourceError> {
        let mut mistakes = Vec::new();
        let encodings = parsed(&self.encoding, value::encoding, &mut mistakes);
        let readings = parsed(&self.reading, value::reading, &mut mistakes);
        let maps = parsed(&self.map, value::mapping, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(SourceError::Options(mistakes));
        }
        Ok(Settings {
            inputs: self.inputs(config)?,
            reading: Reading {
                delimiter: self.delimiter,
                encodings,
                readings,
                maps,
                unknown_columns: self.unknown_columns.or_else(|| config?.unknown_columns).unwrap_or_default(),
                quoted_empty: self.quoted_empty,
                pad_short: self.pad_short,
                from_spreadsheet: self.from_spreadsheet,
                max_record: self.max_record.0.min(LARGEST),
                max_input: self.max_input.map(|size| size.0),
                memory: usize::try_from(self.memory.0).unwrap_or(usize::MAX),
                threads: self.threads.and_then(|threads| NonZeroUsize::new(threads.into())),
                ..Reading::default()
            },
            rules: Rules {
                schemas: self.schemas.clone(),
                duplicates: self.duplicates,
                strict: self.strict,
                max_rejects: self.max_rejects,
            },
            target: Target::default(),
            reports: Reports {
                out: self.out.clone(),
                against: self.against.clone(),
                values: match (self.show_values, self.hide_values) {
                    (true, _) => ShownValues::All,
                    (_, true) => ShownValues::None,
                    _ => ShownValues::NotSensitive,
                },
                given: given.clone(),
            },
            config: config.cloned(),
        })
    }

    /// The files given, else those that the sources of `muster.toml` name.
    fn inputs(&self, config: Option<&Arc<Config>>) -> Result<Vec<InputSpec>, SourceError> {
        if !self.files.is_empty() {
            return Ok(self.files.clone());
        }
        let config = config.filter(|config| !config.sources.is_empty()).ok_or(SourceError::NoInput)?;
        let files = config.files();
        if files.is_empty() {
            let patterns = config.sources.iter().flat_map(|source| &source.files);
            let patterns: Vec<&str> = patterns.map(|pattern| pattern.text.as_str()).collect();
            let what =
                format!("no file matches {}; name the files, or correct its sources", patterns.join(", "));
            return Err(SourceError::Nothing { name: config.path.display().to_string(), what });
        }
        let spec = |path| InputSpec { entity: None, path: InputPath::File(path) };
        Ok(files.into_iter().map(spec).collect())
    }
}

/// The values of an option. What is wrong with one does not keep the others from being looked at.
fn parsed<T, E: Display>(
    texts: &[String],
    parse: impl Fn(&str) -> Result<T, E>,
    mistakes: &mut Vec<String>,
) -> Vec<T> {
    let one = |text: &String| parse(text).map_err(|error| mistakes.push(error.to_string())).ok();
    texts.iter().filter_map(one).collect()
}
