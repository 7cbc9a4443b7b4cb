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

pub use dialect::{DELIMITERS, delimiter_from_name, delimiter_name};
pub use encoding::Encoding;
pub use entity::entity_named;
pub use error::SourceError;
pub use evidence::Utf8Evidence;
pub use format::FileFormat;
pub use hash::Hasher;
pub use header::{CHANGE_COLUMN, CHANGED_COLUMN, Mapping};
pub use input::{InputPath, InputSpec};
pub use look::{look, look_at_columns};
pub use maps::check_maps;
pub use open::Source;
pub use opening::{LineEnd, Look, LookOptions, Opening};
