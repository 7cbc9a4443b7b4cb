//! What the reports know about a run besides its findings: names and counts. `run` fills it in after reading.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;

use crate::record::{Finding, Level, RunId};

use super::mask::{mask, mask_ibans};
use crate::settings::ShownValues;
use crate::source::NotImported;

/// What is known once the files have been read.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The run's id.
    pub(crate) run: RunId,
    /// The subcommand: `check`, `import`.
    pub(crate) command: String,
    /// When the run began.
    pub(crate) started: Timestamp,
    /// The program's version.
    pub(crate) version: String,
    /// SHA-256 of the schema files, in hexadecimal.
    pub(crate) schema_sha256: String,
    /// The `muster.toml` that was used, if any.
    pub(crate) config: Option<UsedConfig>,
    /// The target for people (`database muster on /run/…`), never with a password. None without a database.
    pub(crate) target: Option<String>,
    /// Which values are shown.
    pub(crate) values: ShownValues,
    /// The options that reading the same files again needs (`--delimiter`, `;`), one word each.
    pub(crate) again: Vec<String>,
    /// Those of them that name one of the given files.
    pub(crate) again_of_files: Vec<String>,
    /// A run that would lose columns is refused.
    pub(crate) refuses_unknown: bool,
    /// All entities of the schema in load order. All indices of entities (findings, [`crate::record::Related`],
    /// [`Outcome::counts`]) refer to this list.
    pub(crate) entities: Vec<Entity>,
}

/// One entity of the schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entity {
    pub(crate) name: String,
    /// In the order of the schema: a finding's `field` counts in it.
    pub(crate) fields: Vec<Field>,
    /// In the order given: a location's `file` counts in it. An entity without files is not reported.
    pub(crate) files: Vec<File>,
    /// The words that were replaced as `muster.toml` says.
    pub(crate) mapped: Vec<Mapped>,
}

/// One field, as far as reports need it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// Its name in the schema.
    pub(crate) name: String,
    /// Masked unless [`ShownValues::All`].
    pub(crate) sensitive: bool,
}

/// A word of a column that was replaced as `muster.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Mapped {
    pub(crate) column: String,
    pub(crate) from: String,
    /// `None` for nothing.
    pub(crate) to: Option<String>,
    pub(crate) rows: u64,
}

/// The `muster.toml` that was used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct UsedConfig {
    /// Where it is, as given or as found.
    pub(crate) path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(crate) sha256: String,
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
    /// The delimiter as one character; empty if there is none.
    pub(crate) delimiter: String,
    /// How many empty cells its records may have beyond the header.
    pub(crate) extra: usize,
    /// The names in its header; a finding's `column` counts in it.
    pub(crate) header: Vec<String>,
    /// The names of the columns that are made of others, as `muster.toml` says. A finding's `column` goes on counting in
    /// them.
    pub(crate) made: Vec<String>,
    /// For each name of the header the field it means; none if it is ignored.
    pub(crate) mapping: Vec<Option<usize>>,
    /// Everything up to and including the header, with its line end.
    pub(crate) prefix: Range<u64>,
    /// How many data records it has, if it was read.
    pub(crate) records: Option<u64>,
    /// How many columns it has.
    pub(crate) columns: usize,
    /// Those that are not imported, although they are filled and nobody said to ignore them.
    pub(crate) not_imported: Vec<NotImported>,
}

/// A file of records that go back to their sender, once it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The entity of its input.
    pub(crate) entity: usize,
    /// Its name in the run's folder.
    pub(crate) name: String,
    /// How many records it holds.
    pub(crate) records: u64,
    /// What it holds.
    pub(crate) kind: ReturnedKind,
    /// Which of the entity's files its records come from.
    pub(crate) file: usize,
    /// Its SHA-256, in hexadecimal: it tells a later run whether somebody changed the file.
    pub(crate) sha256: String,
    /// The encoding that must be named when it is read again: what is left of a file may look like another.
    pub(crate) encoding: Option<String>,
    /// How the columns were read that the schema leaves open (`FIELD=HOW`): what is left may not prove it.
    pub(crate) readings: Vec<String>,
}

/// Which records go back in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ReturnedKind {
    /// Rejected ones.
    Rejected,
    /// Rejected ones whose quotes or encoding are broken: no reader can merge them with their neighbours here.
    Broken,
    /// Skipped duplicates.
    Duplicates,
}

