//! Inputs opened, looked at and sorted by entity, before a record is read.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::output::visible::fitted;
use crate::record::Severity;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::source::{
    Encoding, FileFormat, Intake, Look, LookOptions, Source, SourceError, check_maps, entity_named, look,
};

use super::RunError;
use super::exported;
use super::file::FileRead;
use super::sent_back;
use super::table::{self, Table};

/// How many columns of a header's cell a message shows.
const SHOWN: usize = 60;

/// Opens all inputs and sorts them by entity, in load order; within one, in the order given.
pub(crate) fn open(
    settings: &Settings,
    schema: &Schema,
    spool: &Path,
    cancelled: &AtomicBool,
) -> Result<Vec<Vec<FileRead>>, RunError> {
    named_files_are_given(settings, schema)?;
    let intake = Intake { folder: spool, most: settings.reading.max_input, cancelled };
    let mut by_entity: Vec<Vec<FileRead>> = schema.entities.iter().map(|_| Vec::new()).collect();
    for spec in &settings.inputs {
        let source = Source::open(&spec.path, &intake)?;
        let named = spec.entity.as_deref().map(|name| entity_named(schema, name, &spec.path)).transpose()?;
        let exported = exported::claim(&spec.path);
        let is_parquet = FileFormat::of(&source)? == FileFormat::Parquet;
        let options = LookOptions {
            may_be_empty: exported.as_ref().is_some_and(|claim| claim.is_empty),
            ..look_options(settings, settings.reading.encoding(&spec.path), cancelled)
        };
        let (source, original, mut look) = if is_parquet {
            let Table { source: table, look, facts } =
                table::open(&source, schema, named, &options, &intake)?;
            (table, Some((source, facts)), look)
        } else {
            let look = look(&source, schema, named, &options)?;
            (source, None, look)
        };
        let files = &mut by_entity[look.entity];
        renumber(&mut look, files.len());
        for note in &look.notes {
            tracing::warn!("{}: {note}", source.name());
        }
        files.push(FileRead {
            path: spec.path.clone(),
            source,
            original,
            look,
            sha256: String::new(),
            exported,
            whole: false,
            extra: sent_back::extra_cells(&spec.path),
            decisions: None,
        });
    }
    let looks: Vec<_> = by_entity.iter().flatten().map(|file| file.look.clone()).collect();
    check_maps(&settings.reading.maps, &looks, schema)?;
    Ok(by_entity)
}

/// Whether every file and field that an option names is there.
fn named_files_are_given(settings: &Settings, schema: &Schema) -> Result<(), SourceError> {
    let Settings { inputs, reading, .. } = settings;
    let is_given = |file: &PathBuf| inputs.iter().any(|spec| spec.path.name() == file.to_string_lossy());
    let missing = |file: &Option<PathBuf>| file.clone().filter(|file| !is_given(file));
    if let Some(file) = reading.encodings.iter().find_map(|(file, _)| missing(file)) {
        return Err(SourceError::EncodingOfNothing { file: file.display().to_string() });
    }
    for (file, field, decision) in &reading.readings {
        let given = format!("{field}={}", decision.name());
        if let Some(file) = missing(file) {
            return Err(SourceError::ReadingOfNothing { file: file.display().to_string(), given });
        }
        let mut fields = schema.entities.iter().flat_map(|entity| &entity.fields);
        if !fields.any(|known| known.name == *field && decision.fits(&known.rule)) {
            return Err(SourceError::ReadingOfField { given });
        }
    }
    Ok(())
}

/// How a file is looked at, in the encoding that it is given or found to have.
pub(super) fn look_options<'o>(
    settings: &'o Settings,
    encoding: Option<Encoding>,
    cancelled: &'o AtomicBool,
) -> LookOptions<'o> {
    LookOptions {
        encoding,
        delimiter: settings.reading.delimiter,
        maps: &settings.reading.maps,
        changes: settings.target.changes,
        max_record: Some(settings.reading.max_record),
        cancelled: Some(cancelled),
        ..LookOptions::default()
    }
}

/// Gives a file its number among the files of its entity, which is known only after the look.
pub(super) fn renumber(look: &mut Look, number: usize) {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    for finding in &mut look.findings {
        finding.location.file = number;
    }
}

/// The faults of whole files: they stop the run before a record is read.
pub(crate) fn fatal(files: &[Vec<FileRead>]) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files.iter().flatten() {
        let name = file.source.name();
        let before = faults.len();
        for finding in file.look.findings.iter().filter(|finding| finding.severity == Severity::Reject) {
            let column = match finding.value.as_str() {
                "" => String::new(),
                value => format!(", column {}", fitted(value, SHOWN)),
            };
            faults.push(format!("{name}{column}: {} ({})", finding.message, finding.code));
        }
        let is_csv = file.look.opening.format == FileFormat::Csv;
        if let ([cell], true, true) = (file.look.opening.header.as_slice(), is_csv, faults.len() > before) {
            let cell = fitted(cell, SHOWN);
            faults.push(format!("{name}: the header is one cell, `{cell}`; is --delimiter right?"));
        }
    }
    faults
}
