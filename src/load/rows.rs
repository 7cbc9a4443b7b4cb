//! What a load is given and what it counts.

use crate::read::Harvest;
use crate::record::{EntityIndex, RowNumber};

/// The clean rows of one entity.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntityRows<'a> {
    /// Whose rows they are.
    pub(crate) entity: EntityIndex,
    /// The rows.
    pub(crate) harvest: &'a Harvest,
}

/// What was written for one entity. Each count comes from the server; none is computed from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    /// Rows that were there already with the same values, or to be deleted and not there.
    pub(crate) unchanged: u64,
    pub(crate) deleted: u64,
}

/// A field that updates change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldChange {
    /// The field's position in its entity.
    pub(crate) field: usize,
    /// In how many rows.
    pub(crate) rows: u64,
    /// Some of them: the row's key, the old value, the new one.
    pub(crate) samples: Vec<(String, Option<String>, Option<String>)>,
}

/// A count as the server sends it: never negative.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A row's number as the server sends it.
pub(super) fn row_number(value: i64) -> RowNumber {
    RowNumber(count(value))
}
