//! Doors to single steps of reading, for the micro-benchmarks alone (`benches/micro.rs`); nobody else comes in here.

use std::io;

use super::blocks::{Block, Blocks, Bytes, Opening};
use super::harvest::Seed;
use super::parse::{Task, parse};
use super::plan::Plan;
use super::split::{Grammar, Narrow};

impl Bytes for Vec<u8> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).map_or(self.len(), |from| from.min(self.len()));
        let len = buf.len().min(self.len() - from);
        buf[..len].copy_from_slice(&self[from..from + len]);
        Ok(len)
    }
}

/// Records cut out of a file, ready to be parsed.
#[derive(Debug, Clone)]
pub struct Cut(Block);

impl Cut {
    /// Cuts all records without a header into one block; `None` where there are none.
    ///
    /// # Errors
    ///
    /// Never: the bytes are in memory.
    pub fn of(records: &Vec<u8>, plan: &Plan<'_>) -> io::Result<Option<Self>> {
        let grammar = Grammar { delimiter: plan.delimiter, columns: plan.columns, horizon: 4 << 20 };
        let opening = Opening { offset: 0, line: 1, header: Vec::new() };
        let mut blocks = Blocks::new(records, Narrow, grammar, opening, records.len());
        Ok(blocks.next_block(Vec::new())?.map(Self))
    }

    /// Decodes, judges and encodes the records. Returns how many are clean.
    #[must_use]
    pub fn parse(self, plan: &Plan<'_>, seed: &Seed) -> u64 {
        let task = Task { plan, hasher: &seed.0, collect_evidence: true, referred_to: false };
        parse(task, self.0).counts.clean
    }
}
