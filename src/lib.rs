//! `muster` moves accounts and users from legacy CSV files into PostgreSQL, and proves that none was lost.

pub mod cli;
pub mod command;
pub mod event;
pub mod record;
pub mod rule;
pub mod schema;
