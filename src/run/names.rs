//! The names that the reports of a run are given: entities, fields, files, and the options to repeat.

use crate::config::Config;
use crate::output::names;
use crate::report::{Context, Entity, Field, File, Mapped, UsedConfig};
use crate::schema::header_key;
use crate::source::{FileFormat, MadeField, UnknownColumns};

use super::file::{EntityRead, FileRead};
use super::state::Run;

impl Run<'_> {
    pub(super) fn context(&self, entities: &[EntityRead], target: Option<&str>) -> Context {
        let mut stems = names::Stems::default();
        let named = self.schema.entities.iter().zip(entities).map(|(entity, read)| Entity {
            name: entity.name.clone(),
            fields: entity
                .fields
                .iter()
                .map(|field| Field { name: field.name.clone(), sensitive: field.sensitive })
                .collect(),
            mapped: mapped(read),
            files: (0..)
                .zip(&read.files)
                .map(|(at, file)| {
                    let not_imported = read.not_imported(at);
                    File { not_imported, ..described(file, read.records(at), &entity.name, &mut stems) }
                })
                .collect(),
        });
        Context {
            run: self.id.clone(),
            command: self.command.to_owned(),
            started: self.started,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: self.schema.sha256.clone(),
            config: self.settings.config.as_deref().map(used),
            target: target.map(str::to_owned),
            values: self.settings.reports.values,
            again: self.again(entities),
            again_of_files: self.settings.reports.given.repeated_of_files.clone(),
            refuses_unknown: self.settings.reading.unknown_columns == UnknownColumns::Refuse,
            entities: named.collect(),
        }
    }

    /// The options that reading returned records needs too. No manifest lists a file of returned records, so what
    /// a manifest said of its source must be repeated.
    fn again(&self, entities: &[EntityRead]) -> Vec<String> {
        let mut again = self.settings.reports.given.repeated.clone();
        if self.settings.reading.quoted_empty.is_none() {
            let files = || entities.iter().flat_map(|read| &read.files);
            let exported = files().filter(|file| file.exported.is_some()).count();
            if exported > 0 && exported == files().count() {
                again.extend(["--quoted-empty".to_owned(), "text".to_owned()]);
            } else if exported > 0 {
                tracing::info!(
                    "only some of the files were exported by muster: import the corrected records of those \
                     separately, with --quoted-empty text"
                );
            }
        }
        again
    }
}

fn described(file: &FileRead, records: Option<u64>, entity: &str, stems: &mut names::Stems) -> File {
    let (source, opening) = (&file.source, &file.look.opening);
    let is_ndjson = opening.format == FileFormat::Ndjson;
    File {
        path: source.name().to_owned(),
        stem: stems.next(source.name(), entity),
        bytes: file.stored().stored_len(),
        sha256: file.sha256.clone(),
        encoding: opening.encoding.name(),
        format: opening.format.name().to_owned(),
        // No sign separates the values of an object.
        delimiter: if is_ndjson { String::new() } else { char::from(opening.delimiter).to_string() },
        extra: file.extra(),
        header: opening.header.clone(),
        made: file.look.made.iter().map(MadeField::column).collect(),
        mapping: meanings(file),
        prefix: if is_ndjson { 0..0 } else { 0..opening.data_start },
        records,
        columns: file.look.columns(),
        not_imported: Vec::new(),
    }
}

/// The field that each column feeds, if only as a part of it.
fn meanings(file: &FileRead) -> Vec<Option<usize>> {
    let look = &file.look;
    let mut meanings = look.mapping.columns.clone();
    let first = look.opening.header.len();
    for (at, made) in look.made.iter().enumerate() {
        for column in made.how.columns() {
            let is_it = |name: &String| header_key(name) == header_key(column);
            if let Some(position) = look.opening.header.iter().position(is_it) {
                meanings[position] = meanings[position].or(look.mapping.columns[first + at]);
            }
        }
    }
    meanings
}

/// Which `muster.toml` was used.
pub(super) fn used(config: &Config) -> UsedConfig {
    UsedConfig { path: config.path.display().to_string(), sha256: config.sha256.clone() }
}

/// The words that were replaced in all files of an entity.
fn mapped(read: &EntityRead) -> Vec<Mapped> {
    let mut all: Vec<Mapped> = Vec::new();
    for (word, rows) in read.harvest.files.iter().flat_map(|file| &file.replaced) {
        let same = |known: &&mut Mapped| {
            known.column == word.column && known.from == word.from && known.to == word.to
        };
        match all.iter_mut().find(same) {
            Some(known) => known.rows += rows,
            None => all.push(Mapped {
                column: word.column.clone(),
                from: word.from.clone(),
                to: word.to.clone(),
                rows: *rows,
            }),
        }
    }
    all
}
