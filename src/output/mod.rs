//! Files as others find them: a run's folder whose files appear together or not at all, the names of the
//! files that go back to the data team, and the two text formats of findings. What stands in the files is
//! not known here (that is `report` and `export`).

pub mod behind;
pub mod error;
pub mod exact;
pub mod folder;
pub mod names;
pub mod ndjson;
pub mod slices;
pub mod spreadsheet;
pub mod staged;
pub mod visible;

pub use behind::{Buffers, WrittenBehind};
pub use error::OutputError;
pub use folder::RunFolder;
pub use slices::Slices;
pub use staged::StagedFile;
