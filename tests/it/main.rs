//! The one integration binary: black-box tests of the program, and of the library where the program has no way
//! to ask. Each needs PostgreSQL's server programs and fails without them.

// A test binary has no public interface, and its failures are panics.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::format_collect, clippy::naive_bytecount)]

mod architecture;
mod changes;
mod check;
mod commands;
mod config;
// The generator shares no code with the program, so that it can contradict it.
#[allow(dead_code, unused_imports)]
#[path = "../../examples/generate/customers/mod.rs"]
mod customers;
mod database;
mod docs;
mod export;
mod failures;
mod fixing;
mod import;
mod init;
mod invites;
mod reports;
mod suites;
mod support;
mod undo;
