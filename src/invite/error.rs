//! What stops an invitation. No variant holds a token or the link of a mail.

use std::io;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::run::RunError;
use crate::schema::SchemaError;

use super::provider::Stop;
use super::template::TemplateMistake;

/// Why no (more) mails are sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InviteError {
    /// The database, the schema, or a question answered with no.
    #[error(transparent)]
    Run(#[from] RunError),
    /// No entity of the schema is a person.
    #[error("no schema has an [invite] table, which says where a mail goes; see `muster schema print users`")]
    NobodyToInvite,
    /// The entity's table is not there.
    #[error("there is no table {table} in the database; import the users first")]
    NoTable {
        /// Its name, quoted.
        table: String,
    },
    /// An option cannot be followed.
    #[error("{option}: {problem}")]
    Option {
        /// Which.
        option: &'static str,
        /// What is wrong, and what to write instead.
        problem: String,
    },
    /// There is no token for Postmark.
    #[error(
        "Postmark must be activated first: it has an API token for each of its servers (Servers, API Tokens); put \
         it into POSTMARK_SERVER_TOKEN, or into a file of mode 0600 for --token-file. To see the mails without an \
         account there, write them to files with --to-dir DIR"
    )]
    NotActivated,
    /// The token's file can be read by others.
    #[error("{}: others may read it (mode {mode:04o}); it holds a secret: chmod 600 it", path.display())]
    OpenToOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file that was named cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A list of addresses cannot be used.
    #[error("{}: {problem}", path.display())]
    List {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A template has a mistake.
    #[error("{}", path.display())]
    Template {
        /// Which file.
        path: PathBuf,
        /// Where in it, and what.
        #[source]
        mistake: TemplateMistake,
    },
    /// A folder without templates.
    #[error("{}: no templates in it; each language has two files, for example nl.txt and nl.html", path.display())]
    NoTemplates {
        /// Which folder.
        path: PathBuf,
    },
    /// Another invitation is running.
    #[error("another `muster user invite` is running on this database; wait until it ends")]
    Busy,
    /// The run that was named keeps no record of its rows.
    #[error(
        "run {run} keeps no record of the rows that it inserted (--no-undo, or pruned); choose the users with \
         --account or --file"
    )]
    NoUndoData {
        /// Its id.
        run: String,
    },
    /// Between the question and its answer, the number of mails grew.
    #[error("{asked} mails were confirmed, and now {found} would be sent; nothing was sent: try again")]
    Grown {
        /// As confirmed.
        asked: u64,
        /// As found.
        found: u64,
    },
    /// The provider accepts no more; what was sent before is in the outbox.
    #[error("{stop}; mails sent before that: {sent}; the others are pending: give the same command again")]
    Stopped {
        /// Why.
        stop: Stop,
        /// How many mails were accepted in this run.
        sent: u64,
    },
    /// The folder of `--to-dir` cannot be created.
    #[error("{}: cannot be created", path.display())]
    Unwritable {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// A signal.
    #[error("interrupted; mails sent: {sent}. Give the same command again to go on: nobody is mailed twice")]
    Interrupted {
        /// How many mails were accepted in this run.
        sent: u64,
    },
    /// A link that does not work (any more).
    #[error("{0}")]
    Refused(&'static str),
}

impl From<SchemaError> for InviteError {
    fn from(error: SchemaError) -> Self {
        Self::Run(error.into())
    }
}

impl InviteError {
    /// The exit code of this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Option { .. } => Exit::Usage,
            Self::Refused(_) | Self::Grown { .. } => Exit::Refused,
            Self::Interrupted { .. } => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}
