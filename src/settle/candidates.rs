//! What settling is given: the clean rows of each entity, with the hashes of their keys, unique fields and
//! references.

use std::io;

use crate::record::{Related, RowNumber, Slot};
use crate::schema::{Entity, FieldIndex};

/// The values that rows are compared by, read back by row and slot. A value is the raw bytes of COPY's text
/// format, which are equal exactly when the values are.
pub(crate) trait SlotValues: Sync {
    /// Calls `each` with the value of `slot` for these rows, which are in order.
    fn values(
        &self,
        rows: &[RowNumber],
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()>;

    /// The number of parts that can be scanned separately; together, in order, they hold all rows.
    fn parts(&self) -> usize;

    /// Calls `each` with the value of `slot` for the rows of a part in order.
    fn scan(&self, part: usize, slot: Slot, each: &mut dyn FnMut(RowNumber, Option<&[u8]>))
    -> io::Result<()>;

    /// The number of parts of the rows that reading rejected. Only their references are known; they are numbered among
    /// themselves.
    fn rejected_parts(&self) -> usize {
        0
    }

    /// Calls `each` with the hash and the value of the reference in `slot` for the rejected rows of a part that have
    /// one, in order.
    fn scan_rejected(
        &self,
        _part: usize,
        _slot: Slot,
        _each: &mut dyn FnMut(RowNumber, u64, &[u8]),
    ) -> io::Result<()> {
        Ok(())
    }
}

/// One entity's clean rows before they are settled.
#[derive(Clone, Copy)]
pub(crate) struct Candidates<'a> {
    /// Its schema.
    pub(crate) entity: &'a Entity,
    /// Whether a file of it was given at all.
    pub(crate) given: bool,
    /// The field of each slot: unique ones first (the key at 0), then references.
    pub(crate) slots: &'a [FieldIndex],
    /// Per slot and row the value's hash, 0 if it has none.
    pub(crate) hashes: &'a [Vec<u64>],
    pub(crate) values: &'a dyn SlotValues,
    /// The rows that are deletions, in order: nothing can refer to them.
    pub(crate) deletes: &'a [RowNumber],
    /// The keys of rejected records, in input order.
    pub(crate) rejected: &'a [(Vec<u8>, Related)],
}

impl Candidates<'_> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.hashes.first().map_or(0, Vec::len)
    }

    pub(super) fn unique_slots(&self) -> usize {
        self.entity.unique_fields().count()
    }
}
