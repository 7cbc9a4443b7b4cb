//! `muster init`: from files that nobody has seen before to a `muster.toml` that says how they are read.
//!
//! A file is read twice as it is. The first time its columns are described (`evidence`): how many cells are filled, which
//! values there are. Then it is decided which column is which field (`decide`), by two kinds of evidence that are kept
//! apart: what the header says (`header`, with the words of `synonyms`), and whether the values are such (`fit`). The
//! second time the fields' own rules judge every cell (`judge`). What was decided is written (`written`) and shown by the
//! command. Nothing here asks anybody.

mod assign;
mod decide;
mod entity;
mod evidence;
mod file;
mod fit;
mod globs;
mod header;
mod judge;
mod nulls;
mod proposal;
mod synonyms;
mod values;
mod words;
mod written;

pub(crate) use entity::{Given, draft};
pub(crate) use file::InitError;
pub(crate) use header::Said;
pub(crate) use proposal::{Level, Proposal, Proposed, Use};
pub(crate) use synonyms::{Synonyms, SynonymsError};
pub(crate) use written::{Head, text};
