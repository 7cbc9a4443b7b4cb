//! `muster.toml`: how the files at hand say what the schemas want. Found in the current folder or the nearest one above
//! it, read as a whole with the places of all mistakes, and judged against the schema. What it says of a file is applied
//! by `run` and `read`; the command line goes before it.

mod columns;
mod database;
mod error;
mod find;
mod glob;
pub(crate) mod json_schema;
mod judge;
mod made;
mod masked;
mod settings;
mod source;
mod top;

pub(crate) use error::ConfigError;
pub(crate) use find::find;
pub(crate) use settings::{Cleaned, Config, SourceConfig};
pub(crate) use top::{read, schemas};
