//! The `muster` binary: parse the command line, run, print the one fatal error, exit.

fn main() {}
