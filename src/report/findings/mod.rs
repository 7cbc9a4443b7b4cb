//! `rejects.ndjson` and `rejects.csv`: every finding, in the order in which it is given, in memory that does not
//! grow with their number. Any thread renders a batch of findings (`batch`); the batches are written in order.

mod batch;
mod render;
mod stored;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

pub(crate) use render::HEADER;
pub(crate) use stored::csv_of_stored;
pub(crate) use writer::FindingsWriter;