impl Returned {
    /// Whether its records were rejected.
    pub(crate) fn is_rejected(&self) -> bool {
        self.kind != ReturnedKind::Duplicates
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// `check` has finished.
    Checked,
    /// A dry run has finished and was rolled back.
    Planned,
    /// The rows are in the database.
    Committed,
    /// More rejects than allowed; the target is as it was.
    Refused,
    /// An error ended the run; the target is as it was.
    Failed,
    /// A signal ended the run; the target is as it was.
    Interrupted,
    /// An earlier run was undone.
    Undone,
}

impl Status {
    /// The word used in every report.
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

/// What is known once the run has ended.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// How it ended.
    pub(crate) status: Status,
    /// When.
    pub(crate) finished: Timestamp,
    /// For each of [`Context::entities`].
    pub(crate) counts: Vec<Counts>,
}

impl Outcome {
    /// A count, summed over all entities.
    pub(crate) fn sum(&self, count: impl Fn(&Counts) -> u64) -> u64 {
        self.counts.iter().map(count).sum()
    }
}

/// One entity's counts. Each is counted separately; reports compute none of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Data records read.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    /// Rows skipped as duplicates.
    pub(crate) duplicates: u64,
    /// Rows that are new in the database.
    pub(crate) inserted: u64,
    /// Rows that were changed in the database.
    pub(crate) updated: u64,
    /// Rows that the database already had as they are; of those to delete, the ones that were gone already.
    pub(crate) unchanged: u64,
    /// Rows that were deleted from the database, as a file of changes says.
    pub(crate) deleted: u64,
    /// Findings that are warnings.
    pub(crate) warnings: u64,
    /// Cells from which the guard against formulas was removed.
    pub(crate) unguarded: u64,
}

impl Counts {
    /// Rows that a load writes to the database.
    pub(crate) fn written(&self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

impl Context {
    /// The entities that have files, with their index in [`Context::entities`].
    pub(crate) fn given(&self) -> impl Iterator<Item = (usize, &Entity)> {
        self.entities.iter().enumerate().filter(|(_, entity)| !entity.files.is_empty())
    }

    /// Whether any file has columns that are not imported, and nobody said to ignore them.
    pub(crate) fn loses_columns(&self) -> bool {
        self.given().any(|(_, entity)| entity.files.iter().any(|file| !file.not_imported.is_empty()))
    }

    /// The path of a file of an entity; empty if there is none.
    pub(crate) fn path(&self, entity: u16, file: u16) -> &str {
        self.entities.get(usize::from(entity)).map_or("", |entity| entity.path(file))
    }

    /// Whether the value and the suggestion of a finding of `entity` are masked.
    pub(crate) fn hides(&self, entity: &Entity, finding: &Finding) -> bool {
        let of_file = finding.code.level() == Level::File;
        match self.values {
            ShownValues::All => false,
            ShownValues::None => !of_file,
            ShownValues::NotSensitive => match entity.field(finding) {
                Some(field) => field.sensitive,
                // Any part of a whole record may be a sensitive cell.
                None => !of_file && entity.fields.iter().any(|field| field.sensitive),
            },
        }
    }

    /// `value` as a finding of `entity` may show it.
    pub(crate) fn shown<'v>(&self, entity: &Entity, finding: &Finding, value: &'v str) -> Cow<'v, str> {
        if self.hides(entity, finding) { Cow::Owned(mask(value)) } else { self.without_ibans(value) }
    }

    /// A value that is not hidden as it may be shown.
    pub(crate) fn without_ibans<'v>(&self, value: &'v str) -> Cow<'v, str> {
        if self.values == ShownValues::All { value.into() } else { mask_ibans(value) }
    }
}

impl Entity {
    /// The name of a finding's column: the file's own where it has one, else the field's.
    pub(crate) fn column<'a>(&'a self, finding: &Finding) -> Option<&'a str> {
        let file = self.files.get(usize::from(finding.location.file));
        let header = finding.column.and_then(|column| file?.names().nth(usize::from(column)));
        header.map(String::as_str).or_else(|| self.field(finding).map(|field| field.name.as_str()))
    }

    /// A finding's field.
    pub(crate) fn field(&self, finding: &Finding) -> Option<&Field> {
        self.fields.get(usize::from(finding.field?))
    }

    /// The path of a file; empty if there is none.
    pub(crate) fn path(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |file| &file.path)
    }
}

impl File {
    /// The names of its columns, and of those that are made of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.header.iter().chain(&self.made)
    }

    /// Says how many of its columns are not imported, without their names.
    pub(crate) fn lost(&self) -> String {
        let lost = self.not_imported.len();
        let are = if lost == 1 { "is" } else { "are" };
        let columns = if self.columns == 1 { "column" } else { "columns" };
        format!("{lost} of {} {columns} {are} not imported", self.columns)
    }
}
