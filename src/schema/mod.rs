//! The column rules as data: the TOML files' shape, and the compiled form that all phases work with.

mod compiled;

pub use compiled::{
    Entity, Field, FieldIndex, OnUpdate, Pattern, PatternWhen, Reference, RowRule, Schema, SystemColumns,
    Table,
};
