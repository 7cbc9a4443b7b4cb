//! Inputs opened, looked at and sorted by entity, before a record is read.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::output::visible::fitted;
use crate::record::Severity;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::source::{
    FileFormat, Intake, Look, LookOptions, Looked, Source, SourceError, absent_columns, entity_named, look,
    map_mistakes,
};

use super::RunError;
use super::declared::{Declared, maps};
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
    let mut mistakes = wrong_names(settings, schema);
    let mut declared = Vec::new();
    let intake = Intake { folder: spool, most: settings.reading.max_input, cancelled };
    let mut by_entity: Vec<Vec<FileRead>> = schema.entities.iter().map(|_| Vec::new()).collect();
    for spec in &settings.inputs {
        // What is wrong with an option may be why a file cannot be looked at.
        let failed = |error: RunError| match mistakes.as_slice() {
            [] => error,
            known => {
                let known = known.iter().cloned().chain([error.to_string()]);
                SourceError::Options(known.collect()).into()
            }
        };
        let source = Source::open(&spec.path, &intake)?;
        let said = Declared::of(settings, schema, &spec.path);
        let entity = spec.entity.as_deref().or_else(|| said.source?.entity.as_deref());
        let named = entity.map(|name| entity_named(schema, name, &spec.path)).transpose()?;
        let exported = exported::claim(&spec.path);
        let is_parquet = FileFormat::of(&source)? == FileFormat::Parquet;
        let options = LookOptions {
            may_be_empty: exported.as_ref().is_some_and(|claim| claim.is_empty),
            ..said.look_options(said.encoding(), cancelled)
        };
        let (source, original, mut look) = if is_parquet {
            let Table { source: table, look, facts } =
                table::open(&source, schema, named, &options, &intake).map_err(failed)?;
            (table, Some((source, facts)), look)
        } else {
            let look = look(&source, schema, named, &options).map_err(|error| failed(error.into()))?;
            (source, None, look)
        };
        let files = &mut by_entity[look.entity];
        renumber(&mut look, files.len());
        for note in &look.notes {
            tracing::warn!("{}: {note}", source.name());
        }
        declared.push((look.entity, files.len(), said.maps));
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
    let looked = declared.iter().map(|(entity, number, maps)| {
        let file = &by_entity[*entity][*number];
        Looked { name: file.source.name(), look: &file.look, maps }
    });
    let looked: Vec<_> = looked.collect();
    for note in absent_columns(&looked) {
        tracing::warn!("{note}");
    }
    mistakes.extend(map_mistakes(&maps(settings, schema), &looked, schema));
    if mistakes.is_empty() { Ok(by_entity) } else { Err(SourceError::Options(mistakes).into()) }
}

/// The files and fields that options name and that are not there.
fn wrong_names(settings: &Settings, schema: &Schema) -> Vec<String> {
    let mut mistakes = Vec::new();
    let Settings { inputs, reading, .. } = settings;
    let is_given = |file: &PathBuf| inputs.iter().any(|spec| spec.path.name() == file.to_string_lossy());
    let missing = |file: &Option<PathBuf>| file.clone().filter(|file| !is_given(file));
    for file in reading.encodings.iter().filter_map(|(file, _)| missing(file)) {
        mistakes.push(SourceError::EncodingOfNothing { file: file.display().to_string() });
    }
    for (file, field, decision) in &reading.readings {
        let given = format!("{field}={}", decision.name());
        if let Some(file) = missing(file) {
            mistakes.push(SourceError::ReadingOfNothing { file: file.display().to_string(), given });
            continue;
        }
        let mut fields = schema.entities.iter().flat_map(|entity| &entity.fields);
        if !fields.any(|known| known.name == *field && decision.fits(&known.rule)) {
            mistakes.push(SourceError::ReadingOfField { given });
        }
    }
    mistakes.iter().map(ToString::to_string).collect()
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
