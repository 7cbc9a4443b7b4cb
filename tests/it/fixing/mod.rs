//! Rejected records, fixed and imported again.

mod broken_records;
mod columns_kept;
mod every_code;
mod several_files;
