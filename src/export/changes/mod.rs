//! What changed since an earlier export. Nothing is derived from times or transaction numbers, so a late commit and a
//! deletion are found like any other change.

mod earlier;
mod merge;
mod records;

pub(crate) use earlier::Earlier;
pub(crate) use merge::{Changes, columns};
