//! One snapshot of the database to files. A leader exports the snapshot, several connections read it in key ranges,
//! all threads encode, and the files are written in key order and published together, the manifest last. The same rows
//! give the same bytes for any number of connections.

mod changes;
mod condition;
mod csv;
mod emptied;
mod encode;
mod error;
mod files;
mod folder;
mod groups;
mod job;
mod json;
pub(crate) mod keep;
mod manifest;
pub(crate) mod metrics;
mod options;
mod order;
mod query;
mod ranges;
mod reader;
pub(crate) mod records;
mod row;
mod run;
mod runtime;
mod sink;
mod snapshot;
mod verify;
mod write;

pub(crate) use error::ExportError;
pub(crate) use manifest::Manifest;
pub(crate) use options::{Compression, ExportOptions, Filter, Format};
pub(crate) use run::export;
pub(crate) use verify::{Against, verify};
