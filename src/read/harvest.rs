//! What reading yields of one entity: clean rows in a spool, the hashes of what settling compares,
//! findings, counts.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use crate::record::{Finding, Location, Severity};

use super::columns::{OpenColumn, Proofs};
use super::found::{Found, FoundChunk, FoundPart};
use super::judge::KeyHasher;
use super::parse::{Counts, Parsed, RejectedKey};
use super::plan::Layout;
use super::segment::Segment;
use super::spool::Spool;

/// How much of the memory budget findings may take; rows have the rest.
const FINDINGS_SHARE: usize = 4;

/// How many rows of one segment are read one by one, because reading all of it takes longer.
const FEW: usize = 64;

/// All that was read of one entity, from all its files.
#[derive(Debug)]
pub(crate) struct Harvest {
    /// Per file.
    pub(crate) files: Vec<FileHarvest>,
    /// The clean rows, in input order.
    pub(crate) segments: Vec<Segment>,
    /// Holds the segments' bytes.
    pub(crate) spool: Spool,
    /// For each slot of the plan, the hash of each clean row's value; 0 where it has none.
    pub(crate) hashes: Vec<Vec<u64>>,
    /// The clean rows that are to be deleted, in order.
    pub(crate) deletes: Vec<u64>,
    /// The keys of rejected records, in input order; kept only where another entity refers to this one.
    pub(crate) rejected_keys: Vec<RejectedKey>,
    /// All files' counts.
    pub(crate) counts: Counts,
    /// The number of clean rows.
    pub(crate) rows: u64,
    findings: Found,
}

/// What is known of one file after it was read.
#[derive(Debug, Clone)]
pub(crate) struct FileHarvest {
    /// How its rows are encoded.
    pub(crate) layout: Layout,
    /// The columns that the schema leaves open, with what their cells proved.
    pub(crate) open: Vec<(OpenColumn, Proofs)>,
    /// What was counted in it.
    pub(crate) counts: Counts,
}

impl Harvest {
    pub(crate) fn new(slots: usize, folder: &Path, memory: usize) -> Self {
        let findings_budget = memory / FINDINGS_SHARE;
        Self {
            files: Vec::new(),
            segments: Vec::new(),
            spool: Spool::new(folder, memory - findings_budget),
            hashes: vec![Vec::new(); slots],
            deletes: Vec::new(),
            rejected_keys: Vec::new(),
            counts: Counts::default(),
            rows: 0,
            findings: Found::new(Spool::new(folder, findings_budget)),
        }
    }

    /// A harvest of nothing but findings: of files that stop the run by their headers.
    ///
    /// # Errors
    ///
    /// The spool's file could not be written.
    pub(crate) fn of_findings(slots: usize, folder: &Path, findings: &[Finding]) -> io::Result<Self> {
        let mut harvest = Self::new(slots, folder, usize::MAX);
        harvest.take_file_findings(findings)?;
        Ok(harvest)
    }

    /// Takes in the next block's harvest. Blocks come in order.
    pub(crate) fn absorb(&mut self, file: u16, parsed: Parsed) -> io::Result<()> {
        self.counts.add(parsed.counts);
        if let Some(file) = self.files.last_mut() {
            file.counts.add(parsed.counts);
        }
        for (all, block) in self.hashes.iter_mut().zip(&parsed.hashes) {
            all.extend_from_slice(block);
        }
        self.rejected_keys.extend(parsed.rejected_keys);
        let first = self.rows;
        self.deletes.extend(parsed.deletes.iter().map(|row| first + row));
        self.findings.take(parsed.found)?;
        if !parsed.places.is_empty() {
            let segment =
                Segment::new(&mut self.spool, file, self.rows, parsed.base, parsed.rows, &parsed.places)?;
            self.rows += segment.rows;
            self.segments.push(segment);
        }
        Ok(())
    }

    /// Takes findings about a file as a whole.
    pub(crate) fn take_file_findings(&mut self, findings: &[Finding]) -> io::Result<()> {
        self.counts.warnings +=
            findings.iter().filter(|finding| finding.severity == Severity::Warning).count() as u64;
        self.findings.take(FoundPart::of(findings))
    }

    /// All findings of reading as they are kept, in the order file, record, column, code.
    #[must_use]
    pub(crate) fn found(&self) -> &[FoundChunk] {
        self.findings.chunks()
    }

    /// The findings of a chunk.
    ///
    /// # Errors
    ///
    /// The spool's file could not be read.
    pub(crate) fn findings(&self, chunk: &FoundChunk) -> io::Result<Vec<Finding>> {
        self.findings.get(chunk)
    }

    /// The segment that holds a clean row, and the row's index in it.
    fn find(&self, row: u64) -> (&Segment, usize) {
        let at = self.segments.partition_point(|segment| segment.first + segment.rows <= row);
        let segment = &self.segments[at];
        (segment, usize::try_from(row - segment.first).unwrap_or(0))
    }

    /// A clean row's encoded bytes and its place. For all rows, go through the segments instead.
    ///
    /// # Errors
    ///
    /// The spool's file could not be read.
    pub(crate) fn row(&self, row: u64) -> io::Result<(Cow<'_, [u8]>, Location)> {
        let (segment, index) = self.find(row);
        segment.row(&self.spool, index)
    }

    /// Hands on the bytes and the place of each of these clean rows, which are in order. Where several are in one
    /// segment, it is read once.
    ///
    /// # Errors
    ///
    /// The spool's file could not be read, or `take` failed.
    pub(crate) fn rows(
        &self,
        rows: &[u64],
        mut take: impl FnMut(usize, &[u8], Location) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < rows.len() {
            let (segment, _) = self.find(rows[at]);
            let end = at + rows[at..].partition_point(|&row| row < segment.first + segment.rows);
            let index = |row: u64| usize::try_from(row - segment.first).unwrap_or(0);
            if end - at < FEW {
                for (number, &row) in (at..).zip(&rows[at..end]) {
                    let (bytes, location) = segment.row(&self.spool, index(row))?;
                    take(number, &bytes, location)?;
                }
            } else {
                let open = segment.open(&self.spool, &mut buffer)?;
                for (number, &row) in (at..).zip(&rows[at..end]) {
                    let (bytes, location) = segment.row_at_hand(&open, index(row));
                    take(number, bytes, location)?;
                }
            }
            at = end;
        }
        Ok(())
    }

    /// A clean row's place.
    ///
    /// # Errors
    ///
    /// The spool's file could not be read.
    pub(crate) fn location(&self, row: u64) -> io::Result<Location> {
        let (segment, index) = self.find(row);
        segment.location(&self.spool, index)
    }

    /// The layout of a clean row's file.
    #[must_use]
    pub(crate) fn layout(&self, file: u16) -> &Layout {
        &self.files[usize::from(file)].layout
    }
}

/// The seed of a run's hashes: all entities of a run share it, so that a reference's hash is its target's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seed(pub(crate) KeyHasher);
