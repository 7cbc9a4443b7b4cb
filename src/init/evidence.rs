//! What a file's columns hold, counted over all cells in bounded memory: how many are filled, which values there are as
//! long as they are few, whether any value is there twice.

use std::collections::HashSet;
use std::hash::BuildHasher as _;

use foldhash::HashMap;
use foldhash::quality::FixedState;

/// How many different values of a column are kept, and how long each may be.
const VALUES: usize = 1000;
const LONGEST: usize = 200;
/// How many hashes of different values are kept in all columns of a file.
const HASHES: usize = 4 << 20;
/// How many values of all columns are kept.
const ALL_VALUES: usize = 200_000;

/// One column's cells.
#[derive(Debug, Default, Clone)]
pub(crate) struct Column {
    /// Cells that are not empty.
    pub(crate) filled: u64,
    /// The first different values in the order in which they appear, with their numbers.
    pub(crate) values: Vec<(String, u64)>,
    /// There are more than were kept.
    pub(crate) more: bool,
    /// A value is there twice.
    pub(crate) repeated: bool,
    at: HashMap<String, usize>,
    hashes: HashSet<u64, foldhash::fast::FixedState>,
}

/// All columns of a file, or of a part of it.
#[derive(Debug, Default)]
pub(super) struct Columns(pub(super) Vec<Column>);

impl Columns {
    /// Counts the cells of a record.
    pub(super) fn visit(&mut self, cells: &[String], width: usize) {
        self.0.resize_with(width, Column::default);
        for (column, cell) in self.0.iter_mut().zip(cells) {
            let cell = cell.trim();
            if !cell.is_empty() {
                column.filled += 1;
                column.count(cell, 1, width);
                let hash = FixedState::default().hash_one(cell);
                column.hash(hash, width);
            }
        }
    }

    /// Adds the columns of the next part.
    pub(super) fn add(&mut self, next: Self) {
        let width = self.0.len().max(next.0.len());
        self.0.resize_with(width, Column::default);
        for (all, part) in self.0.iter_mut().zip(next.0) {
            all.filled += part.filled;
            all.more |= part.more;
            all.repeated |= part.repeated;
            for (value, count) in part.values {
                all.count(&value, count, width);
            }
            for hash in part.hashes {
                all.hash(hash, width);
            }
        }
    }
}

impl Column {
    fn count(&mut self, value: &str, count: u64, width: usize) {
        let most = VALUES.min(ALL_VALUES / width.max(1)).max(20);
        match self.at.get(value) {
            Some(at) => self.values[*at].1 += count,
            None if self.values.len() < most && value.len() <= LONGEST => {
                self.at.insert(value.to_owned(), self.values.len());
                self.values.push((value.to_owned(), count));
            }
            None => self.more = true,
        }
    }

    fn hash(&mut self, hash: u64, width: usize) {
        if self.repeated {
            self.hashes.clear();
        } else if self.hashes.len() < HASHES / width.max(1) {
            self.repeated |= !self.hashes.insert(hash);
        }
    }

    /// The share of kept cells, without words for nothing, of which this is true; 0 if there are none.
    pub(super) fn share(&self, nothing: &[String], is: impl Fn(&str) -> bool) -> f64 {
        let (mut all, mut such) = (0, 0);
        for (value, count) in &self.values {
            if !nothing.iter().any(|word| word.eq_ignore_ascii_case(value) || *word == value.to_lowercase()) {
                all += count;
                such += if is(value) { *count } else { 0 };
            }
        }
        if all == 0 { 0.0 } else { such as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(cells: &[&str]) -> Columns {
        let mut columns = Columns::default();
        for cell in cells {
            columns.visit(&[(*cell).to_owned()], 1);
        }
        columns
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let cells = ["a", " b ", "", "a", "c"];
        let whole = columns(&cells);
        let mut sum = columns(&cells[..2]);
        sum.add(columns(&cells[2..]));
        for all in [whole, sum] {
            let column = &all.0[0];
            assert_eq!((column.filled, column.repeated, column.more), (4, true, false));
            assert_eq!(column.values, [("a".to_owned(), 2), ("b".to_owned(), 1), ("c".to_owned(), 1)]);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut columns = Columns::default();
        for number in 0..5000 {
            columns.visit(&[number.to_string()], 1);
        }
        columns.visit(&["x".repeat(LONGEST + 1)], 1);
        let column = &columns.0[0];
        assert_eq!(
            (column.filled, column.values.len(), column.more, column.repeated),
            (5001, VALUES, true, false)
        );
        assert!((column.share(&[], |value| value.len() < 3) - 0.1).abs() < 1e-9);
    }
}
