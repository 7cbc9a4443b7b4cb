//! The rows of a key range, sorted by key on this side. Sorting would cost the server, which compares texts, several
//! times as much as sending the rows.

use std::borrow::Cow;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use crate::fault;
use crate::parallel::Spares;
use crate::record::RowEncoder;

/// The largest range, in bytes, that is sorted here; the server sorts larger ones.
const MOST: usize = 64 << 20;
/// The largest buffer that is kept for the next range.
const KEPT: usize = 40 << 20;

/// Buffers of ranges that were written, used again by the next ranges: with new ones for each range memory would grow
/// with their number, since an allocator does not return all of it.
pub(crate) type Spare = Arc<Spares<Memory>>;

#[derive(Debug, Default)]
pub(crate) struct Memory {
    raw: Vec<u8>,
    /// Where each row ends.
    ends: Vec<u32>,
}

/// Rows as the server sent them, in any order.
#[derive(Debug)]
pub(crate) struct Unsorted {
    rows: Memory,
    /// The limit of their size in bytes.
    most: usize,
    spare: Spare,
}

/// A row while it is sorted. Most keys differ in the first bytes, which are kept here.
struct SortEntry<'r> {
    start: u128,
    key: Cow<'r, [u8]>,
    row: u32,
}

impl Drop for Unsorted {
    fn drop(&mut self) {
        let mut memory = mem::take(&mut self.rows);
        memory.raw.clear();
        memory.raw.shrink_to(KEPT);
        memory.ends.clear();
        self.spare.give(memory);
    }
}

impl Unsorted {
    /// No rows yet.
    pub(crate) fn new(spare: &Spare) -> Self {
        let most = fault::number("MUSTER_TEST_EXPORT_SORTED", MOST);
        Self { rows: spare.take().unwrap_or_default(), most, spare: Arc::clone(spare) }
    }

    /// Takes a row. Returns false if the range is too large, and these rows cannot be used.
    pub(crate) fn push(&mut self, row: &[u8]) -> bool {
        let Memory { raw, ends } = &mut self.rows;
        let end = raw.len() + row.len();
        match u32::try_from(end) {
            Ok(place) if end <= self.most => {
                raw.extend_from_slice(row);
                ends.push(place);
                true
            }
            _ => false,
        }
    }

    fn row(&self, index: u32) -> &[u8] {
        let Memory { raw, ends } = &self.rows;
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| ends[before] as usize);
        &raw[start..ends[index] as usize]
    }

    /// Sorts the rows by the bytes of their keys, the field at `position`; no two keys may be equal. This is the order of
    /// PostgreSQL's `COLLATE "C"` in a database whose encoding is UTF-8.
    pub(crate) fn sorted(self, position: usize) -> Sorted {
        let entry = |row: u32| {
            let raw = RowEncoder::field(self.row(row), position).unwrap_or_default();
            let key = match memchr::memchr(b'\\', raw) {
                None => Cow::Borrowed(raw),
                Some(_) => RowEncoder::unescape(raw).into_bytes().into(),
            };
            let mut start = [0; 16];
            start.iter_mut().zip(&*key).for_each(|(to, from)| *to = *from);
            SortEntry { start: u128::from_be_bytes(start), key, row }
        };
        let mut places: Vec<_> = (0..).take(self.rows.ends.len()).map(entry).collect();
        places.sort_unstable_by(|a, b| a.start.cmp(&b.start).then_with(|| a.key.cmp(&b.key)));
        let order = places.into_iter().map(|place| place.row).collect();
        Sorted { rows: self, order }
    }
}

/// Rows in the order of their keys.
#[derive(Debug)]
pub(crate) struct Sorted {
    rows: Unsorted,
    order: Vec<u32>,
}

impl Sorted {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    fn row(&self, place: usize) -> &[u8] {
        self.rows.row(self.order[place])
    }

    /// The rows from `from` on that have about `bytes` together; at least one.
    pub(crate) fn batch(&self, from: usize, bytes: usize) -> Range<usize> {
        let mut taken = 0;
        let fits = |place: &usize| {
            let fits = taken < bytes;
            taken += self.row(*place).len();
            fits
        };
        from..from + (from..self.len()).take_while(fits).count()
    }

    /// The bytes of these rows and where each row ends.
    pub(crate) fn copied(&self, places: Range<usize>) -> (Vec<u8>, Vec<usize>) {
        let bytes = places.clone().map(|place| self.row(place).len()).sum();
        let (mut raw, mut ends) = (Vec::with_capacity(bytes), Vec::with_capacity(places.len()));
        for place in places {
            raw.extend_from_slice(self.row(place));
            ends.push(raw.len());
        }
        (raw, ends)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_come_in_the_order_of_their_bytes(
            keys in prop::collection::hash_set("[ab\u{1}]{0,3}|[\\PC\t\n\\\\]{0,12}|johannes[a-c]{0,2}", 0..40),
            bytes in 1..200_usize,
        ) {
            let mut unsorted = Unsorted::new(&Spare::default());
            let mut row = Vec::new();
            for key in &keys {
                row.clear();
                RowEncoder::text(&mut row, "before");
                RowEncoder::text(&mut row, key);
                RowEncoder::end_row(&mut row);
                prop_assert!(unsorted.push(&row));
            }
            let mut wanted: Vec<&str> = keys.iter().map(String::as_str).collect();
            wanted.sort_unstable();
            let sorted = unsorted.sorted(1);
            let mut found = Vec::new();
            let mut from = 0;
            while from < sorted.len() {
                let batch = sorted.batch(from, bytes);
                from = batch.end;
                let (raw, ends) = sorted.copied(batch);
                let starts = std::iter::once(&0).chain(&ends);
                let rows = starts.zip(&ends).map(|(&start, &end)| &raw[start..end]);
                found.extend(rows.map(|row| RowEncoder::unescape(RowEncoder::field(row, 1).unwrap())));
            }
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn too_many_rows_are_refused() {
        let mut unsorted = Unsorted::new(&Spare::default());
        let row = vec![b'x'; unsorted.most / 2];
        assert!(unsorted.push(&row) && unsorted.push(&row) && !unsorted.push(b"x"));
        let spare = Arc::clone(&unsorted.spare);
        drop(unsorted);
        let next = Unsorted::new(&spare);
        assert!(next.rows.ends.is_empty() && next.rows.raw.is_empty());
        assert!(
            (1..=KEPT).contains(&next.rows.raw.capacity()),
            "the buffer is used again, and not all of it is kept"
        );
    }
}
