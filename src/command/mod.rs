//! One file per subcommand; each reads like a table of contents of what the command does.

pub(crate) mod account;
mod answers;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod db;
mod error;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod invite;
mod print;
mod question;
mod records;
pub(crate) mod rejects;
pub(crate) mod roles;
pub(crate) mod runs;
pub(crate) mod schema;
mod summary;
pub(crate) mod undo;
pub(crate) mod user;
pub(crate) mod verify;

pub(crate) use error::CommandError;
