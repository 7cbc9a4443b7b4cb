//! What a dataframe engine is for. The only module that knows polars.

pub mod parquet_out;
