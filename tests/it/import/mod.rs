//! Writing checked rows into a database.

mod append;
mod concurrent;
mod edited;
mod empty_tables;
mod existing_tables;
mod fixed_rules;
mod foreign_keys;
mod hashed_types;
mod inputs;
mod laws;
mod own_schemas;
mod table_faults;
