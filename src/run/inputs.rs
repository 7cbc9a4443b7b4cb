//! The first phase: inputs opened, looked at, sorted by entity, and read.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::event::{Event, Stage};
use crate::output::visible::fitted;
use crate::read::{Decision, Harvest, Input, ReadOptions, ReadPlan, Reader, Reading, Refutation, slots};
use crate::record::{Finding, Severity};
use crate::report::Counts;
use crate::schema::{Entity, Schema};
use crate::source::{
    Encoding, FileFormat, Hasher, InputPath, InputSpec, Look, LookOptions, ReadAt as _, Source, SourceError,
    check_maps, entity_named, look,
};

use super::RunError;
use super::exported::{self, Claim};
use super::table::{self, Facts, Table};

/// How many columns of a header's cell a message shows.
const SHOWN: usize = 60;
/// How much is hashed at a time.
const HASHED: usize = 1 << 20;

/// One input file: opened, looked at, hashed.
#[derive(Debug)]
pub(crate) struct FileRead {
    pub(crate) path: InputPath,
    pub(crate) source: Source,
    /// The file itself, where its records are read from a table made of it.
    pub(crate) original: Option<(Source, Facts)>,
    pub(crate) look: Look,
    pub(crate) sha256: String,
    /// What the manifest beside the file says of it; taken for true until the file has been hashed.
    pub(crate) exported: Option<Claim>,
    /// All its records were asked for their keys.
    pub(crate) whole: bool,
    /// What its open columns decided, once the whole file has said it.
    pub(crate) decisions: Option<Vec<Option<Decision>>>,
}

/// One entity: its files and what was read of them. Without files the harvest is empty.
#[derive(Debug)]
pub(crate) struct EntityRead {
    pub(crate) files: Vec<FileRead>,
    pub(crate) harvest: Harvest,
}

impl EntityRead {
    /// How many data records a file has, if it was read.
    pub(crate) fn records(&self, file: usize) -> Option<u64> {
        self.harvest.files.get(file).map(|file| file.counts.read)
    }

    /// What is known of its rows before they are settled: those that are clean count as accepted so far.
    pub(crate) fn counts(&self) -> Counts {
        let counted = self.harvest.counts;
        Counts {
            read: counted.read,
            blank: counted.blank,
            accepted: counted.clean,
            rejected: counted.rejected,
            warnings: counted.warnings,
            unguarded: counted.unguarded,
            ..Counts::default()
        }
    }
}

/// How the inputs are to be looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looking {
    /// `--encoding`: of one file, or of all that are not named.
    pub(crate) encodings: Vec<(Option<PathBuf>, Encoding)>,
    /// `--reading`: of one file, or of all that are not named, how the cells of a field are read.
    pub(crate) readings: Vec<(Option<PathBuf>, String, Decision)>,
    /// `--delimiter`.
    pub(crate) delimiter: Option<u8>,
    /// `--map`.
    pub(crate) maps: Vec<(String, String)>,
    /// `--quoted-empty`: whether a quoted empty cell is the empty text; only in muster's own exports without.
    pub(crate) empty_text: Option<bool>,
    /// `--apply-changes`: the files are those of an export with --changes-since.
    pub(crate) changes: bool,
}

impl Looking {
    /// What `--encoding` says of a file.
    fn encoding(&self, path: &InputPath) -> Option<Encoding> {
        self.encoding_of(path).or_else(|| self.encoding_of_all())
    }

    /// What `--encoding` says of a file by its name.
    pub(crate) fn encoding_of(&self, path: &InputPath) -> Option<Encoding> {
        let is_it =
            |file: &Option<PathBuf>| file.as_ref().is_some_and(|file| *file.to_string_lossy() == path.name());
        self.encodings.iter().rfind(|(file, _)| is_it(file)).map(|(_, encoding)| *encoding)
    }

    /// What `--reading` says of a field of a file.
    fn reading(&self, path: &InputPath, field: &str) -> Option<Decision> {
        let is_meant = |named: bool| {
            let of_file = move |file: &Option<PathBuf>| match file {
                Some(file) => named && *file.to_string_lossy() == path.name(),
                None => !named,
            };
            self.readings.iter().rfind(move |(file, of, _)| of_file(file) && of == field)
        };
        is_meant(true).or_else(|| is_meant(false)).map(|(_, _, decision)| *decision)
    }

    /// What `--encoding` says of files that it does not name.
    pub(crate) fn encoding_of_all(&self) -> Option<Encoding> {
        self.encodings.iter().rfind(|(file, _)| file.is_none()).map(|(_, encoding)| *encoding)
    }
}

