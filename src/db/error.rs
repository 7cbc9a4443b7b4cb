//! What can go wrong between `muster` and a server, distinguished by SQLSTATE and by the system's error kinds, never by
//! text, each with what to do next. No variant holds a password or a connection string.

use std::io;
use std::path::PathBuf;

use tokio_postgres::error::SqlState;

use super::local::LocalError;

/// A sequence has no more numbers: in the class of data exceptions, but no row's fault.
const USED_UP: &str = "2200H";

/// An error of the database or of the connection to it.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The connection string, or a variable, cannot be understood. Its text is not repeated.
    #[error("the database's connection settings: {problem}")]
    Conninfo {
        /// What is wrong with it.
        problem: String,
    },
    /// No file has this service.
    #[error("service {name}: not found in {looked_in}; add a section [{name}], or set PGSERVICEFILE")]
    NoService {
        /// The service asked for.
        name: String,
        /// The files looked at.
        looked_in: String,
    },
    /// A line of a service file is broken.
    #[error("{} line {line}: {problem}", file.display())]
    ServiceLine {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A certificate or key cannot be read.
    #[error("{}: cannot be read as a PEM {what}; check sslrootcert, sslcert and sslkey", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What is wrong with it.
        source: rustls_pki_types::pem::Error,
    },
    /// No certificate authority to trust.
    #[error("{place} holds no usable certificate authority; name one with sslrootcert=FILE")]
    NoAuthorities {
        /// The file, or the system's store.
        place: String,
    },
    /// A certificate, a key or an option is of no use for TLS.
    #[error("TLS cannot be set up; check sslrootcert, sslcert and sslkey")]
    TlsSettings {
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The private local PostgreSQL.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The server asks for a password and there is none.
    #[error(
        "{target}: a password is needed for role {role}; put it into ~/.pgpass (mode 0600), PGPASSWORD, or the \
         connection string"
    )]
    PasswordNeeded {
        /// The server, for people.
        target: String,
        /// The role that would log in.
        role: String,
    },
    /// SQLSTATE 28P01.
    #[error("{target}: the password for role {role} is wrong; correct it where it comes from ({origin})")]
    WrongPassword {
        /// The server, for people.
        target: String,
        /// The role that would log in.
        role: String,
        /// Where the password came from.
        origin: &'static str,
    },
    /// SQLSTATE 28000: no such role, or no line of `pg_hba.conf` admits it.
    #[error(
        "{target}: the server does not admit role {role}; check that the role exists and may log in, and what \
         the server's pg_hba.conf says about this role, database, address and TLS"
    )]
    NotAdmitted {
        /// The server, for people.
        target: String,
        /// The role that would log in.
        role: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// SQLSTATE 3D000.
    #[error("{target}: there is no database {database}; create it (`createdb {database}`), or name another")]
    NoDatabase {
        /// The server, for people.
        target: String,
        /// The database asked for.
        database: String,
    },
    /// Nothing listens there, or the network does not let us through.
    #[error("{target}: no server answers; check that it runs, and its host and port")]
    Down {
        /// The server, for people.
        target: String,
        /// What the system said.
        source: tokio_postgres::Error,
    },
    /// The name has no address.
    #[error("{host}: the host name has no address; check its spelling and the network")]
    NameLookup {
        /// The name looked up.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// A server, or what is in its place, says nothing.
    #[error(
        "{target}: no answer within {seconds} s; check that the server runs, and its host and port; \
         connect_timeout=SECONDS waits longer"
    )]
    Silent {
        /// The server, for people.
        target: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The answer to the question for TLS is neither yes nor no.
    #[error("{target}: what answers there is no PostgreSQL; check the host and the port")]
    NotPostgres {
        /// The server, for people.
        target: String,
    },
    /// SQLSTATE 57P03, and still so after some seconds.
    #[error("{target}: the server is starting up or shutting down; try again in a moment")]
    Starting {
        /// The server, for people.
        target: String,
    },
    /// SQLSTATE 53300.
    #[error(
        "{target}: the server has no connection left; close some, or raise max_connections or the role's limit"
    )]
    TooManyConnections {
        /// The server, for people.
        target: String,
    },
    /// `sslmode` requires TLS and the server has none.
    #[error("{target}: the server does not offer TLS; turn it on there (ssl = on), or use sslmode=prefer")]
    NoTls {
        /// The server, for people.
        target: String,
    },
    /// The server's certificate is for another name.
    #[error(
        "{target}: the server's certificate is not for this host name; connect by a name in its subjectAltName, \
         or use sslmode=verify-ca"
    )]
    TlsName {
        /// The server, for people.
        target: String,
        /// What rustls said.
        source: tokio_postgres::Error,
    },
    /// The server's certificate is not trusted.
    #[error(
        "{target}: the server's certificate is not signed by a trusted authority; name the authority's \
         certificate with sslrootcert=FILE"
    )]
    TlsUntrusted {
        /// The server, for people.
        target: String,
        /// What rustls said.
        source: tokio_postgres::Error,
    },
    /// TLS fails for another reason.
    #[error("{target}: TLS could not be agreed on; check sslmode and the certificates of both sides")]
    Tls {
        /// The server, for people.
        target: String,
        /// What rustls said.
        source: tokio_postgres::Error,
    },
    /// The connection cannot be made for another reason.
    #[error("{target}: cannot connect")]
    Connect {
        /// The server, for people.
        target: String,
        /// What the library or the server said.
        source: tokio_postgres::Error,
    },
    /// A standby takes no writes.
    #[error("{target}: is a standby, which takes no writes; connect to the primary")]
    Standby {
        /// The server, for people.
        target: String,
    },
    /// Transactions are read-only by a setting.
    #[error(
        "{target}: takes no writes, default_transaction_read_only is on; turn it off for this role or database"
    )]
    ReadOnly {
        /// The server, for people.
        target: String,
    },
    /// No schema of the search path exists.
    #[error(
        "no schema of the connection's search path exists ({path}); correct the path (ALTER ROLE … SET search_path), create \
         the schema, or name it in the schema files ([table] schema)"
    )]
    NoSchema {
        /// As the server shows it.
        path: String,
    },
    /// The server hands each transaction of a connection to another process.
    #[error(
        "{target}: a connection pooler answers there that hands each transaction to another server process (pgbouncer: \
         pool_mode = transaction or statement): locks and settings would stay with other people's sessions; connect to \
         PostgreSQL itself, or to a pool that keeps a process for the whole session (pool_mode = session)"
    )]
    Pooled {
        /// The server, for people.
        target: String,
    },
    /// Something else has the name of a table.
    #[error(
        "{table}: is {kind}, and muster reads and writes tables only; name the table in the schema ([table] name)"
    )]
    NotATable {
        /// The name, quoted.
        table: String,
        /// What it is.
        kind: &'static str,
    },
    /// SQLSTATE 42501.
    #[error("{doing}: the role lacks the right; grant it, or connect as a role that has it")]
    Rights {
        /// What was being done, with the table's name.
        doing: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// SQLSTATE 53100.
    #[error("{doing}: the server's disk is full; make room there (for its data or its temporary files)")]
    Full {
        /// What was being done, with the table's name.
        doing: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// SQLSTATE 55P03.
    #[error(
        "{doing}: another session held a lock for longer than the role's lock_timeout; wait until it is done, or \
         raise lock_timeout (ALTER ROLE … SET lock_timeout)"
    )]
    Locked {
        /// What was being done, with the table's name.
        doing: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// SQLSTATEs 40001 and 40P01, from the server itself.
    #[error(
        "{doing}: another session wrote the same rows at the same time (SQLSTATE {sqlstate}); try again when it is done"
    )]
    Conflict {
        /// What was being done, with the table's name.
        doing: String,
        /// The five characters of the SQLSTATE.
        sqlstate: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// The connection broke.
    #[error("{doing}: the connection to the server was lost")]
    Lost {
        /// What was being done.
        doing: String,
        /// What broke.
        source: tokio_postgres::Error,
    },
    /// A statement failed.
    #[error("{doing}: the server refused (SQLSTATE {sqlstate})")]
    Refused {
        /// What was being done.
        doing: String,
        /// The five characters of the SQLSTATE.
        sqlstate: String,
        /// What the server said.
        source: tokio_postgres::Error,
    },
    /// A statement's answer cannot be used.
    #[error("{doing}: the server's answer cannot be used")]
    Answer {
        /// What was being done.
        doing: String,
        /// What is wrong with it.
        source: tokio_postgres::Error,
    },
}

