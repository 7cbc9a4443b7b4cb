//! The direct path: rows go by COPY straight into an empty table, under identifiers reserved beforehand. Indexes and
//! constraints are dropped before and created again afterwards, exactly as they were, all in the run's transaction.

mod definition;
mod hashes;
mod identifiers;
mod parents;
mod table;

pub(super) use table::{EmptyTable, check_count};