/// Opens all inputs and sorts them by entity, in load order; within one, in the order given.
pub(crate) fn open(
    inputs: &[InputSpec],
    schema: &Schema,
    looking: &Looking,
    spool: &Path,
    goes_on: &dyn Fn() -> bool,
) -> Result<Vec<Vec<FileRead>>, RunError> {
    for (file, _) in &looking.encodings {
        let is_given = |file: &PathBuf| inputs.iter().any(|spec| spec.path.name() == file.to_string_lossy());
        if let Some(file) = file.as_ref().filter(|file| !is_given(file)) {
            return Err(SourceError::EncodingOfNothing { file: file.display().to_string() }.into());
        }
    }
    for (file, field, decision) in &looking.readings {
        let is_given = |file: &PathBuf| inputs.iter().any(|spec| spec.path.name() == file.to_string_lossy());
        let mut fields = schema.entities.iter().flat_map(|entity| &entity.fields);
        let given = || format!("{field}={}", decision.name());
        if let Some(file) = file.as_ref().filter(|file| !is_given(file)) {
            let (file, given) = (file.display().to_string(), given());
            return Err(SourceError::ReadingOfNothing { file, given }.into());
        }
        if !fields.any(|known| known.name == *field && decision.fits(&known.rule)) {
            return Err(SourceError::ReadingOfField { given: given() }.into());
        }
    }
    let mut by_entity: Vec<Vec<FileRead>> = schema.entities.iter().map(|_| Vec::new()).collect();
    for spec in inputs {
        let source = Source::open_while(&spec.path, spool, goes_on)?;
        let named = spec.entity.as_deref().map(|name| entity_named(schema, name, &spec.path)).transpose()?;
        let exported = exported::claim(&spec.path);
        let is_parquet = FileFormat::of(&source)? == FileFormat::Parquet;
        let options = LookOptions {
            may_be_empty: exported.as_ref().is_some_and(|claim| claim.is_empty),
            ..looking.options(looking.encoding(&spec.path))
        };
        let (source, original, mut look) = if is_parquet {
            let Table { source: table, look, facts } = table::open(&source, schema, named, &options, spool)?;
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
            decisions: None,
        });
    }
    let looks: Vec<_> = by_entity.iter().flatten().map(|file| file.look.clone()).collect();
    check_maps(&looking.maps, &looks, schema)?;
    Ok(by_entity)
}

/// What stops the run before a record is read: files with a fault that concerns the whole file.
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

/// Reads one entity's files. Where a whole file refutes what was assumed of it, all are read again.
pub(crate) fn read(
    reader: &Reader<'_>,
    schema: &Schema,
    entity: usize,
    files: &mut [FileRead],
    looking: &Looking,
    options: ReadOptions,
    keep_keys: bool,
) -> Result<Harvest, RunError> {
    let rules = &schema.entities[entity];
    let read_with = |file: &FileRead| ReadOptions {
        empty_text: looking.empty_text.unwrap_or(file.exported.is_some()),
        // No spreadsheet has written the others, so an apostrophe of theirs is their own.
        unguard: options.unguard && file.look.opening.format == FileFormat::Csv,
        ..options
    };
    let referred_to =
        keep_keys || schema.entities.iter().any(|other| other.references().any(|(_, r)| r.entity == entity));
    let total = files
        .iter()
        .map(|file| file.source.len() - file.look.opening.data_start.min(file.source.len()))
        .sum();
    loop {
        let name = rules.name.as_str();
        reader.listener.on(Event::Started { stage: Stage::Read, entity: name, total: Some(total) });
        let inputs = files.iter().enumerate();
        let inputs = inputs.map(|(number, file)| input(rules, number, file, looking, read_with(file)));
        let inputs: Vec<_> = inputs.collect();
        let (reading, hashes) = std::thread::scope(|scope| {
            let hashes = scope.spawn(|| files.iter().map(hash).collect::<Result<Vec<_>, _>>());
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
                if refuted(files) && looking.empty_text.is_none() {
                    continue;
                }
                all_there(rules, files, &harvest)?;
                say_decisions(rules, files, &harvest);
                return Ok(*harvest);
            }
            Reading::Refuted(number, Refutation::Columns(decisions)) => {
                let file = &mut files[number];
                tracing::info!(
                    "{}: its columns decide otherwise than they began; read again",
                    file.source.name()
                );
                file.decisions = Some(decisions);
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
                let options = looking.options(Some(encoding));
                let mut look = look(&file.source, schema, Some(entity), &options)?;
                renumber(&mut look, number);
                file.look = look;
                file.decisions = None;
            }
            Reading::Refuted(number, Refutation::Keys) => {
                let file = &mut files[number];
                tracing::info!("{}: has keys that its first records lack; read again", file.source.name());
                let options = LookOptions { whole: true, ..looking.options(looking.encoding(&file.path)) };
                let mut look = look(&file.source, schema, Some(entity), &options)?;
                renumber(&mut look, number);
                file.look = look;
                file.whole = true;
            }
        }
    }
}