impl DbError {
    /// Wraps the error of a statement. `doing` says what was being done, and to which table
    /// (`reading table accounts`).
    pub fn of(doing: impl Into<String>, source: tokio_postgres::Error) -> Self {
        let doing = doing.into();
        match source.code() {
            Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::Rights { doing, source },
            Some(code) if *code == SqlState::DISK_FULL => Self::Full { doing, source },
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => Self::Locked { doing, source },
            Some(code) => {
                // Class 57P: the server ended the session (an administrator, a crash, a shutdown).
                if code.code().starts_with("57P") || code.code().starts_with("08") {
                    return Self::Lost { doing, source };
                }
                let sqlstate = code.code().to_owned();
                if matches!(&*sqlstate, "40001" | "40P01") && !is_raised(&source) {
                    return Self::Conflict { doing, sqlstate, source };
                }
                Self::Refused { doing, sqlstate, source }
            }
            None if source.is_closed() || io_error(&source).is_some() => Self::Lost { doing, source },
            None => Self::Answer { doing, source },
        }
    }

    /// Whether the error is about a row's data, and not about the statement, the session or the server.
    pub(crate) fn is_about_data(&self) -> bool {
        self.sqlstate().is_some_and(|state| {
            let code = state.code();
            let is_other = |code: &str| NOT_ABOUT_DATA.iter().any(|class| code.starts_with(class));
            code != USED_UP && (code == TOO_LARGE || !is_other(code))
        })
    }

