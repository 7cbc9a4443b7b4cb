//! The layouts of an entity's files: which fields their rows have, in which order.

use std::collections::HashMap;

use crate::read::{Harvest, Layout, Segment};
use crate::schema::FieldIndex;

/// The number, in place of a layout's, of rows to be deleted: only their keys matter.
pub(super) const DELETED: i16 = -1;

/// The distinct layouts of an entity's files, and which one each file has.
#[derive(Debug, Clone)]
pub(super) struct Layouts<'h> {
    /// The layouts; their position is their number.
    pub(super) distinct: Vec<&'h Layout>,
    of_file: Vec<usize>,
}

impl<'h> Layouts<'h> {
    pub(super) fn of(harvest: &'h Harvest) -> Self {
        let mut numbers = HashMap::new();
        let mut distinct = Vec::new();
        let of_file = harvest
            .files
            .iter()
            .map(|file| {
                *numbers.entry(&file.layout).or_insert_with(|| {
                    distinct.push(&file.layout);
                    distinct.len() - 1
                })
            })
            .collect();
        Self { distinct, of_file }
    }

    /// The number of the layout that a segment's rows have.
    pub(super) fn of_segment(&self, segment: &Segment) -> usize {
        self.of_file[usize::from(segment.file)]
    }
}

/// The references among a layout's fields.
pub(super) fn references(layout: &Layout) -> &[FieldIndex] {
    &layout.fields[..layout.references]
}
