//! Input files: opened for reading at any offset, and looked at until everything is known that reading their records
//! needs: encoding, dialect, header, which entity, which column feeds which field.
//!
//! Nothing here decides where a *data* record begins; the splitter in `read` does. The records of the sampled prefix
//! are only counted.

mod column_map;
mod dialect;
mod encoding;
mod entity;
mod error;
mod evidence;
mod format;
mod header;
mod input;
mod intake;
mod interruptible;
pub(crate) mod json;
mod keys;
mod look;
mod look_csv;
mod look_ndjson;
mod look_unmapped;
mod looker;
mod made;
mod magic;
mod maps;
mod open;
mod opening;
mod read_at;
mod spool;
mod surplus;
#[cfg(test)]
mod test_schema;
#[cfg(test)]
mod tests;
mod unknown;

pub(crate) use column_map::{ColumnMap, Scope};
pub(crate) use dialect::{DELIMITERS, delimiter};
pub(crate) use encoding::Encoding;
pub(crate) use entity::entity_named;
pub(crate) use error::SourceError;
pub(crate) use evidence::Utf8Evidence;
pub(crate) use format::FileFormat;
pub(crate) use header::{CHANGE_COLUMN, CHANGED_COLUMN, Mapping, clean_name};
pub(crate) use input::{InputPath, InputSpec};
pub(crate) use intake::Intake;
pub(crate) use look::{look, look_at_columns};
pub(crate) use look_unmapped::look_unmapped;
pub(crate) use made::{How, MadeField, Part};
pub(crate) use maps::{Looked, absent_columns, field_advice, map_mistakes};
pub(crate) use open::Source;
pub(crate) use opening::{LineEnd, Look, LookOptions, Opening};
pub(crate) use read_at::ReadAt;
pub(crate) use surplus::Surplus;
pub(crate) use unknown::{NotImported, SYSTEM_COLUMNS, UnknownColumns};
