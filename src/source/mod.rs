//! Input files: opened for random reading wherever they come from, and looked at until everything is known
//! that reading their records needs: encoding, dialect, header, which entity, which column feeds which field.
//!
//! Nothing here decides where a *data* record begins; that is the splitter's, in `read`. The prefix that is
//! sampled here to find the dialect is only ever counted.

mod dialect;
mod encoding;
mod entity;
mod error;
mod evidence;
mod format;
mod hash;
mod header;
mod input;
pub(crate) mod json;
mod keys;
mod look;
mod magic;
mod maps;
mod open;
mod opening;
mod patient;
mod spool;
#[cfg(test)]
mod tests;

pub(crate) use dialect::DELIMITERS;
pub(crate) use encoding::Encoding;
pub(crate) use entity::entity_named;
pub(crate) use error::SourceError;
pub(crate) use evidence::Utf8Evidence;
pub(crate) use format::FileFormat;
pub(crate) use hash::Hasher;
pub(crate) use header::{CHANGE_COLUMN, CHANGED_COLUMN, Mapping};
pub(crate) use input::{InputPath, InputSpec};
pub(crate) use look::{look, look_at_columns};
pub(crate) use maps::check_maps;
pub(crate) use open::Source;
pub(crate) use opening::{LineEnd, Look, LookOptions, Opening};
