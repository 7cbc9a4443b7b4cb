//! `muster db`: starts, stops and shows the private local PostgreSQL, and opens `psql` on it.

use std::io::Write;
use std::os::unix::process::CommandExt;

use crate::cli::{DbAction, DbArgs};
use crate::db::local::{Cluster, LocalError, NAME, Status};
use crate::exit::Exit;

use super::CommandError;
use super::print::print;

/// Does what was asked, and prints one line about it. `psql` does not come back.
/// Errors: what the local cluster says, and standard output that cannot be written to.
pub(crate) fn run(args: &DbArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let cluster = Cluster::of_current_dir()?;
    let line = match args.action.as_ref().unwrap_or(&DbAction::Status) {
        DbAction::Start => {
            let verb = if cluster.start()? { "started" } else { "runs already" };
            format!("the local PostgreSQL {verb}: {}", connection(&cluster))
        }
        DbAction::Stop if cluster.stop()? => "the local PostgreSQL stopped".to_owned(),
        DbAction::Stop => "the local PostgreSQL was not running".to_owned(),
        DbAction::Status => match cluster.status() {
            Status::Absent => "there is no local PostgreSQL yet; `muster db start` makes one".to_owned(),
            Status::Stopped => {
                format!("the local PostgreSQL is stopped; its data: {}", cluster.state().display())
            }
            Status::Running(pid) => {
                format!("the local PostgreSQL runs (process {pid}): {}", connection(&cluster))
            }
        },
        DbAction::Psql { args } => {
            cluster.start()?;
            let source = cluster.psql()?.args(args).exec();
            return Err(LocalError::Program { doing: "psql", source }.into());
        }
    };
    print(out, line + "\n")?;
    Ok(Exit::Done)
}

/// How another program connects, in `key=value` form.
fn connection(cluster: &Cluster) -> String {
    format!("host={} user={NAME} dbname={NAME}", cluster.socket().display())
}
