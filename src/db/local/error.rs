//! What can go wrong with the private cluster, and what to do about it.

use std::io;
use std::path::PathBuf;

/// What to install where no PostgreSQL server is found.
const INSTALL: &str = "install it (Debian, Ubuntu: `sudo apt-get install postgresql`; Fedora, RHEL: `sudo dnf \
                       install postgresql-server`; Arch: `sudo pacman -S postgresql`; Alpine: `sudo apk add \
                       postgresql`; macOS: `brew install postgresql@17`), point MUSTER_PG_BIN at the folder of \
                       its programs, or name a server with --database-url";

/// An error of the private local PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// No `initdb`, `pg_ctl` and `postgres` in one folder.
    #[error("no PostgreSQL server is installed (looked for initdb, pg_ctl and postgres); {INSTALL}")]
    NotInstalled,
    /// The data folder is another major version's.
    #[error(
        "{}: was made by PostgreSQL {data_major}, but installed is {installed}; install PostgreSQL {data_major}, \
         or move that folder away to start with an empty database", data.display()
    )]
    OtherVersion {
        /// The data folder.
        data: PathBuf,
        /// Its major version.
        data_major: String,
        /// The major versions found, separated by commas.
        installed: String,
    },
    /// Root needs a user to lend the cluster to.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody` to run \
         it as; make one, or run muster as an ordinary user"
    )]
    NoUser,
    /// No folder for the state.
    #[error(
        "there is no home folder to keep the local PostgreSQL in; set XDG_STATE_HOME or MUSTER_STATE_DIR"
    )]
    NoHome,
    /// The current directory is gone.
    #[error("the current directory cannot be read; change to one that exists")]
    NoCurrentDir {
        /// What the system said.
        source: io::Error,
    },
    /// A folder or file of the cluster cannot be created or read.
    #[error("{}: cannot be created or read; check its owner and mode, or set MUSTER_STATE_DIR", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another user's folder is where ours should be.
    #[error("{}: is not a folder of user {uid}; remove it, or find out who created it", path.display())]
    NotOurs {
        /// Which.
        path: PathBuf,
        /// Who should own it.
        uid: u32,
    },
    /// A link or another user's file is where one of ours should be.
    #[error(
        "{}: is a link, or not a file of user {uid}; nothing was read or written there: find out who put it there, \
         and remove it", path.display()
    )]
    Planted {
        /// Which.
        path: PathBuf,
        /// Who should own it.
        uid: u32,
    },
    /// A program of PostgreSQL cannot be run at all.
    #[error("cannot run PostgreSQL's program for {doing}")]
    Program {
        /// What it was wanted for.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{doing} failed: {said}")]
    Failed {
        /// What it was wanted for.
        doing: &'static str,
        /// What it printed.
        said: String,
    },
    /// The server does not start.
    #[error("the local PostgreSQL does not start; the end of its log, {}:\n{tail}", log.display())]
    Start {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// `psql` is asked for and not there.
    #[error("there is no psql in {} nor on the PATH; install PostgreSQL's client programs", folder.display())]
    NoPsql {
        /// Where the server's programs are.
        folder: PathBuf,
    },
}
