//! A run taken back, in one transaction: what it updated or deleted is restored, what it inserted is deleted. Refused if
//! one of its rows was changed since, or if a row of another table (or of the same table, from another run) refers to
//! one that would be deleted, regardless of that foreign key's ON DELETE.
//!
//! The rows are locked first and looked at then, each statement with its own snapshot: a change that came in between is
//! seen, and one that comes later waits. A new reference to a locked row waits, too.

pub(super) mod blocking;
mod columns;
mod find;
mod readback;
mod restore;
mod rows;
mod steps;

pub(crate) use readback::Undone;
pub(crate) use steps::Undo;
