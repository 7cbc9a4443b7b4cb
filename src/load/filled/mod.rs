//! The staged path: clean rows go to a temporary table, are compared with the target table, and written from there.
//!
//! What is not kept is taken out, what is the same is left alone, what is new is inserted, what differs is updated.

mod append;
mod batch;
pub(super) mod deletes;
pub(super) mod foreign_keys;
pub(super) mod late;
pub(super) mod merge;
pub(super) mod readback;
mod refused;
pub(super) mod sql;
pub(super) mod stage;
mod staged;
mod swaps;

pub(super) use deletes::When;
pub(super) use staged::Staged;
