//! What `muster rejects` shows of a finished run: counts, source lines, a comparison of two runs. Everything
//! fits 80 columns, and nothing from a file can steer the terminal.

mod changes;
mod line;
mod overview;
mod sources;
mod stored;

pub(crate) use changes::{render as render_changes, verdicts};
pub(crate) use overview::render as render_groups;
pub(crate) use sources::Sources;
pub(crate) use stored::{StoredError, StoredFile, StoredRun};
