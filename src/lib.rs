//! `muster` moves accounts and users from legacy CSV files into PostgreSQL, and proves that none was lost.

pub mod event;
pub mod read;
pub mod record;
pub mod rule;
pub mod schema;
pub mod settle;
pub mod source;
