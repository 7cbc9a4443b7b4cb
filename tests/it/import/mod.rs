//! Writing checked rows into a database.

mod append;
mod column_types;
mod concurrent;
mod edited;
mod empty_tables;
mod equality;
mod existing_tables;
mod fixed_rules;
mod foreign_keys;
mod hashed_types;
mod inputs;
mod laws;
mod meanwhile;
mod names;
mod own_schemas;
mod refused_rows;
mod settings;
mod table_faults;
