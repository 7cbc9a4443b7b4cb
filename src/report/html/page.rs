//! What the page is made of.

use crate::frame::Change;
use crate::record::Location;

use super::super::context::{Context, Outcome, Returned};
use super::super::rejects::StoredRun;
use super::super::tally::Tally;

/// Where the page gets the source of a sample from.
pub(crate) trait Records {
    /// The decoded text of a record, its beginning where it is long. None if it cannot be read.
    fn text(&self, entity: usize, location: &Location) -> Option<String>;
}

/// Everything that the page is made of.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    /// Names.
    pub(crate) context: &'a Context,
    /// Counts.
    pub(crate) outcome: &'a Outcome,
    /// Findings.
    pub(crate) tally: &'a Tally,
    /// The run's folder, as commands name it.
    pub(crate) folder: &'a str,
    /// The files that go back.
    pub(crate) returned: &'a [Returned],
    /// An earlier run, and how its rules compare with this run's.
    pub(crate) against: Option<(&'a StoredRun, &'a [Change])>,
    /// The sources.
    pub(crate) records: &'a dyn Records,
}
