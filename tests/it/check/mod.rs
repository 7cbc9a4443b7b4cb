//! Reading and judging files: what `check` finds, and that nothing but the input decides it.

mod cases;
mod codes;
mod columns;
mod determinism;
mod file_codes;
mod formats;
mod headers_again;
mod maps;
mod parquet_types;
mod plain_ways;
mod planted;
mod properties;
mod row_codes;
mod shifted;
mod unknown_columns;
