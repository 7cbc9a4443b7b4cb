//! Rows into tables, in one transaction. A run drives it through [`Load`]: prepare, begin, stage, facts and answers
//! (resolving in between, as often as needed), write, note, commit or roll back. `check` asks a database through
//! [`Lookup`]; `undo` takes a run back through [`Undo`].
//!
//! - `facts`: what the database knows of the rows, asked by joins with the staged rows or by arrays of keys.
//! - `empty`: the direct path: rows go by COPY straight into an empty table.
//! - `filled`: the staged path: rows go to a staging table, are compared with the table and written from there.
//! - `journal`: the tables in which runs are recorded. `undo`: a run taken back with their help.

mod again;
mod begin;
mod commit;
mod context;
mod empty;
mod error;
mod facts;
mod filled;
mod identities;
pub(crate) mod journal;
mod layouts;
mod limits;
mod lock;
mod path;
mod references;
mod repertoire;
mod rights;
mod row_copy;
mod rows;
mod steps;
mod tables;
mod undo;

pub(crate) use again::Earlier;
pub(crate) use error::LoadError;
pub(crate) use facts::Lookup;
pub(crate) use journal::{EntityNote, FileNote, RecordCounts, RunNote, RunRecord};
pub(crate) use lock::take as load_lock;
pub(crate) use rights::journal_readable;
pub(crate) use rows::{EntityRows, FieldChange, Written};
pub(crate) use steps::Load;
pub(crate) use undo::{Undo, Undone};
