//! The result of reading one entity: clean rows in a spool, the hashes of what settling compares, findings, counts.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use crate::record::{Finding, Location, RowNumber, Severity};

use super::cleaning::Replaced;
use super::columns::{OpenColumn, Proofs};
use super::findings::{FindingChunk, PackedFindings, StoredFindings};
use super::parsed::{Parsed, ReadCounts, RejectedKey};
use super::plan::Layout;
use super::segment::{PlacedRows, Segment};
use super::spool::Spool;

/// Findings get this fraction of the memory budget; rows get the rest.
const FINDINGS_SHARE: usize = 4;

/// Fewer rows of a segment than this are read one by one; for more, reading the whole segment is faster.
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
    /// For each slot of the plan, the hash of each clean row's value; 0 if it has none.
    pub(crate) hashes: Vec<Vec<u64>>,
    /// The clean rows that are deletions, in order.
    pub(crate) deletes: Vec<RowNumber>,
    /// The keys of rejected records, in input order; kept only if another entity refers to this one.
    pub(crate) rejected_keys: Vec<RejectedKey>,
    /// The references of rejected records, as rows that have nothing else, in input order.
    pub(crate) rejected_references: Vec<Segment>,
    /// All files' counts.
    pub(crate) counts: ReadCounts,
    /// The number of clean rows.
    pub(crate) rows: u64,
    findings: StoredFindings,
}

/// The result of reading one file.
#[derive(Debug, Clone)]
pub(crate) struct FileHarvest {
    /// How its rows are encoded.
    pub(crate) layout: Layout,
    /// The number of filled cells of each unknown column.
    pub(crate) filled: Vec<u64>,
    /// The words that were replaced as `muster.toml` says, and in how many rows.
    pub(crate) replaced: Vec<(Replaced, u64)>,
    /// The open columns, with what their cells prove.
    pub(crate) open: Vec<(OpenColumn, Proofs)>,
    /// What was counted in it.
    pub(crate) counts: ReadCounts,
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
            rejected_references: Vec::new(),
            counts: ReadCounts::default(),
            rows: 0,
            findings: StoredFindings::new(Spool::new(folder, findings_budget)),
        }
    }

    /// A harvest with nothing but findings: of files whose headers stop the run.
    pub(crate) fn of_findings(slots: usize, folder: &Path, findings: &[Finding]) -> io::Result<Self> {
        let mut harvest = Self::new(slots, folder, usize::MAX);
        harvest.insert_file_findings(0, findings)?;
        Ok(harvest)
    }

    /// Adds the next block. Blocks come in order.
    pub(crate) fn add(&mut self, file: u16, parsed: Parsed) -> io::Result<()> {
        self.counts.add(parsed.counts);
        if let Some(file) = self.files.last_mut() {
            file.counts.add(parsed.counts);
        }
        for (all, block) in self.hashes.iter_mut().zip(&parsed.hashes) {
            all.extend_from_slice(block);
        }
        self.rejected_keys.extend(parsed.rejected_keys);
        let first = self.rows;
        self.deletes.extend(parsed.deletes.iter().map(|row| RowNumber(first + row)));
        self.findings.add(parsed.findings)?;
        let (rows, places) = parsed.rejected_references;
        if !places.is_empty() {
            let first = self.rejected_references.last().map_or(0, |last| last.first + last.rows);
            let rows = PlacedRows { start: parsed.start, rows, places: &places };
            self.rejected_references.push(Segment::new(&mut self.spool, file, first, rows)?);
        }
        if !parsed.places.is_empty() {
            let rows = PlacedRows { start: parsed.start, rows: parsed.rows, places: &parsed.places };
            let segment = Segment::new(&mut self.spool, file, self.rows, rows)?;
            self.rows += segment.rows;
            self.segments.push(segment);
        }
        Ok(())
    }

    /// Adds findings about a file as a whole before those of its records, the first of which are in chunk `at`.
    pub(crate) fn insert_file_findings(&mut self, at: usize, findings: &[Finding]) -> io::Result<()> {
        self.counts.warnings +=
            findings.iter().filter(|finding| finding.severity == Severity::Warning).count() as u64;
        self.findings.insert(at, PackedFindings::of(findings))
    }

    /// How many findings of reading there are.
    pub(crate) fn findings_count(&self) -> u64 {
        self.findings.count()
    }

    /// The chunks of all findings of reading, in the order file, record, column, code.
    pub(crate) fn finding_chunks(&self) -> &[FindingChunk] {
        self.findings.chunks()
    }

    /// The findings of a chunk.
    pub(crate) fn findings(&self, chunk: &FindingChunk) -> io::Result<Vec<Finding>> {
        self.findings.get(chunk)
    }

    /// The references of a rejected record, by their number among all of these, and its place.
    pub(crate) fn rejected_reference(&self, row: RowNumber) -> io::Result<(Cow<'_, [u8]>, Location)> {
        let (segment, index) = find(&self.rejected_references, row);
        segment.row(&self.spool, index)
    }

    /// A clean row's encoded bytes and its place. To read all rows, use the segments instead.
    pub(crate) fn row(&self, row: RowNumber) -> io::Result<(Cow<'_, [u8]>, Location)> {
        let (segment, index) = find(&self.segments, row);
        segment.row(&self.spool, index)
    }

    /// Calls `take` with the index, the bytes and the place of each of these clean rows, which are in order. A segment
    /// with many of them is read once.
    pub(crate) fn rows(
        &self,
        rows: &[RowNumber],
        mut take: impl FnMut(usize, &[u8], Location) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        let mut at = 0;
        while at < rows.len() {
            let (segment, _) = find(&self.segments, rows[at]);
            let end = at + rows[at..].partition_point(|row| row.0 < segment.first + segment.rows);
            let index = |row: RowNumber| usize::try_from(row.0 - segment.first).unwrap_or(0);
            if end - at < FEW {
                for (number, &row) in (at..).zip(&rows[at..end]) {
                    let (bytes, location) = segment.row(&self.spool, index(row))?;
                    take(number, &bytes, location)?;
                }
            } else {
                let open = segment.open(&self.spool, &mut buffer)?;
                for (number, &row) in (at..).zip(&rows[at..end]) {
                    let (bytes, location) = segment.row_of(&open, index(row));
                    take(number, bytes, location)?;
                }
            }
            at = end;
        }
        Ok(())
    }

    /// A clean row's place.
    pub(crate) fn location(&self, row: RowNumber) -> io::Result<Location> {
        let (segment, index) = find(&self.segments, row);
        segment.location(&self.spool, index)
    }

    /// The layout of a clean row's file.
    pub(crate) fn layout(&self, file: u16) -> &Layout {
        &self.files[usize::from(file)].layout
    }
}

/// The segment that holds a row, and the row's index in it.
fn find(segments: &[Segment], row: RowNumber) -> (&Segment, usize) {
    let at = segments.partition_point(|segment| segment.first + segment.rows <= row.0);
    let segment = &segments[at];
    (segment, usize::try_from(row.0 - segment.first).unwrap_or(0))
}
