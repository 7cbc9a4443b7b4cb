//! What a run is asked to do, and what holds if nothing is said. The command line fills it in, the phases read it;
//! no phase has a copy of an option.

mod decision;
mod reading;
mod reports;
mod rules;
mod target;

use std::sync::Arc;

use crate::config::Config;
use crate::source::InputSpec;

pub(crate) use decision::Decision;
pub(crate) use reading::{QuotedEmpty, Reading};
pub(crate) use reports::{Given, Reports, ShownValues};
pub(crate) use rules::{Duplicates, Limit, Rules};
pub(crate) use target::Target;

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// The inputs, in the order given.
    pub(crate) inputs: Vec<InputSpec>,
    /// How they are read.
    pub(crate) reading: Reading,
    /// What a row must be like.
    pub(crate) rules: Rules,
    /// The database, and what is done there.
    pub(crate) target: Target,
    /// What is reported, and where.
    pub(crate) reports: Reports,
    /// What `muster.toml` says of the files.
    pub(crate) config: Option<Arc<Config>>,
}
