//! The journal of runs, and undoing one.

mod after_restore;
mod asked;
mod journal;
mod tables;
