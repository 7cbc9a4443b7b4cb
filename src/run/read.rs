//! The first phase: the files of an entity read and hashed, and read again if a whole file refutes what was assumed.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;

use crate::event::{Event, Stage};
use crate::hash::Hasher;
use crate::output::names;
use crate::read::{
    Cleaning, Harvest, Input, Keep, ReadError, ReadOptions, ReadPlan, Reader, Reading, Refutation, slots,
};
use crate::schema::{Entity, Schema};
use crate::settings::{QuotedEmpty, Settings};
use crate::source::{Encoding, FileFormat, InputPath, LookOptions, ReadAt as _, look};

use super::RunError;
use super::declared::Declared;
use super::file::FileRead;
use super::open::renumber;
use super::table_error::TableError;

/// How much is hashed at a time.
const HASHED: usize = 1 << 20;

/// Reads one entity's files. If a whole file refutes what was assumed of it, all are read again.
pub(crate) fn read(
    reader: &Reader<'_>,
    schema: &Schema,
    entity: usize,
    files: &mut [FileRead],
    settings: &Settings,
    keep: Keep,
) -> Result<Harvest, RunError> {
    let rules = &schema.entities[entity];
    let referred_to = settings.target.report_absent
        || schema.entities.iter().any(|other| other.references().any(|(_, r)| r.entity == entity));
    let total = files
        .iter()
        .map(|file| file.source.len() - file.look.opening.data_start.min(file.source.len()))
        .sum();
    loop {
        let name = rules.name.as_str();
        reader.listener.on(Event::Started { stage: Stage::Read, entity: name, total: Some(total) });
        let inputs = files.iter().enumerate();
        let inputs: Vec<_> =
            inputs.map(|(number, file)| input(schema, entity, number, file, settings, keep)).collect();
        let (reading, hashes) = std::thread::scope(|scope| {
            let (files, cancelled) = (&*files, reader.cancelled);
            let hashed = move |file| hash(file, cancelled);
            let hashes = scope.spawn(move || files.iter().map(hashed).collect::<Result<Vec<_>, _>>());
            let reading = reader.read(&inputs, slots(rules).len(), referred_to);
            (reading, hashes.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        drop(inputs);
        let reading = reading?;
        let hashes = hashes?;
        reader.listener.on(Event::Finished);
        match reading {
            Reading::Done(harvest) => {
                for (file, sha256) in files.iter_mut().zip(hashes) {
                    file.stored().unchanged()?;
                    file.sha256 = sha256;
                }
                if refuted(files) {
                    continue;
                }
                all_there(files, &harvest)?;
                say_decisions(rules, files, &harvest);
                return Ok(*harvest);
            }
            Reading::Refuted(number, Refutation::Columns(decisions)) => {
                let file = &mut files[number];
                tracing::info!(
                    "{}: later cells decide a column differently than the first ones; read again",
                    file.source.name()
                );
                file.decisions = Some(decisions);
            }
            Reading::Refuted(number, Refutation::Extra(extra)) => {
                let file = &mut files[number];
                tracing::info!(
                    "{}: nearly every record has {extra} empty cells beyond the header; read again",
                    file.source.name()
                );
                file.extra = Some(extra);
            }
            Reading::Refuted(number, Refutation::Encoding) => {
                let file = &mut files[number];
                let encoding = match file.look.opening.encoding {
                    Encoding::Utf8 => Encoding::FALLBACK,
                    _ => Encoding::Utf8,
                };
                tracing::warn!(
                    "{}: the whole file says {}, not {}; read again",
                    file.source.name(),
                    encoding.name(),
                    file.look.opening.encoding.name()
                );
                let said = Declared::of(settings, schema, &file.path);
                let options = said.look_options(Some(encoding), reader.cancelled);
                let mut look = look(&file.source, schema, Some(entity), &options)?;
                renumber(&mut look, number);
                file.look = look;
                file.decisions = None;
            }
            Reading::Refuted(number, Refutation::Keys) => {
                let file = &mut files[number];
                tracing::info!("{}: has keys that its first records lack; read again", file.source.name());
                let said = Declared::of(settings, schema, &file.path);
                let options =
                    LookOptions { whole: true, ..said.look_options(said.encoding(), reader.cancelled) };
                let mut look = look(&file.source, schema, Some(entity), &options)?;
                renumber(&mut look, number);
                file.look = look;
                file.whole = true;
            }
        }
    }
}

/// Whether as many records were read as each file says it has.
fn all_there(files: &[FileRead], harvest: &Harvest) -> Result<(), RunError> {
    for (file, read) in files.iter().zip(&harvest.files) {
        if let Some((_, facts)) = &file.original
            && facts.rows != read.counts.read
        {
            let (rows, read) = (facts.rows, read.counts.read);
            let fault =
                format!("says that it has {rows} rows, and {read} were read; transfer or write it again");
            return Err(TableError::File { name: file.source.name().to_owned(), fault, source: None }.into());
        }
    }
    Ok(())
}

/// Whether any file is not what muster exported, although a manifest lists its name.
fn refuted(files: &mut [FileRead]) -> bool {
    let mut refuted = false;
    for file in files {
        if file.exported.as_ref().is_some_and(|claim| claim.sha256 != file.sha256) {
            tracing::info!("{}: was changed since muster exported it", file.source.name());
            file.exported = None;
            refuted = true;
        }
    }
    refuted
}

/// Logs how each column was read that the schema leaves open.
fn say_decisions(rules: &Entity, files: &[FileRead], harvest: &Harvest) {
    for (file, read) in files.iter().zip(&harvest.files) {
        for (column, proofs) in &read.open {
            let how = column.explained(proofs);
            tracing::info!("{}: column {}: {how}", file.source.name(), rules.fields[column.field].name);
        }
    }
}

fn input<'f>(
    schema: &'f Schema,
    entity: usize,
    number: usize,
    file: &'f FileRead,
    settings: &'f Settings,
    keep: Keep,
) -> Input<'f> {
    let entity = &schema.entities[entity];
    let said = Declared::of(settings, schema, &file.path);
    let quoted_empty = settings.reading.quoted_empty;
    let options = ReadOptions {
        settings,
        keep,
        empty_text: quoted_empty.map_or(file.exported.is_some(), |what| what == QuotedEmpty::Text),
        // Other formats are not written by spreadsheets: an apostrophe there is part of the value.
        unguard: settings.reading.from_spreadsheet && file.look.opening.format == FileFormat::Csv,
    };
    let mut plan = ReadPlan::new(entity, u16::try_from(number).unwrap_or(u16::MAX), &file.look, options);
    for column in &mut plan.open {
        let field = &entity.fields[column.field];
        column.give(said.decision(&field.name, &field.rule));
    }
    if let Some(source) = said.source {
        plan.cleaning = Cleaning::new(source, &file.look, entity);
        let zone = source.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        if let Some(zone) = zone.filter(|_| file.look.opening.format != FileFormat::Parquet) {
            plan.read_in(&zone);
        }
    }
    plan.extra = file.extra();
    plan.by_line = file.path.file().is_some_and(names::holds_broken);
    // Exports write every time in UTC, and a column of instants says itself what they are.
    plan.in_utc = match &file.original {
        _ if file.exported.is_some() => (0..entity.fields.len()).collect(),
        Some((_, facts)) => facts.zoned.clone(),
        None => Vec::new(),
    };
    plan.longest = file.original.as_ref().map(|(_, facts)| facts.longest);
    Input {
        source: &file.source,
        look: &file.look,
        exported: file.exported.is_some(),
        extra_is_open: file.extra.is_none() && plan.torn.is_none(),
        plan,
        whole: file.whole,
        decisions: file.decisions.as_deref(),
    }
}

/// The SHA-256 of a file's bytes as given: of the compressed file if it is one.
fn hash(file: &FileRead, cancelled: &AtomicBool) -> Result<String, RunError> {
    let source = file.stored();
    let mut stored = match (source.compression(), &file.path) {
        // What came through a pipe is gone: the hash is that of its copy.
        (Some(_), InputPath::File(path)) if path.is_file() => {
            Some(std::fs::File::open(path).map_err(|e| lost(file, e))?)
        }
        _ => None,
    };
    let (mut hasher, mut buffer, mut offset) = (Hasher::new(), vec![0; HASHED], 0);
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(ReadError::Cancelled.into());
        }
        let read = match &mut stored {
            Some(stored) => stored.read(&mut buffer),
            None => source.read_at(&mut buffer, offset),
        };
        match read.map_err(|e| lost(file, e))? {
            0 => return Ok(hasher.finish()),
            read => {
                hasher.update(&buffer[..read]);
                offset += read as u64;
            }
        }
    }
}

fn lost(file: &FileRead, source: std::io::Error) -> RunError {
    ReadError::Source { file: file.source.name().to_owned(), source }.into()
}
