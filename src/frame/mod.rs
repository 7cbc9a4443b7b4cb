//! The findings of a finished run as tables: grouped by rule, column and value, compared with another run's,
//! written as Parquet; and Parquet files that come in and go out. The one module that knows polars; what goes in and comes out are types of our own.
//!
//! `rejects.ndjson` is read in blocks, each turned into a small table on a thread of its own and merged in
//! the order of the file, so memory does not grow with the number of findings and the result does not
//! depend on the number of threads. After a group-by everything is sorted totally: no order is left to
//! hashing.

mod blocks;
mod compare;
mod day;
mod error;
mod group;
mod parquet;
pub(crate) mod parquet_in;
pub(crate) mod parquet_out;
mod parquet_rows;
mod quick;
mod stored;
mod values;

pub(crate) use blocks::Scan;
pub(crate) use compare::{Change, RuleRows, Verdict, compare};
pub(crate) use error::FrameError;
pub(crate) use group::{Groups, group};
#[cfg(test)]
pub(crate) use group::{RuleGroup, ValueGroup};
pub(crate) use parquet::write as write_parquet;
pub(crate) use stored::{Filter, StoredFinding};
