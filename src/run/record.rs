//! A single record. It is written as a file of one row in memory and imported like every file: there is no second
//! way in.

use std::sync::atomic::AtomicBool;

use crate::event::{Listener, Silent};
use crate::output::Csv;
use crate::read::{Keep, Reader, Seed};
use crate::record::Finding;
use crate::report::Status;
use crate::schema::Schema;
use crate::settings::{Reading, Rules, Settings};
use crate::source::{Encoding, InputPath, InputSpec};

use super::import::import_as;
use super::{Reported, RunError, open, read};

pub(crate) use super::single::Single;

/// A record as it was typed: its entity, and the name and the text of each cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypedRecord {
    pub(crate) entity: String,
    /// Name and text, in any order.
    pub(crate) cells: Vec<(String, String)>,
}

/// What happened to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It was not there.
    Created,
    /// It was there and has changed.
    Updated,
    /// It was there, and the same.
    Unchanged,
    /// It exists already, and no update was asked for.
    Exists,
    /// Findings say why.
    Rejected,
}

impl Ending {
    /// What happened to the record of a run.
    pub(crate) fn of(reported: &Reported) -> Self {
        let outcome = &reported.outcome;
        let any =
            |count: fn(&crate::report::Counts) -> u64| outcome.counts.iter().map(count).sum::<u64>() > 0;
        match outcome.status {
            Status::Refused => Self::Exists,
            _ if any(|counts| counts.inserted) => Self::Created,
            _ if any(|counts| counts.updated) => Self::Updated,
            _ if any(|counts| counts.unchanged) => Self::Unchanged,
            _ => Self::Rejected,
        }
    }
}

/// Writes a record. `settings` say by which rules, to which database, and where the reports are kept, if anywhere.
/// Errors: see [`RunError`]. The target is as it was before, unless the error says that this is not known.
pub(crate) fn write(
    typed: &TypedRecord,
    single: &Single,
    settings: Settings,
    listener: &dyn Listener,
) -> Result<Reported, RunError> {
    let schema = Schema::open(settings.rules.schemas.as_deref())?;
    // Gone at the end of the scope, in any case.
    let passing = tempfile::Builder::new().prefix("muster-").tempdir().map_err(RunError::Spool)?;
    let mut settings = typed.settings(&schema, settings);
    settings.reports.out.get_or_insert_with(|| passing.path().join("run"));
    import_as(single.command, &settings, Some(single), listener)
}

/// Validates a record as it is so far, alone and without a database.
pub(crate) fn validate(typed: &TypedRecord, schema: &Schema, strict: bool) -> Result<Vec<Finding>, RunError> {
    let spool = std::env::temp_dir();
    let rules = Rules { strict, ..Rules::default() };
    let settings = typed.settings(schema, Settings { rules, ..Settings::default() });
    let (seed, cancelled) = (Seed::default(), AtomicBool::new(false));
    let mut files = open::open(&settings, schema, &spool, &cancelled)?;
    let Some(entity) = files.iter().position(|files| !files.is_empty()) else { return Ok(Vec::new()) };
    let reader = Reader { spool_folder: &spool, seed: &seed, listener: &Silent, cancelled: &cancelled };
    let mut files = files.swap_remove(entity);
    let harvest = read::read(&reader, schema, entity, &mut files, &settings, Keep::Rows)?;
    let chunks = harvest.finding_chunks().iter().map(|chunk| harvest.findings(chunk));
    Ok(chunks.collect::<Result<Vec<_>, _>>().map_err(RunError::Spool)?.concat())
}

impl TypedRecord {
    /// These settings, for a file that was made: nothing about it is left to be found out.
    fn settings(&self, schema: &Schema, settings: Settings) -> Settings {
        let reading =
            Reading { encodings: vec![(None, Encoding::Utf8)], delimiter: Some(b','), ..Reading::default() };
        Settings { inputs: vec![self.as_input(schema)], reading, ..settings }
    }

    /// A file of a header and one row (RFC 4180). The fields that must be given and were
    /// not are there as empty cells: what they lack is then a finding about the record and not about the file.
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
