//! The order of the phases. `check` and `import` are the same run up to the verdicts; only an import has a database
//! to write to.

mod absent;
mod attempt;
mod check;
mod database;
mod declared;
mod error;
mod execute;
mod exported;
mod failed;
mod file;
mod findings;
mod growth;
mod import;
mod journal;
mod law;
mod names;
mod open;
mod phases;
mod publish;
mod read;
pub(crate) mod record;
mod reported;
mod returned;
mod rows;
mod runs;
mod sent_back;
mod single;
mod state;
mod table;
mod table_error;
mod undo;

pub(crate) use check::check;
pub(crate) use database::{Database, session_name};
pub(crate) use error::RunError;
pub(crate) use execute::execute;
pub(crate) use import::import;
pub(crate) use reported::Reported;
pub(crate) use runs::{RunsQuery, runs};
pub(crate) use undo::{UndoReported, undo};
