//! The field types: which cells each accepts, and the one normal form in which it stores a value.
//!
//! One file per type. A rule sees one cell that has been cleansed (see [`text`]) and is not empty, and at most one
//! sibling cell of the same row, which the schema declares (a phone number needs the country). It does no I/O and
//! knows no column, no file and no database. It returns the value's normal form as text that PostgreSQL reads, and
//! what it found. Whether that rejects the row is decided by the schema's severities.

pub(crate) mod bic;
pub(crate) mod boolean;
mod cell;
pub(crate) mod choice;
mod compact;
pub(crate) mod country;
pub(crate) mod date;
pub(crate) mod email;
mod field_rule;
pub(crate) mod iban;
pub(crate) mod language;
pub(crate) mod letters;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod phone;
pub(crate) mod postal_code;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod vat;

pub(crate) use cell::{CellFinding, NormalForm};
pub(crate) use field_rule::Rule;
