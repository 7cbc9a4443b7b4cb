//! What stops a run. Each module's own error is wrapped here, once.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::export::ExportError;
use crate::frame::FrameError;
use crate::load::LoadError;
use crate::output::OutputError;
use crate::read::ReadError;
use crate::report::rejects::StoredError;
use crate::schema::SchemaError;
use crate::signal::SignalError;
use crate::source::SourceError;

use super::table_error::TableError;

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The schema files.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// An input cannot be opened, or nothing says how to read it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A Parquet file cannot be an input.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Reading stopped.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The reports cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The database.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// What was written cannot be looked at.
    #[error(transparent)]
    Look(#[from] ExportError),
    /// `--against` names no finished run.
    #[error(transparent)]
    Earlier(#[from] StoredError),
    /// The run cannot be compared with the earlier one.
    #[error(transparent)]
    Compare(#[from] FrameError),
    /// The rows that were read cannot be read back.
    #[error("the spooled rows could not be read back")]
    Spool(#[source] std::io::Error),
    /// The runtime or the thread pool cannot be made.
    #[error("the system refuses threads")]
    Threads(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Signals.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// A law of the counts does not hold. Nothing has been committed.
    #[error(
        "{entity}: the counts do not add up: {law}; nothing has been written. Please report this as a bug"
    )]
    Law {
        entity: String,
        /// Both sides, with numbers.
        law: String,
    },
    /// Files with a fault that concerns the whole file.
    #[error("{}", .0.join("\n"))]
    Files(Vec<String>),
    /// Changes would delete rows, and `--allow-deletes` is missing.
    #[error(
        "{rows} rows would be deleted ({}); nothing has been written; give --allow-deletes to delete them", .entities.join(", ")
    )]
    Deletes {
        /// How many.
        rows: u64,
        /// Of which entities, with their numbers.
        entities: Vec<String>,
    },
    /// A question that nobody can be asked.
    #[error("{question} Nobody can be asked here: give --yes to answer it")]
    Unasked {
        /// What would have been asked.
        question: String,
    },
    /// The answer was no.
    #[error("not confirmed; nothing has been changed")]
    Declined,
    /// The rows are in the database, and the run's files are not in place.
    #[error(
        "run {run} is committed: what it wrote is in the database; but its files could not be put in place. They \
         are whole in {}, those without their names yet as .NAME.partial: rename them before another run takes the \
         folder. `muster runs show {run}` has the counts", .folder.display()
    )]
    Unpublished {
        run: String,
        folder: PathBuf,
        /// Why not.
        source: OutputError,
    },
    /// The rows are in the database, and standard output does not take the summary.
    #[error(
        "run {run} is committed: what it wrote is in the database; but its summary could not be printed. \
         `muster runs show {run}` has the counts"
    )]
    Unprinted {
        run: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A signal.
    #[error("interrupted; the target is as it was before")]
    Interrupted,
}

impl RunError {
    /// The process's exit.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Interrupted | Self::Read(ReadError::Cancelled) => Exit::Interrupted,
            Self::Load(LoadError::Unknown { .. }) | Self::Unpublished { .. } | Self::Unprinted { .. } => {
                Exit::Unknown
            }
            Self::Source(error) if error.is_of_command_line() => Exit::Usage,
            Self::Load(LoadError::NoRun { .. } | LoadError::SeveralRuns { .. }) | Self::Unasked { .. } => {
                Exit::Usage
            }
            Self::Load(
                LoadError::NotUndoable { .. } | LoadError::Blocked { .. } | LoadError::MassDeletes { .. },
            )
            | Self::Declined
            | Self::Deletes { .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }
}
