//! What ends a command, and the exit code that goes with it.

use std::io;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::db::local::LocalError;
use crate::exit::Exit;
use crate::export::ExportError;
use crate::frame::FrameError;
use crate::init::SynonymsError;
use crate::invite::InviteError;
use crate::output::OutputError;
use crate::report::rejects::StoredError;
use crate::run::RunError;
use crate::schema::{SchemaError, nearest};
use crate::signal::SignalError;
use crate::source::SourceError;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A check, an import, an undo, or the journal.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An export, its verification, or a look at records.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Invites.
    #[error(transparent)]
    Invite(#[from] InviteError),
    /// The private local PostgreSQL.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The schema files.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The synonyms.
    #[error(transparent)]
    Synonyms(#[from] SynonymsError),
    /// A file is there that must not be overwritten.
    #[error("{}: is there already; change it, or replace it with --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A folder holds no finished run.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// `muster.toml`.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Findings cannot be read or grouped.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A file of findings cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Signals.
    #[error(transparent)]
    Signal(#[from] SignalError),
    /// The command line, or what it names, is wrong.
    #[error("{0}")]
    Usage(String),
    /// A folder of schema files has no roles.
    #[error(
        "{folder}: no {} here; begin with the built-in one: muster schema print roles > {folder}/{}",
        crate::schema::roles::FILE,
        crate::schema::roles::FILE
    )]
    NoRoles { folder: String },
    /// A file that the command line names cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that the command line names cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Print(#[from] io::Error),
    /// Something was done, and standard output does not take its result.
    #[error("it is done, but the result could not be printed; see `{see}`")]
    Unprinted {
        /// The command that shows it.
        see: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl CommandError {
    /// The exit code that this error ends the program with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Export(error) => error.exit(),
            Self::Invite(error) => error.exit(),
            Self::Usage(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// Whether only the reader of standard output went away: it has seen what it wanted.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Print(error)
            | Self::Frame(FrameError::Write(error))
            | Self::Export(ExportError::Printing(error)) => error.kind() == io::ErrorKind::BrokenPipe,
            _ => false,
        }
    }
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        Self::Run(error.into())
    }
}

/// What to write instead of an unknown name: the nearest one that is known, else what `otherwise` says.
pub(super) fn advice<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, known).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}
