//! What the reports know about a run besides its findings: names and counts. Filled by `run` after reading.

use std::ops::Range;

use jiff::Timestamp;

use crate::record::Finding;

use crate::settings::ShownValues;

/// What is known once the files have been read.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The run's id.
    pub(crate) run: String,
    /// The subcommand: `check`, `import`.
    pub(crate) command: String,
    /// When the run began.
    pub(crate) started: Timestamp,
    /// The program's version.
    pub(crate) version: String,
    /// SHA-256 of the schema files, in hexadecimal.
    pub(crate) schema_sha256: String,
    /// The target for people (`database muster on /run/…`), never with a password; none without one.
    pub(crate) target: Option<String>,
    /// Which values are shown.
    pub(crate) values: ShownValues,
    /// The options that reading the same files again needs (`--delimiter`, `;`), each word by itself.
    pub(crate) again: Vec<String>,
    /// Those that speak of one of the files given.
    pub(crate) again_of_files: Vec<String>,
    /// In load order; findings and [`crate::record::Related`] count in it.
    pub(crate) entities: Vec<Entity>,
}

/// One entity of the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entity {
    /// Its name.
    pub(crate) name: String,
    /// In the order of the schema: a finding's `field` counts in it.
    pub(crate) fields: Vec<Field>,
    /// In the order given: a location's `file` counts in it.
    pub(crate) files: Vec<File>,
}

/// One field, as far as reports need it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// The documents' own header.
    pub(crate) name: String,
    /// Masked unless [`ShownValues::All`].
    pub(crate) sensitive: bool,
}

/// One input file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// As given on the command line; `-` is standard input.
    pub(crate) path: String,
    /// What its returned files are named after ([`crate::output::names::Stems`]).
    pub(crate) stem: String,
    /// How large it is as stored (of the decompressed stream where it is compressed).
    pub(crate) bytes: u64,
    /// SHA-256 of the bytes as given, in hexadecimal.
    pub(crate) sha256: String,
    /// The encoding's name, for example `utf-8`.
    pub(crate) encoding: String,
    /// How its records are written: `csv`, `ndjson` or `parquet`.
    pub(crate) format: String,
    /// The delimiter as one character; empty where there is none.
    pub(crate) delimiter: String,
    /// The header's names as they stand there; a finding's `column` counts in it.
    pub(crate) header: Vec<String>,
    /// For each name of the header the field it means; none where it is ignored.
    pub(crate) mapping: Vec<Option<usize>>,
    /// Everything up to and including the header, with its line end.
    pub(crate) prefix: Range<u64>,
}

/// A file of records that go back, once it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The entity of its input.
    pub(crate) entity: usize,
    /// Its name in the run's folder.
    pub(crate) name: String,
    /// How many records it holds.
    pub(crate) records: u64,
    /// Losers of duplicates, or rejected records.
    pub(crate) duplicates: bool,
    /// The encoding that must be named when it is read again: what is left of a file may look like another.
    pub(crate) encoding: Option<String>,
    /// How the columns were read that the schema leaves open (`FIELD=HOW`): what is left may not prove it.
    pub(crate) readings: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// `check` is through.
    Checked,
    /// A dry run is through and was rolled back.
    Planned,
    /// The rows are in the database.
    Committed,
    /// More rejects than allowed; the target is as it was.
    Refused,
    /// An error ended the run; the target is as it was.
    Failed,
    /// A signal ended the run; the target is as it was.
    Interrupted,
    /// An earlier run was taken back.
    Undone,
}

impl Status {
    /// The word used in every report.
    #[must_use]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::Planned => "planned",
            Self::Committed => "committed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Undone => "undone",
        }
    }
}

/// What is known once the run is through.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: Status,
    /// When.
    pub(crate) finished: Timestamp,
    /// For each of [`Context::entities`].
    pub(crate) counts: Vec<Counts>,
}

/// One entity's counts; each has an origin of its own, and reports compute none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Data records read.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    /// Rows that went on.
    pub(crate) accepted: u64,
    /// Rows rejected.
    pub(crate) rejected: u64,
    /// Rows that lost against another.
    pub(crate) duplicates: u64,
    /// Rows that are new in the database.
    pub(crate) inserted: u64,
    /// Rows that were changed in the database.
    pub(crate) updated: u64,
    /// Rows that were there already as they are; of those to be deleted, the ones that were gone already.
    pub(crate) unchanged: u64,
    /// Rows that were taken out of the database, as a file of changes says.
    pub(crate) deleted: u64,
    /// Findings that are warnings.
    pub(crate) warnings: u64,
    /// Cells from which the guard against formulas was taken off.
    pub(crate) unguarded: u64,
}

impl Entity {
    /// The name of the column that a finding speaks of: the file's own where it has one, else the field's.
    #[must_use]
    pub(crate) fn column<'a>(&'a self, finding: &Finding) -> Option<&'a str> {
        self.header(finding).or_else(|| self.field(finding).map(|field| field.name.as_str()))
    }

    /// The header of the column that a finding speaks of.
    #[must_use]
    pub(crate) fn header<'a>(&'a self, finding: &Finding) -> Option<&'a str> {
        let file = self.files.get(usize::from(finding.location.file))?;
        file.header.get(usize::from(finding.column?)).map(String::as_str)
    }

    /// The field that a finding speaks of.
    #[must_use]
    pub(crate) fn field(&self, finding: &Finding) -> Option<&Field> {
        self.fields.get(usize::from(finding.field?))
    }

    /// The path of the file that a finding speaks of.
    #[must_use]
    pub(crate) fn path(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |file| &file.path)
    }
}
