//! The one integration binary: black-box tests of the program, and of the library where the program has no way
//! to ask. Each needs PostgreSQL's server programs and fails without them.

// A test binary has no public interface, and its failures are panics.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod architecture;
mod database;
mod export;
mod local_cluster;
mod support;
