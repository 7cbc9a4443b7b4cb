//! Single steps of reading, for the micro-benchmarks (`benches/micro.rs`) only.

use std::io;

use super::blocks::{Block, Blocks, DataStart};
use super::parse::{Task, parse};
use super::plan::ReadPlan;
use super::seed::Seed;
use super::split::Grammar;
use super::units::Narrow;

/// Records cut out of a file, ready to be parsed.
#[derive(Debug, Clone)]
pub(crate) struct Cut(Block);

impl Cut {
    /// Cuts all records without a header into one block; `None` if there are none.
    pub(crate) fn of(records: &[u8], plan: &ReadPlan<'_>) -> io::Result<Option<Self>> {
        let grammar = Grammar {
            delimiter: plan.delimiter,
            columns: plan.columns,
            horizon: 4 << 20,
            by_record: false,
            by_line: false,
        };
        let start = DataStart { offset: 0, line: 1, header: None };
        let mut blocks = Blocks::new(&records, Narrow, grammar, start, records.len());
        Ok(blocks.next_block(Vec::new())?.map(Self))
    }

    /// Decodes, validates and encodes the records. Returns how many are clean.
    pub(crate) fn parse(self, plan: &ReadPlan<'_>, seed: &Seed) -> u64 {
        let task = Task { plan, seed, collect_evidence: true, referred_to: false };
        parse(task, self.0).counts.clean
    }
}
