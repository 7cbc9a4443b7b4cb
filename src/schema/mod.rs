//! The column rules as data: the TOML files' shape, and the compiled form that all phases work with.

mod compile;
mod compiled;
pub mod ddl;
pub mod describe;
mod entity;
mod field;
mod header;
mod invite;
pub mod json_schema;
mod load;
mod mistake;
mod node;
mod order;
pub mod roles;
mod setting;
mod shape;
pub mod table_schema;
#[cfg(test)]
mod tests;

pub use compile::compile;
pub use compiled::{
    Entity, Field, FieldIndex, InviteFields, OnUpdate, Pattern, PatternWhen, Reference, RowRule, Schema,
    SystemColumns, Table,
};
pub use header::{header_key, nearest};
pub use mistake::{Mistake, SchemaError, SchemaFile};
