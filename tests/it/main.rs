//! The one integration binary: black-box tests of the program, and of the library where the program has no way
//! to ask. Each needs PostgreSQL's server programs and fails without them.

// A test binary has no public interface, and its failures are panics.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::format_collect, clippy::naive_bytecount)]

mod account;
mod append;
mod apply_changes;
mod architecture;
mod cases;
mod changes;
mod codes;
mod columns;
mod commit_reply;
mod company;
mod crash;
// The generator is no part of the program, so that it can bear witness against it.
#[allow(dead_code, unused_imports)]
#[path = "../../examples/generate/customers/mod.rs"]
mod customers;
mod database;
mod determinism;
mod dialogue;
mod disks;
mod docs;
mod edited;
mod exchange;
mod export;
mod export_files;
mod export_killed;
mod export_order;
mod export_writers;
mod failures;
mod file_codes;
mod fixed_rules;
mod foreign;
mod fresh;
mod generic;
mod hashed_types;
mod import;
mod interrupted;
mod invite;
#[cfg(feature = "fault-points")]
mod invite_faults;
mod invite_mails;
mod journal;
mod laws;
mod local_cluster;
mod loop_back;
mod loop_files;
mod nightly;
mod options;
mod page;
mod parquet;
mod passed_on;
mod planted;
mod progress;
mod properties;
mod reading;
mod records;
mod rejects;
mod restored;
mod rights;
mod roles;
mod round_trip;
mod row_codes;
mod samples;
mod slow;
mod support;
mod tables;
mod undo;
mod undo_asked;
