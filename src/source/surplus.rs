//! Empty cells beyond the header. Many programs end each record with a delimiter, and the header without one: nothing
//! is lost then. In a record that is alone in this, one delimiter too many may be anywhere, and the cells after it are
//! in wrong columns. So these cells are accepted only if nearly every record of the file has them.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// How many records have how many cells beyond the header, all of them empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surplus(BTreeMap<usize, u64>);

impl Surplus {
    /// Counts a record with this number of such cells.
    pub(crate) fn note(&mut self, cells: usize) {
        *self.0.entry(cells).or_default() += 1;
    }

    /// The number of such cells that at least nine in ten of `records` have, or of a few all but one; 0 if there is
    /// none. One record alone shows nothing.
    pub(crate) fn usual(&self, records: u64) -> usize {
        let is_usual = |count: u64| {
            let others = records.saturating_sub(count);
            records > 1 && (others.saturating_mul(10) <= records || records > 3 && others == 1)
        };
        self.0.iter().find(|(_, count)| is_usual(**count)).map_or(0, |(cells, _)| *cells)
    }
}

impl AddAssign<&Self> for Surplus {
    fn add_assign(&mut self, more: &Self) {
        for (cells, count) in &more.0 {
            *self.0.entry(*cells).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_all_records_decide_and_one_alone_does_not() {
        for (counts, records, usual) in [
            (&[(1, 9)][..], 10, 1),
            (&[(1, 8)], 10, 0),
            (&[(2, 19), (1, 1)], 20, 2),
            (&[(1, 10), (2, 10)], 20, 0),
            (&[(1, 1)], 1, 0),
            (&[(1, 3)], 4, 1),
            (&[(1, 2)], 3, 0),
            (&[(1, 17)], 19, 0),
            (&[(3, 2)], 2, 3),
            (&[], 5, 0),
        ] {
            let mut surplus = Surplus::default();
            for (cells, count) in counts {
                (0..*count).for_each(|_| surplus.note(*cells));
            }
            assert_eq!(surplus.usual(records), usual, "{counts:?} of {records}");
        }
    }
}
