//! What stops an export. After none of it there is a folder that looks complete and is not.

use std::io;
use std::path::PathBuf;

use crate::db::DbError;
use crate::db::catalog::Misfit;
use crate::exit::Exit;
use crate::output::OutputError;
use crate::schema::SchemaError;
use crate::signal::SignalError;

/// Why an export, or the verification of one, stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The schema files.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The server, or the connection to it.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The options are wrong.
    #[error("{0}")]
    Asked(String),
    /// A table is not there.
    #[error("there is no table {table} for {entity}; import first, or see `muster schema ddl`")]
    NoTable {
        entity: String,
        /// Its table, quoted.
        table: String,
    },
    /// The tables do not fit the schema.
    #[error("the database does not fit the schema:\n{}", list(.0))]
    Misfits(Vec<Misfit>),
    /// A value that cannot be written in the format.
    #[error(
        "{entity} {key}, column {column}: a CSV cell cannot hold this list (an item is NULL or empty, holds the \
         list's separator, or has spaces around it); export as ndjson or parquet, or fix the row"
    )]
    Unwritable {
        entity: String,
        /// The row's key.
        key: String,
        /// The column's header.
        column: String,
    },
    /// An array that is not a list.
    #[error(
        "{entity} {key}, column {column}: the array is not a list (it has more than one dimension, or does not begin \
         at 1), and no format can hold it; fix the row, or leave the column out with --columns"
    )]
    NoList {
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
        entity: String,
        /// The row's key.
        key: String,
        /// The column's header.
        column: String,
    },
    /// The server counted a different number of rows in the same snapshot.
    #[error(
        "{entity}: {read} rows were read and the server counts {counted} in the same snapshot; nothing was exported. Please report this as a bug"
    )]
    Count { entity: String, read: u64, counted: u64 },
    /// A reader ended without an error and without its last row.
    #[error("{entity}: reading ended before the last row; nothing was exported")]
    Broken { entity: String },
    /// The earlier export cannot be compared with.
    #[error("{}: changes since this export cannot be found: {problem}; nothing was exported", .path.display())]
    Earlier {
        /// Its folder, or one of its files.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// A row without a key, or with a key that is not unique.
    #[error(
        "{entity}: {}, so changes cannot be found; nothing was exported; run without --changes-since", unkeyed(.key.as_deref())
    )]
    Unkeyed {
        entity: String,
        /// The key; `None` if a row has none.
        key: Option<String>,
    },
    /// The changes would delete more rows than is allowed.
    #[error(
        "{entity}: {deletes} of the {rows} rows of the export in {} are no longer there, and the changes would delete \
         them; nothing was exported. If that is right, give --allow-mass-deletes", .folder.display()
    )]
    MassDeletes {
        entity: String,
        deletes: u64,
        /// How many rows the earlier export has.
        rows: u64,
        /// The folder of the earlier export.
        folder: PathBuf,
    },
    /// Another export runs on this database.
    #[error("another export of this database is running; wait for it, or run without --lock")]
    Locked,
    /// The folder holds other files.
    #[error("{}: the folder holds files that do not belong to an export; choose an empty or a new one with --out", .0.display())]
    Foreign(PathBuf),
    /// The manifest would be larger than one that is read.
    #[error("{}: the export has so many files that its manifest would be too large; give a larger --split", .0.display())]
    TooManyFiles(PathBuf),
    /// A file or folder cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
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
    /// The records cannot be written to standard output.
    #[error("cannot write to standard output")]
    Printing(#[source] io::Error),
    /// Signals.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The runtime cannot be made.
    #[error("the system did not start a thread")]
    Threads(#[source] io::Error),
    /// A signal.
    #[error("interrupted; nothing was exported")]
    Interrupted,
}

fn unkeyed(key: Option<&str>) -> String {
    key.map_or_else(
        || "a row has no key".to_owned(),
        |key| format!("the keys are not unique or not in order at {key}"),
    )
}

fn list(misfits: &[Misfit]) -> String {
    misfits.iter().map(|misfit| format!("  {misfit}")).collect::<Vec<_>>().join("\n")
}

impl ExportError {
    /// The exit code that this error ends the program with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            Self::Asked(_) => Exit::Usage,
            Self::MassDeletes { .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}
