//! Writing tables into files, and verifying the files.

mod arrays;
mod emptied;
mod files;
mod killed;
mod nightly;
mod order;
mod parquet;
mod readers;
mod round_trip;
mod snapshot;
mod strangers;
mod times;
mod writers;
