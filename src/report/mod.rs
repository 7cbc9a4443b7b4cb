//! What people and machines are told: the files of a run, the summary on the terminal, progress and logs.
//!
//! A report decides nothing. It is given names ([`Context`]), counts ([`Outcome`]) and findings in their
//! final order, and writes the same bytes for the same input whatever the number of threads.

mod cells;
pub mod context;
pub mod findings;
pub mod html;
pub mod log;
pub mod mask;
pub mod number;
pub mod plan;
pub mod progress;
pub mod rejects;
pub mod returned;
pub mod shell;
pub mod summary;
pub mod table;
pub mod tally;
pub mod terminal;
mod told;
pub mod width;

pub use context::{Context, Counts, Entity, Field, File, Outcome, Returned, Status};
pub use findings::FindingsWriter;
pub use html::{Page, Records};
pub use mask::Values;
pub use plan::{FieldPlan, Plan, PlanSample, PlannedEntity};
pub use progress::Progress;
pub use returned::ReturnedFile;
pub use summary::Summary;
pub use tally::Tally;
pub use told::Told;
