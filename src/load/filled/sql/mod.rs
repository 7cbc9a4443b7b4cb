//! The staged path's statements as text. Nothing is sent from here.
//!
//! In all of them `s` is a staged row (`o` its number, `l` its layout's, `fN` its fields), `t` the table's row, `pN` the
//! parent that reference N leads to, `plan` what is to happen to the staged row.

mod append;
mod edited;
mod noted;
mod plan;
mod readback;
mod statements;
mod swap;
mod write;

pub(crate) use statements::Statements;
pub(crate) use swap::placeholder;
pub(crate) use write::Which;
