//! What the command line and `muster.toml` together say of one file. The command line goes first.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::config::SourceConfig;
use crate::output::names;
use crate::schema::Schema;
use crate::settings::{Decision, Settings};
use crate::source::{ColumnMap, Encoding, InputPath, LookOptions, UnknownColumns};

use super::sent_back;

/// What is said of one file.
pub(super) struct Declared<'s> {
    settings: &'s Settings,
    path: &'s InputPath,
    /// Its source in `muster.toml`.
    pub(super) source: Option<&'s SourceConfig>,
    /// All maps that could be about it.
    pub(super) maps: Vec<ColumnMap>,
}

impl<'s> Declared<'s> {
    pub(super) fn of(settings: &'s Settings, schema: &Schema, path: &'s InputPath) -> Self {
        let source = source_of(settings, path);
        let mut maps = maps(settings, schema);
        maps.extend(source.into_iter().flat_map(|source| source.columns.iter().cloned()));
        Self { settings, path, source, maps }
    }

    /// Its encoding, if anything says it.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        let declared = || self.source.and_then(|source| source.encoding);
        self.settings.reading.encoding(self.path).or_else(declared)
    }

    /// How a field is read that its schema leaves open.
    pub(super) fn decision(&self, field: &str, rule: &crate::rule::Rule) -> Option<Decision> {
        let declared = || {
            let source = self.source?;
            let order = source.order.map(Decision::Order);
            order.into_iter().chain(source.mark.map(Decision::Mark)).find(|decision| decision.fits(rule))
        };
        self.settings.reading.reading(self.path, field).or_else(declared)
    }

    /// How it is looked at, in the encoding that it is given or found to have.
    pub(super) fn look_options<'o>(
        &'o self,
        encoding: Option<Encoding>,
        cancelled: &'o AtomicBool,
    ) -> LookOptions<'o> {
        let settings = self.settings;
        LookOptions {
            encoding,
            delimiter: settings.reading.delimiter.or_else(|| self.source.and_then(|source| source.delimiter)),
            maps: &self.maps,
            made: self.source.map_or(&[][..], |source| &source.made[..]),
            changes: settings.target.changes,
            ignore_unknown: settings.reading.unknown_columns == UnknownColumns::Ignore,
            max_record: Some(settings.reading.max_record),
            cancelled: Some(cancelled),
            // The columns that are named may be in any record.
            whole: !self.maps.is_empty() || self.source.is_some_and(|source| !source.made.is_empty()),
            ..LookOptions::default()
        }
    }
}

/// The `--map`s.
pub(super) fn maps(settings: &Settings, schema: &Schema) -> Vec<ColumnMap> {
    let files: Vec<String> = settings.inputs.iter().map(|spec| spec.path.name()).collect();
    let maps = settings.reading.maps.iter();
    maps.map(|(left, field)| ColumnMap::given(left, field, schema, &files)).collect()
}

/// The source of a file: the first one whose patterns match it. Records that went back have the source of their file.
fn source_of<'s>(settings: &'s Settings, path: &InputPath) -> Option<&'s SourceConfig> {
    let config = settings.config.as_deref()?;
    let file = path.file()?;
    let found = config.source_of(file).or_else(|| {
        let name = file.file_name()?.to_str().filter(|name| names::is_returned(name))?;
        let of_run = sent_back::source(path).and_then(|source| config.source_of(Path::new(&source)));
        of_run.or_else(|| config.source_of_name(&names::input_of(name)))
    });
    found.map(|at| &config.sources[at])
}
