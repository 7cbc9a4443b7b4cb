//! The result of parsing one block.

use crate::source::{Surplus, Utf8Evidence};

use super::blocks::BlockStart;
use super::columns::Proofs;
use super::findings::PackedFindings;
use super::segment::Place;

/// The key of a rejected record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedKey {
    /// The key's normal form.
    pub(crate) key: String,
    /// Which of the entity's files.
    pub(crate) file: u16,
    /// The data record, counted from 1.
    pub(crate) record: u64,
}

/// What reading counted. None of these is computed from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReadCounts {
    /// Data records.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    /// Records whose rows are clean.
    pub(crate) clean: u64,
    /// Records with a finding that rejects.
    pub(crate) rejected: u64,
    pub(crate) warnings: u64,
    /// Cells whose guard against formulas was removed.
    pub(crate) unguarded: u64,
}

impl ReadCounts {
    /// Adds another part's counts.
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.blank += other.blank;
        self.clean += other.clean;
        self.rejected += other.rejected;
        self.warnings += other.warnings;
        self.unguarded += other.unguarded;
    }
}

/// What was read from a block.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The number of bytes of the file that it covers.
    pub(crate) covered: u64,
    /// Where it begins.
    pub(crate) start: BlockStart,
    /// The clean rows, encoded.
    pub(crate) rows: Vec<u8>,
    /// The place of each of them.
    pub(crate) places: Vec<Place>,
    /// Per slot the hash of each clean row's value.
    pub(crate) hashes: Vec<Vec<u64>>,
    /// The clean rows that are deletions, counted from 0 in the block.
    pub(crate) deletes: Vec<u64>,
    /// In the order record, column, code.
    pub(crate) findings: PackedFindings,
    /// The keys of rejected records.
    pub(crate) rejected_keys: Vec<RejectedKey>,
    /// The references of rejected records, encoded, and the place of each of these.
    pub(crate) rejected_references: (Vec<u8>, Vec<Place>),
    /// What was counted.
    pub(crate) counts: ReadCounts,
    /// Whether the bytes look like UTF-8.
    pub(crate) evidence: Utf8Evidence,
    /// A record has a key that the header lacks.
    pub(crate) unknown_keys: bool,
    /// The records with empty cells beyond the header.
    pub(crate) surplus: Surplus,
    /// The filled cells of each unknown column, in the plan's order.
    pub(crate) filled: Vec<u64>,
    /// How often each word was replaced, as the plan's cleaning counts them.
    pub(crate) replaced: Vec<u64>,
    /// What the cells of the open columns prove, in the plan's order.
    pub(crate) proofs: Vec<Proofs>,
    /// The block's buffer, to be used again.
    pub(crate) buffer: Vec<u8>,
}
