//! One record by itself. It is written as a file of one row in memory, and goes the way that every file goes:
//! there is no second way in. What is special about it stands here: that it may be refused because it exists
//! already, that the row is handed back as the database has it, and that its reports go unless they are wanted.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::event::{Listener, Silent};
use crate::export::records::{self, Mask, OwnedRecord};
use crate::load::LoadOptions;
use crate::output::{Csv, names};
use crate::read::{ReadOptions, Reader, Seed};
use crate::record::{Finding, RowEncoder, RowNumber};
use crate::report::{ShownValues, Status};
use crate::schema::{OnUpdate, Schema};
use crate::source::{Encoding, InputPath, InputSpec};

use super::import::{Attempt, ImportOptions, import};
use super::rows::Settleable;
use super::{Looking, Options, Reported, Run, RunError, inputs};

/// A record as it was typed: its entity, and the name and the text of each cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The entity.
    pub(crate) entity: String,
    /// Name and text, in any order.
    pub(crate) cells: Vec<(String, String)>,
}

/// What makes a run a run about one record.
#[derive(Debug, Clone)]
pub(crate) struct One {
    /// What the journal calls it.
    pub(crate) command: &'static str,
    /// Whether a record that exists is updated; else it refuses the run.
    pub(crate) update: bool,
    /// What is done to the sensitive values of the row that is handed back.
    pub(crate) mask: Option<Mask>,
}

/// How one record is written.
#[derive(Debug, Clone)]
pub(crate) struct OneOptions {
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// See [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    /// What makes the run one about one record.
    pub(crate) one: One,
    /// Warnings reject, too.
    pub(crate) strict: bool,
    /// Go all the way in the database, then roll back.
    pub(crate) dry_run: bool,
    /// Where the reports are kept; nowhere without.
    pub(crate) out: Option<PathBuf>,
    /// How long another run is waited for.
    pub(crate) patience: Duration,
    /// Whether findings show sensitive values.
    pub(crate) values: ShownValues,
}

/// What became of the record.
#[derive(Debug)]
pub(crate) struct Done {
    /// The run.
    pub(crate) reported: Reported,
    /// Its findings as they stand in `rejects.ndjson`, a line each.
    pub(crate) findings: String,
}

/// What happened to the record, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was not there.
    Created,
    /// It was there and is another now.
    Updated,
    /// It was there as it is.
    Unchanged,
    /// It exists already, and no update was asked for.
    Exists,
    /// A finding says why.
    Rejected,
}

impl Done {
    /// What happened to the record.
    #[must_use]
    pub(crate) fn fate(&self) -> Fate {
        let outcome = &self.reported.outcome;
        let sum = |count: fn(&crate::report::Counts) -> u64| outcome.counts.iter().map(count).sum::<u64>();
        match outcome.status {
            Status::Refused => Fate::Exists,
            _ if sum(|counts| counts.inserted) > 0 => Fate::Created,
            _ if sum(|counts| counts.updated) > 0 => Fate::Updated,
            _ if sum(|counts| counts.unchanged) > 0 => Fate::Unchanged,
            _ => Fate::Rejected,
        }
    }
}

/// Writes one record.
///
/// # Errors
///
/// See [`RunError`]. The target is as it was before, unless the error says that this is not known.
pub(crate) fn one(typed: &Typed, options: &OneOptions, listener: &dyn Listener) -> Result<Done, RunError> {
    let schema = Schema::open(options.schemas.as_deref())?;
    // Gone at the end of the scope, whatever the end is.
    let passing = tempfile::Builder::new().prefix("muster-").tempdir().map_err(RunError::Spool)?;
    let out = options.out.clone().unwrap_or_else(|| passing.path().join("run"));
    let run = Options {
        inputs: vec![typed.as_input(&schema)],
        schemas: options.schemas.clone(),
        out: Some(out.clone()),
        looking: looking(),
        read: ReadOptions { strict: options.strict, ..ReadOptions::default() },
        values: options.values,
        ..Options::default()
    };
    let how = ImportOptions {
        database_url: options.database_url.clone(),
        load: LoadOptions {
            on_empty: OnUpdate::Overwrite,
            move_rows: false,
            patience: options.patience,
            undoable: true,
            protect_edited: false,
            reconcile: false,
            foresee: options.dry_run,
            changes: false,
        },
        dry_run: options.dry_run,
        allow_deletes: false,
        report_absent: false,
        one: Some(options.one.clone()),
    };
    let reported = import(&run, &how, listener)?;
    let findings = fs::read_to_string(out.join(names::FINDINGS_NDJSON)).map_err(RunError::Spool)?;
    Ok(Done { reported, findings })
}

