//! A harvest's clean rows as settling sees them.

use std::io;

use crate::read::{Harvest, Seed, slots};
use crate::record::{Related, RowEncoder, RowNumber, Slot};
use crate::schema::{Entity, FieldIndex};
use crate::settle::{Candidates, SlotValues};

/// One entity's harvest, as settling takes it.
pub(crate) struct Settleable<'h> {
    entity: &'h Entity,
    harvest: &'h Harvest,
    seed: &'h Seed,
    slots: Vec<FieldIndex>,
    /// Per file and slot: the field's position in an encoded row.
    positions: Vec<Vec<Option<usize>>>,
    rejected: Vec<(Vec<u8>, Related)>,
}

impl<'h> Settleable<'h> {
    pub(crate) fn new(entity: &'h Entity, index: usize, harvest: &'h Harvest, seed: &'h Seed) -> Self {
        let slots = slots(entity);
        let positions = harvest
            .files
            .iter()
            .map(|file| {
                let position = |slot: &FieldIndex| file.layout.fields.iter().position(|field| field == slot);
                slots.iter().map(position).collect()
            })
            .collect();
        let related =
            |file, record| Related { entity: u16::try_from(index).unwrap_or(u16::MAX), file, record };
        let rejected = harvest
            .rejected_keys
            .iter()
            .map(|rejected| {
                let mut raw = Vec::new();
                RowEncoder::text(&mut raw, &rejected.key);
                raw.pop();
                (raw, related(rejected.file, rejected.record))
            })
            .collect();
        Self { entity, harvest, seed, slots, positions, rejected }
    }

    pub(crate) fn candidates(&self) -> Candidates<'_> {
        Candidates {
            entity: self.entity,
            given: !self.harvest.files.is_empty(),
            slots: &self.slots,
            hashes: &self.harvest.hashes,
            values: self,
            deletes: &self.harvest.deletes,
            rejected: &self.rejected,
        }
    }

    /// The key of a row, escaped as COPY wants it.
    pub(crate) fn key_of(&self, row: RowNumber) -> io::Result<Option<Vec<u8>>> {
        let (bytes, location) = self.harvest.row(row)?;
        // The key is the first of the slots.
        let position = self.position(location.file, Slot(0));
        Ok(position.and_then(|position| RowEncoder::field(&bytes, position)).map(<[u8]>::to_vec))
    }

    fn position(&self, file: u16, slot: Slot) -> Option<usize> {
        self.positions[usize::from(file)][slot]
    }
}

impl SlotValues for Settleable<'_> {
    fn values(
        &self,
        rows: &[RowNumber],
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        self.harvest.rows(rows, |at, bytes, location| {
            let position = self.position(location.file, slot);
            each(rows[at], position.and_then(|position| RowEncoder::field(bytes, position)));
            Ok(())
        })
    }

    fn parts(&self) -> usize {
        self.harvest.segments.len()
    }

    fn scan(
        &self,
        part: usize,
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        let segment = &self.harvest.segments[part];
        let rows = segment.open(&self.harvest.spool, &mut buffer)?;
        let position = self.position(segment.file, slot);
        for (row, bytes) in (segment.first..).zip(rows.iter()) {
            each(RowNumber(row), position.and_then(|position| RowEncoder::field(bytes, position)));
        }
        Ok(())
    }

    fn rejected_parts(&self) -> usize {
        self.harvest.rejected_references.len()
    }

    fn scan_rejected(
        &self,
        part: usize,
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, u64, &[u8]),
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        let segment = &self.harvest.rejected_references[part];
        let rows = segment.open(&self.harvest.spool, &mut buffer)?;
        // References come first in every row.
        let Some(position) = self.position(segment.file, slot) else { return Ok(()) };
        for (row, bytes) in (segment.first..).zip(rows.iter()) {
            if let Some(key) = RowEncoder::field(bytes, position) {
                each(RowNumber(row), self.seed.hash(&RowEncoder::unescape(key)), key);
            }
        }
        Ok(())
    }
}
