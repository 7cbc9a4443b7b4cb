//! The findings of a finished run, grouped by rule, column and value, compared with another run's and written as
//! Parquet; and the Parquet files that are imported and exported. Polars reads and writes Parquet and does nothing else
//! here; this is the only module that names it, and its types do not leave it.
//!
//! `rejects.ndjson` is read in blocks of whole lines. They are worked on by all threads and merged in the order of the
//! file, so memory does not grow with the number of findings, and the result does not depend on the number of threads.

mod blocks;
mod compare;
mod day;
mod error;
mod footer;
mod group;
mod instant;
mod pages;
mod parquet;
pub(crate) mod parquet_in;
pub(crate) mod parquet_out;
mod parquet_rows;
mod quick;
mod stored;
mod thrift;
mod values;

pub(crate) use blocks::Scan;
pub(crate) use compare::{Change, RuleRows, Trend, compare};
pub(crate) use error::FrameError;
#[cfg(test)]
pub(crate) use group::RuleGroup;
pub(crate) use group::{Groups, group};
pub(crate) use parquet::write as write_parquet;
pub(crate) use stored::{FindingFilter, StoredFinding};
#[cfg(test)]
pub(crate) use values::ValueGroup;
