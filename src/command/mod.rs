//! One file per subcommand; each reads like a table of contents of what the command does.

pub mod account;
pub mod check;
pub mod completions;
pub mod db;
pub mod explain;
pub mod export;
pub mod import;
pub mod invite;
mod question;
pub mod records;
pub mod rejects;
mod request;
pub mod roles;
pub mod runs;
pub mod schema;
pub mod undo;
pub mod user;
pub mod verify;
