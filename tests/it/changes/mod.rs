//! What changed between two exports, and bringing it into another database.

mod applied;
mod between_exports;
mod mass_deletes;
mod passed_on_values;
