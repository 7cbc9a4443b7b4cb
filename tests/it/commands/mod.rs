//! Commands about single records and roles, and the options of all commands.

mod account;
mod dialogue;
mod hostile_texts;
mod options;
mod records;
mod roles;
