//! The command line: what can be typed, and what it means as settings. Nothing is done here.

mod account;
mod completions;
mod config;
mod database;
mod db;
mod explain;
mod export;
mod field_values;
mod fields;
mod given;
mod import;
mod init;
mod invite;
mod journal;
mod line;
mod records;
mod refused;
mod rejects;
mod roles;
mod schema;
mod user;
mod value;
mod words;

pub(crate) use account::{AccountAction, AccountArgs, CreateArgs};
pub(crate) use completions::CompletionsArgs;
pub(crate) use db::{DbAction, DbArgs};
pub(crate) use explain::ExplainArgs;
pub(crate) use export::{ExportArgs, VerifyArgs};
pub(crate) use field_values::FieldValues;
pub(crate) use fields::{LineError, completions};
pub(crate) use import::{CheckArgs, ImportArgs};
pub(crate) use init::InitArgs;
pub(crate) use invite::*;
pub(crate) use journal::{RunsAction, RunsArgs, UndoArgs};
pub(crate) use line::{Cli, Command, Talk};
pub(crate) use records::{ListArgs, RecordsArgs, ShowArgs};
pub(crate) use refused::refuse;
pub(crate) use rejects::{RejectsArgs, RejectsFormat};
pub(crate) use roles::{RolesArgs, RolesFormat};
pub(crate) use schema::{SchemaAction, SchemaArgs};
pub(crate) use user::{UserAction, UserArgs};

#[cfg(test)]
mod tests;