    /// Whether the statement named something that does not exist: a schema, a table, a column or another object.
    pub(crate) fn is_about_names(&self) -> bool {
        let names = ["3F000", "42P01", "42703", "42704"];
        self.sqlstate().is_some_and(|state| names.contains(&state.code()))
    }

    /// Whether the name of something that was to be created is taken, or was while the statement waited for another
    /// session.
    pub(crate) fn is_taken(&self) -> bool {
        let Self::Refused { sqlstate, source, .. } = self else { return false };
        ["42P07", "42710", "23505"].contains(&sqlstate.as_str()) && !is_raised(source)
    }

    /// Whether a sequence is used up.
    pub(crate) fn is_used_up(&self) -> bool {
        self.sqlstate().is_some_and(|state| state.code() == USED_UP)
    }

    /// What the server said of a refused statement, in parts.
    pub(crate) fn said(&self) -> Option<&tokio_postgres::error::DbError> {
        let Self::Refused { source, .. } = self else { return None };
        source.as_db_error()
    }

    /// The SQLSTATE, if the server gave one.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::NotAdmitted { source, .. }
            | Self::Connect { source, .. }
            | Self::Rights { source, .. }
            | Self::Full { source, .. }
            | Self::Locked { source, .. }
            | Self::Conflict { source, .. }
            | Self::Lost { source, .. }
            | Self::Refused { source, .. } => source.code(),
            _ => None,
        }
    }
}

/// The classes of SQLSTATEs that are about the statement, the session or the server. All others are about a row: data
/// exceptions, integrity constraints, and what the owner's triggers raise, with any code of their own.
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
const NOT_ABOUT_DATA: [&str; 34] = [
    "00", "01", "02", "03", "08", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "21", "24", "25", "26", "28",
    "2B", "2D", "34", "3B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "72", "F0", "HV", "XX",
];

/// A limit of the server that one value exceeds: it is too large for an index, or the row for a page.
const TOO_LARGE: &str = "54000";

/// The SQL condition that the SQLSTATE of an exception is about a row's data.
pub(crate) fn about_data() -> String {
    format!(
        "(SQLSTATE = '{TOO_LARGE}' OR left(SQLSTATE, 2) <> ALL ('{{{}}}') AND SQLSTATE <> '{USED_UP}')",
        NOT_ABOUT_DATA.map(|class| format!("\"{class}\"")).join(",")
    )
}

/// The server's source files that raise what a function in one of its languages asks for: PL/pgSQL, Python, Perl, Tcl.
const LANGUAGES: [&str; 5] = ["pl_exec.c", "plpy_elog.c", "plpy_plpymodule.c", "plperl.c", "pltcl.c"];

/// Whether the owner's function raised the error, with a code of its choice, and not the server itself.
fn is_raised(error: &tokio_postgres::Error) -> bool {
    let file = error.as_db_error().and_then(tokio_postgres::error::DbError::file);
    file.is_some_and(|file| LANGUAGES.iter().any(|language| file.ends_with(language)))
}

/// The system's error at the bottom of the library's.
pub(super) fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
