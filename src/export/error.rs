//! What stops an export. Nothing that looks whole is left behind by any of it.

use std::io;
use std::path::{Path, PathBuf};

use crate::db::DbError;
use crate::db::catalog::Misfit;
use crate::exit::Exit;
use crate::schema::SchemaError;
use crate::signal::SignalError;

/// Why an export, or the verification of one, stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The schema files.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The server, or the way there.
    #[error(transparent)]
    Database(#[from] DbError),
    /// What was asked for cannot be exported.
    #[error("{0}")]
    Asked(String),
    /// A table is not there.
    #[error("there is no table {table} for {entity}; import first, or see `muster schema ddl`")]
    NoTable {
        /// The entity.
        entity: String,
        /// Its table, quoted.
        table: String,
    },
    /// The tables do not fit the schema.
    #[error("the database does not fit the schema:\n{}", list(.0))]
    Misfits(Vec<Misfit>),
    /// A value has no way to be written in the format.
    #[error(
        "{entity} {key}, column {column}: no cell can hold this value so that it is read back the same (an item \
         holds the list's separator); export as ndjson or parquet, or mend the row"
    )]
    Unwritable {
        /// The entity.
        entity: String,
        /// The row's key.
        key: String,
        /// The column's header.
        column: String,
    },
    /// A value that the column's type does not have.
    #[error(
        "{entity} {key}, column {column}: the value does not fit the column's type in Parquet; export as csv or ndjson"
    )]
    Untyped {
        /// The entity.
        entity: String,
        /// The row's key.
        key: String,
        /// The column's header.
        column: String,
    },
    /// The server counted another number of rows in the same snapshot.
    #[error(
        "{entity}: {read} rows were read and the server counts {counted} in the same snapshot; nothing was exported. Please report this as a bug"
    )]
    Count {
        /// The entity.
        entity: String,
        /// Rows read.
        read: u64,
        /// Rows counted.
        counted: u64,
    },
    /// A reader ended without a word.
    #[error("{entity}: reading ended half way; nothing was exported")]
    Broken {
        /// The entity.
        entity: String,
    },
    /// The export to compare with cannot be compared with.
    #[error("{}: changes cannot be told since this export: {problem}; nothing was exported", .path.display())]
    Earlier {
        /// Its folder, or one of its files.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A row that cannot be told from another.
    #[error(
        "{entity}: {}, so changes cannot be told; nothing was exported; leave --changes-since away", unkeyed(.key.as_deref())
    )]
    Unkeyed {
        /// The entity.
        entity: String,
        /// The key; none where a row has none.
        key: Option<String>,
    },
    /// Another export runs on this database.
    #[error("another export is under way on this database; wait for it, or leave --lock away")]
    Locked,
    /// Another run has the folder.
    #[error("{}: another run is writing to this folder; wait for it, or choose another one with --out", .0.display())]
    Busy(PathBuf),
    /// The folder holds something else.
    #[error("{}: the folder holds files that are no export; choose an empty or a new one with --out", .0.display())]
    Foreign(PathBuf),
    /// The disk is full.
    #[error("{}: the disk is full; make room, or choose a folder on another disk with --out", .path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{}: cannot be written; check the folder's rights and its disk", .path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A Parquet file cannot be written.
    #[error("{}: the Parquet file cannot be written", .path.display())]
    Parquet {
        /// Which one.
        path: PathBuf,
        /// What the library said.
        source: crate::frame::parquet_out::ParquetError,
    },
    /// A file or folder cannot be read.
    #[error("{}: cannot be read", .path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has no manifest that can be read.
    #[error("{}: {problem}", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Whoever was told of the records could not take them.
    #[error("cannot write to standard output")]
    Told(#[source] io::Error),
    /// Signals.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The runtime cannot be made.
    #[error("the system refuses threads")]
    Threads(#[source] io::Error),
    /// A signal.
    #[error("interrupted; nothing was exported")]
    Interrupted,
}

fn unkeyed(key: Option<&str>) -> String {
    key.map_or_else(
        || "a row has no key".to_owned(),
        |key| format!("the rows are not in the order of their keys, each once, at {key}"),
    )
}

fn list(misfits: &[Misfit]) -> String {
    misfits.iter().map(|misfit| format!("  {misfit}")).collect::<Vec<_>>().join("\n")
}

impl ExportError {
    /// An error while writing to `path`; a full disk is told apart.
    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Write { path, source },
        }
    }

    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::Asked(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}
