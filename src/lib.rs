//! `muster` moves accounts and users from legacy files into PostgreSQL, and proves that none was lost.
//!
//! The way of a row is read → facts → settle → load → publish: see `docs/ARCHITECTURE.md`, and `docs/decisions.md` for
//! what was decided and why. What a module is, is said at its own top; `tests/it/architecture` keeps who may
//! import whom.
//!
//! The binary calls [`run`]. Nothing else is public; [`internals`] is for the project's own tests and benchmarks.

mod cli;
mod command;
mod config;
mod db;
mod disk;
mod event;
mod exit;
mod export;
mod fault;
mod frame;
mod hash;
mod init;
#[doc(hidden)]
pub mod internals;
mod invite;
mod load;
mod nearest;
mod output;
mod panics;
mod parallel;
mod program;
mod read;
mod record;
mod report;
mod rule;
mod run;
mod schema;
mod settings;
mod settle;
mod side_file;
mod signal;
mod source;
mod sql;
mod width;

pub use program::run;
