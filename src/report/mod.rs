//! What people and machines are shown: the files of a run, the summary on the terminal, progress and logs.
//!
//! A report decides nothing. It is given names ([`Context`]), counts ([`Outcome`]) and findings in their
//! final order, and writes the same bytes for the same input whatever the number of threads.

mod cells;
pub(crate) mod context;
pub(crate) mod diagnostic;
pub(crate) mod findings;
pub(crate) mod html;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod number;
pub(crate) mod planned;
pub(crate) mod progress;
pub(crate) mod rejects;
pub(crate) mod returned;
mod screen;
pub(crate) mod shell;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod terminal;

pub(crate) use context::{
    Context, Counts, Entity, Field, File, Mapped, Outcome, Returned, ReturnedKind, Status, UsedConfig,
};
pub(crate) use diagnostic::Diagnostic;
pub(crate) use findings::FindingsWriter;
pub(crate) use html::{Page, Records};
pub(crate) use planned::{PlannedChange, PlannedEntity, PlannedField, PlannedRun};
pub(crate) use tally::Tally;