impl FileRead {
    /// The file as it is stored.
    pub(crate) fn stored(&self) -> &Source {
        self.original.as_ref().map_or(&self.source, |(original, _)| original)
    }
}

/// Whether as many records were read as each file says it has.
fn all_there(rules: &Entity, files: &[FileRead], harvest: &Harvest) -> Result<(), RunError> {
    for (file, read) in files.iter().zip(&harvest.files) {
        if let Some((_, facts)) = &file.original
            && facts.rows != read.counts.read
        {
            let (name, rows, read) = (file.source.name(), facts.rows, read.counts.read);
            let law = format!("{name} says that it has {rows} rows, but {read} were read");
            return Err(RunError::Law { entity: rules.name.clone(), law });
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

/// Says how each column was read that the schema leaves open.
fn say_decisions(rules: &Entity, files: &[FileRead], harvest: &Harvest) {
    for (file, read) in files.iter().zip(&harvest.files) {
        for (column, proofs) in &read.open {
            let explained = column.explained(proofs);
            tracing::info!("{}: column {}: {explained}", file.source.name(), rules.fields[column.field].name);
        }
    }
}

impl Looking {
    fn options(&self, encoding: Option<Encoding>) -> LookOptions<'_> {
        LookOptions {
            encoding,
            delimiter: self.delimiter,
            maps: &self.maps,
            changes: self.changes,
            ..LookOptions::default()
        }
    }
}

/// Which of its entity's files a file is turns out only after the look.
fn renumber(look: &mut Look, number: usize) {
    let number = u16::try_from(number).unwrap_or(u16::MAX);
    for finding in &mut look.findings {
        finding.location.file = number;
    }
}

fn input<'f>(
    entity: &'f Entity,
    number: usize,
    file: &'f FileRead,
    looking: &Looking,
    options: ReadOptions,
) -> Input<'f> {
    let mut plan = ReadPlan::new(entity, u16::try_from(number).unwrap_or(u16::MAX), &file.look, options);
    for column in &mut plan.open {
        column.give(looking.reading(&file.path, &entity.fields[column.field].name));
    }
    plan.longest = file.original.as_ref().map(|(_, facts)| facts.longest);
    Input {
        source: &file.source,
        look: &file.look,
        plan,
        whole: file.whole,
        decisions: file.decisions.as_deref(),
    }
}

/// The SHA-256 of a file's bytes as given: of the compressed file where there is one.
fn hash(file: &FileRead) -> Result<String, RunError> {
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; HASHED];
    let source = file.stored();
    if let (Some(_), InputPath::File(path)) = (source.compression(), &file.path) {
        let mut stored = std::fs::File::open(path).map_err(|e| lost(file, e))?;
        loop {
            match stored.read(&mut buffer).map_err(|e| lost(file, e))? {
                0 => return Ok(hasher.finish()),
                read => hasher.update(&buffer[..read]),
            }
        }
    }
    let mut offset = 0;
    loop {
        match source.read_at(&mut buffer, offset).map_err(|e| lost(file, e))? {
            0 => return Ok(hasher.finish()),
            read => {
                hasher.update(&buffer[..read]);
                offset += read as u64;
            }
        }
    }
}

fn lost(file: &FileRead, source: std::io::Error) -> RunError {
    crate::read::ReadError::Source { file: file.source.name().to_owned(), source }.into()
}

/// The paths that the inputs lie at, so that no report overwrites one.
pub(crate) fn paths(inputs: &[InputSpec]) -> impl Iterator<Item = &PathBuf> {
    inputs.iter().filter_map(|spec| match &spec.path {
        InputPath::File(path) => Some(path),
        InputPath::Stdin | InputPath::Made(_) => None,
    })
}

/// The findings of files that stop the run, as an entity's only harvest.
pub(crate) fn findings_of(files: &[FileRead]) -> Vec<Finding> {
    let mut findings: Vec<_> = files.iter().flat_map(|file| file.look.findings.clone()).collect();
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings
}
