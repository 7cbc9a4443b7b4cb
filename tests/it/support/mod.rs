//! What the tests are built on: a private PostgreSQL cluster for the whole binary, a fresh database for each test,
//! and a command that runs the built `muster` in a separate folder.

// The whole of it is for every test file, whichever use it.
#![allow(dead_code, unused_imports)]

mod certificates;
mod cluster;
mod command;
mod customers;
mod database;
mod disk;
mod fake_server;
pub mod golden;
mod halted;
mod pooler;
mod postmark;
mod proxy;
mod sessions;
mod talk;

pub use cluster::{Cluster, cluster, owner, programs, root};
pub use command::{Finished, Muster};
pub use customers::{Customers, Found, found, order};
pub use database::Database;
pub use disk::Disk;
pub use fake_server::FakeServer;
pub use halted::{Halted, killed_at, said, signal};
pub use pooler::Pooler;
pub use postmark::{Act, FakePostmark};
pub use proxy::{Loses, Proxy};
pub use talk::Talk;

/// A runtime for one test, which blocks on what the library does asynchronously.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(future)
}

/// An error with all its causes, as a person would see it.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Fails with all that was found, not with the first.
#[track_caller]
pub fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
