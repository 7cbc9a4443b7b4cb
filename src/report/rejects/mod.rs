//! What `muster rejects` shows of a finished run: counts, source lines, two runs side by side. Everything
//! fits 80 columns, and nothing from a file can steer the terminal.

mod changes;
mod excerpt;
mod line;
mod overview;
mod sources;
mod stored;

pub use changes::render as render_changes;
pub use excerpt::render as render_finding;
pub use overview::render as render_groups;
pub use sources::Sources;
pub use stored::{StoredEntity, StoredError, StoredFile, StoredRun};