/// Judges a record as it is so far, alone and without a database.
///
/// # Errors
///
/// See [`RunError`].
pub(crate) fn judge(typed: &Typed, schema: &Schema, strict: bool) -> Result<Vec<Finding>, RunError> {
    let spool = std::env::temp_dir();
    let looking = looking();
    let mut files = inputs::open(&[typed.as_input(schema)], schema, &looking, &spool, &|| true)?;
    let Some(entity) = files.iter().position(|files| !files.is_empty()) else { return Ok(Vec::new()) };
    let (seed, cancelled) = (Seed::default(), AtomicBool::new(false));
    let reader = Reader { spool_folder: &spool, seed: &seed, listener: &Silent, cancelled: &cancelled };
    let options = ReadOptions { strict, ..ReadOptions::default() };
    let mut files = files.swap_remove(entity);
    let harvest = inputs::read(&reader, schema, entity, &mut files, &looking, options, false)?;
    let chunks = harvest.finding_chunks().iter().map(|chunk| harvest.findings(chunk));
    Ok(chunks.collect::<Result<Vec<_>, _>>().map_err(RunError::Spool)?.concat())
}

/// Nothing about a file that was made is left to be found out.
fn looking() -> Looking {
    Looking { encodings: vec![(None, Encoding::Utf8)], delimiter: Some(b','), ..Looking::default() }
}

impl Typed {
    /// A file of a header and one row (RFC 4180). The fields that must be given and were
    /// not are there as empty cells: what they lack is then said of the record and not of the file.
    fn as_input(&self, schema: &Schema) -> InputSpec {
        let mut cells: Vec<(&str, &str)> =
            self.cells.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        if let Some(entity) = schema.entities.iter().find(|entity| entity.name == self.entity) {
            let lacking = entity.lacking(self.cells.iter().map(|(name, _)| name.as_str()));
            cells.extend(lacking.map(|index| (entity.fields[index].name.as_str(), "")));
            // Findings come in the order of the schema, however the record was typed; what is no field last.
            cells.sort_by_key(|(name, _)| entity.meant(name).unwrap_or(usize::MAX));
        }
        let mut file = Vec::new();
        Csv::EXACT_CRLF.line(&mut file, cells.iter().map(|(name, _)| Some(name)));
        Csv::EXACT_CRLF.line(&mut file, cells.iter().map(|(_, text)| Some(text)));
        InputSpec { entity: Some(self.entity.clone()), path: InputPath::Made(file) }
    }
}

impl Attempt<'_> {
    /// The record as the transaction at hand has it; none where it was rejected.
    pub(super) fn record(&self, run: &Run<'_>, one: &One) -> Result<Option<OwnedRecord>, RunError> {
        let given = self.entities().iter().enumerate().find(|(_, read)| read.harvest.rows > 0);
        let Some((entity, read)) = given else { return Ok(None) };
        let settleable = Settleable::new(&run.schema.entities[entity], entity, &read.harvest);
        let Some(key) = settleable.key_of(RowNumber(0)).map_err(RunError::Spool)? else { return Ok(None) };
        let key = RowEncoder::unescape(&key);
        let looking = records::find(&self.session.client, &run.schema, entity, &key, one.mask);
        self.database.wait(self.session, looking)
    }
}
