//! What people and machines are told: the files of a run, the summary on the terminal, progress and logs.
//!
//! A report decides nothing. It is given names ([`Context`]), counts ([`Outcome`]) and findings in their
//! final order, and writes the same bytes for the same input whatever the number of threads.

pub mod context;
pub mod findings;
pub mod mask;
pub mod returned;
pub mod summary;
pub mod tally;

pub use context::{Context, Counts, Entity, Field, File, Outcome, Status};
pub use findings::FindingsWriter;
pub use mask::Values;
pub use tally::Tally;
