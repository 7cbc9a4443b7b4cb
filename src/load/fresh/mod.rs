//! The empty-target way: rows go by COPY straight into the bare table, under identifiers reserved beforehand,
//! and what was taken down is put back afterwards exactly as it was. All in the run's one transaction.

mod definition;
mod hashes;
mod send;
mod ways;

pub(super) use definition::Definition;
pub(super) use hashes::hexadecimal;
pub(super) use send::{Fresh, RowWriter, behind_first, copy_statement};
pub(super) use ways::{Obstacle, obstacle};
