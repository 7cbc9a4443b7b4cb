//! What people and machines are told: the files of a run, the summary on the terminal, progress and logs.
//!
//! A report decides nothing. It is given names ([`Context`]), counts ([`Outcome`]) and findings in their
//! final order, and writes the same bytes for the same input whatever the number of threads.

mod cells;
pub(crate) mod context;
pub(crate) mod findings;
pub(crate) mod html;
pub(crate) mod log;
pub(crate) mod mask;
pub(crate) mod number;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod rejects;
pub(crate) mod returned;
pub(crate) mod shell;
pub(crate) mod summary;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod terminal;
mod told;
pub(crate) mod width;

pub(crate) use context::{Context, Counts, Entity, Field, File, Outcome, Returned, Status};
pub(crate) use findings::FindingsWriter;
pub(crate) use html::{Page, Records};
pub(crate) use plan::{FieldPlan, Plan, PlanSample, PlannedEntity};
pub(crate) use tally::Tally;
pub(crate) use told::Told;
