//! Why a `muster.toml` cannot be used.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::schema::Mistake;

/// Why a `muster.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// It cannot be read.
    #[error("{}: cannot be read; check the path given with --config", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// All its mistakes, in the order of their places.
    #[error("{}", Listing(.0))]
    Mistakes(Vec<Mistake>),
}

struct Listing<'m>(&'m [Mistake]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in self.0 {
            write!(f, "{mistake}\n\n")?;
        }
        let name = self.0.first().map_or("", |mistake| mistake.file.as_str());
        match self.0.len() {
            1 => write!(f, "{name} has 1 mistake"),
            many => write!(f, "{name} has {many} mistakes"),
        }
    }
}
