//! The rules of the source tree that no compiler checks.

mod circles;
mod rules;
mod source;
