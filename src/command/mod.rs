//! One file per subcommand; each reads like a table of contents.

pub mod db;
