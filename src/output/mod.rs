//! Files as others find them: a run's folder whose files appear together or not at all, the names of the
//! files that go back to the data team, and the two text formats of findings. What stands in the files is
//! not known here (that is `report` and `export`).

pub(crate) mod behind;
pub(crate) mod error;
pub(crate) mod exact;
pub(crate) mod folder;
pub(crate) mod names;
pub(crate) mod ndjson;
pub(crate) mod spreadsheet;
pub(crate) mod staged;
pub(crate) mod visible;

pub(crate) use behind::{Buffers, WrittenBehind};
pub(crate) use error::OutputError;
pub(crate) use folder::RunFolder;
pub(crate) use staged::StagedFile;
