//! An input file, and all files of an entity with what was read of them.

use std::path::PathBuf;

use crate::read::Harvest;
use crate::record::Finding;
use crate::report::Counts;
use crate::settings::Decision;
use crate::source::{InputPath, InputSpec, Look, NotImported, Source};

use super::exported::Claim;
use super::table::Facts;

/// One input file: opened, looked at, hashed.
#[derive(Debug)]
pub(crate) struct FileRead {
    pub(crate) path: InputPath,
    pub(crate) source: Source,
    /// The file itself, if its records are read from a table made of it.
    pub(crate) original: Option<(Source, Facts)>,
    pub(crate) look: Look,
    pub(crate) sha256: String,
    /// What the manifest beside the file says of it; taken for true until the file has been hashed.
    pub(crate) exported: Option<Claim>,
    /// All its records were asked for their keys.
    pub(crate) whole: bool,
    /// How many empty cells its records may have beyond the header, once that is known.
    pub(crate) extra: Option<usize>,
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

    /// The filled columns of a file that are not imported, and that nobody said to ignore, if it was read.
    pub(crate) fn not_imported(&self, file: usize) -> Vec<NotImported> {
        let filled = self.harvest.files.get(file).map_or(&[][..], |file| file.filled.as_slice());
        let Some(file) = self.files.get(file) else { return Vec::new() };
        file.look.not_imported(filled, file.exported.is_some())
    }

    /// Whether any file has filled columns that are not imported, and nobody said to ignore them.
    pub(crate) fn loses_columns(&self) -> bool {
        (0..self.files.len()).any(|at| !self.not_imported(at).is_empty())
    }

    /// The counts before settling: clean rows count as accepted.
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

impl FileRead {
    /// How many empty cells its records may have beyond the header.
    pub(crate) fn extra(&self) -> usize {
        let found = if self.look.torn.is_some() { 0 } else { self.look.extra };
        self.extra.unwrap_or(found)
    }

    /// The file as it is stored.
    pub(crate) fn stored(&self) -> &Source {
        self.original.as_ref().map_or(&self.source, |(original, _)| original)
    }
}

/// The paths of the inputs, so that no report overwrites one.
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
