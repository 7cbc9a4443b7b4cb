//! Writing files: folders whose files appear together or not at all, the names of a run's files, and the text formats
//! (CSV, JSON strings, CSV for people). The contents are left to `report` and `export`.

pub(crate) mod background;
pub(crate) mod csv;
mod earlier;
pub(crate) mod error;
pub(crate) mod folder;
pub(crate) mod formula;
pub(crate) mod json;
pub(crate) mod names;
pub(crate) mod ndjson;
pub(crate) mod spreadsheet;
pub(crate) mod staged;
pub(crate) mod visible;
pub(crate) mod whole;

pub(crate) use background::{BackgroundFile, Buffers};
pub(crate) use csv::Csv;
pub(crate) use error::OutputError;
pub(crate) use folder::RunFolder;
pub(crate) use staged::StagedFile;
pub(crate) use whole::WholeFolder;
