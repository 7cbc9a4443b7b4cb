//! What a run prints and writes for people.

mod page;
mod progress;
mod rejects;
mod samples;
