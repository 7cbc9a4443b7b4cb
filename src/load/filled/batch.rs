//! Rows to be sorted by key before they are sent, so that neighbours go to the same pages of the key's index.

use crate::read::Layout;
use crate::record::{RowEncoder, RowNumber};
use crate::schema::FieldIndex;

/// Encoded rows, and where each is.
pub(super) struct Batch {
    /// The key's position in a row.
    key: Option<usize>,
    bytes: Vec<u8>,
    rows: Vec<Place>,
}

/// A row of a batch: the beginning of its key, its bytes, its number.
struct Place {
    prefix: u64,
    start: usize,
    end: usize,
    row: RowNumber,
}

impl Batch {
    pub(super) fn new(layout: &Layout, key: FieldIndex) -> Self {
        let key = layout.fields.iter().position(|&field| field == key);
        Self { key, bytes: Vec::new(), rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: RowNumber, bytes: &[u8]) {
        let key = self.key.and_then(|position| RowEncoder::field(bytes, position)).unwrap_or_default();
        let mut prefix = [0; 8];
        let len = key.len().min(prefix.len());
        prefix[..len].copy_from_slice(&key[..len]);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.rows.push(Place { prefix: u64::from_be_bytes(prefix), start, end: self.bytes.len(), row });
    }

    /// How many bytes the rows have.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The rows by the beginnings of their keys: that makes them neighbours in the index, and no more is needed.
    pub(super) fn sorted(&mut self) -> impl Iterator<Item = (RowNumber, &[u8])> {
        self.rows.sort_unstable_by_key(|place| (place.prefix, place.row));
        self.rows.iter().map(|place| (place.row, &self.bytes[place.start..place.end]))
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }
}
