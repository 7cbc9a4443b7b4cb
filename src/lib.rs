//! `muster` moves accounts and users from legacy CSV files into PostgreSQL, and proves that none was lost.

pub mod cli;
pub mod command;
pub mod db;
pub mod event;
pub mod export;
pub mod frame;
pub mod load;
pub mod output;
pub mod read;
pub mod record;
pub mod report;
pub mod rule;
pub mod run;
pub mod schema;
pub mod settle;
pub mod source;
