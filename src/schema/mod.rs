//! The column rules as data: the TOML files' shape, and the compiled form that all phases work with.

mod compile;
mod compiled;
pub(crate) mod ddl;
pub(crate) mod describe;
mod entity;
mod field;
mod header;
mod invite;
pub(crate) mod json_schema;
mod load;
mod mistake;
mod node;
mod order;
pub(crate) mod roles;
mod setting;
mod shape;
pub(crate) mod table_schema;
#[cfg(test)]
mod tests;

pub(crate) use compile::compile;
pub(crate) use compiled::{Entity, Field, FieldIndex, InviteFields, OnUpdate, RowRule, Schema, Table};
#[cfg(test)]
pub(crate) use compiled::{Reference, SystemColumns};
pub(crate) use header::{fits_pattern, header_key, nearest};
pub(crate) use mistake::{Located, Mistake, Mistakes, Place, SchemaError, SchemaFile};
pub(crate) use node::{Node, scalar_text};
