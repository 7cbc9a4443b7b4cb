//! `muster db`: starts, stops and shows the private local PostgreSQL, and opens `psql` on it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use crate::db::local::{Cluster, LocalError, Status};

/// What to do with the private local PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start it, and make it where there is none.
    Start,
    /// Stop it.
    Stop,
    /// Say how it stands.
    Status,
    /// Start it and become `psql` on it, with these further arguments.
    Psql(Vec<OsString>),
}

/// Does it, and gives the one line to print. `psql` does not come back.
///
/// # Errors
/// What the local cluster says.
pub(crate) fn run(action: Action) -> Result<String, LocalError> {
    let cluster = Cluster::of_current_dir()?;
    match action {
        Action::Start => {
            let verb = if cluster.start()? { "started" } else { "runs already" };
            Ok(format!("the local PostgreSQL {verb}: {}", connection(&cluster)))
        }
        Action::Stop if cluster.stop()? => Ok("the local PostgreSQL stopped".to_owned()),
        Action::Stop => Ok("the local PostgreSQL was not running".to_owned()),
        Action::Status => Ok(match cluster.status() {
            Status::Absent => "there is no local PostgreSQL yet; `muster db start` makes one".to_owned(),
            Status::Stopped => format!("the local PostgreSQL is stopped; its data: {}", state(&cluster)),
            Status::Running(pid) => {
                format!("the local PostgreSQL runs (process {pid}): {}", connection(&cluster))
            }
        }),
        Action::Psql(arguments) => {
            cluster.start()?;
            let mut psql = cluster.psql()?;
            let source = psql.args(arguments).exec();
            Err(LocalError::Program { doing: "psql", source })
        }
    }
}

/// How another program connects, in `key=value` form.
fn connection(cluster: &Cluster) -> String {
    let name = crate::db::local::NAME;
    format!("host={} user={name} dbname={name}", cluster.socket().display())
}

fn state(cluster: &Cluster) -> String {
    cluster.state().display().to_string()
}
