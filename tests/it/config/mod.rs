//! `muster.toml`: where it is found, what it says of files, and everything that can be wrong with it.

mod cleaning;
mod found;
mod made;
mod mistakes;
