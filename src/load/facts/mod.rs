//! What the database knows of the rows at hand: values that other rows hold, references that lead elsewhere, rows that
//! were edited, keys that no record has. An import asks by joins with its staged rows, a check by arrays of keys.

mod absent;
mod alike;
mod answers;
mod by_array;
mod edited;
mod otherwise;
mod staged;

pub(super) use absent::absent;
pub(super) use alike::lenient;
pub(super) use answers::Asked;
pub(crate) use by_array::Lookup;
pub(super) use staged::of_staged;
