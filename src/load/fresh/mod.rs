//! The empty-target way: rows go by COPY straight into the bare table, under identifiers reserved beforehand,
//! and what was taken down is put back afterwards exactly as it was. All in the run's one transaction.

mod definition;
mod send;
mod ways;

pub(super) use definition::Definition;
pub(super) use send::{Fresh, RowWriter, copy_statement};
pub(super) use ways::{Obstacle, obstacle};
