//! From stored bytes to a [`Harvest`]: one sequential pass that splits a file into blocks of records, and
//! rayon tasks that decode, judge and encode each block. Results are taken in block order, whatever order
//! they finish in, so that the harvest is the same for any number of threads.
//!
//! # What a CSV file is here
//!
//! RFC 4180, with any line end, any one-character delimiter and any encoding whose delimiters are ASCII. Where
//! PostgreSQL's own `COPY … (FORMAT csv)` accepts a file that is accepted here, the cells are the same (a test
//! holds both against each other). They differ on purpose in this:
//!
//! | the file | `COPY` | here |
//! | --- | --- | --- |
//! | a quote inside an unquoted cell, `a"b"c` | reads `abc` | `stray-quote`: what was meant is unknown |
//! | text behind a closing quote, `"a"b` | reads `ab` | `stray-quote` |
//! | a quote that is never closed | the rest of the file is one cell, then an error | `unclosed-quote`: one record, then on |
//! | a line `\.` | ends the data (servers before 18) | a record like any other |
//! | CR, LF and CRLF mixed | an error | each ends a record |
//! | a blank line | an error, or a row of one column | skipped and counted |
//! | too few or too many cells | an error that ends the load | a finding; nothing is shifted |
//! | empty cells beyond the header | an error | dropped |
//! | the header again | a row, or an error of a type | skipped with a warning |
//! | an empty cell and `""` | NULL and the empty text | both are empty; told apart where [`ReadOptions::empty_text`] says so |
//! | spaces around a cell | kept | trimmed, by the field's type |

mod blocks;
mod cells;
mod columns;
mod found;
mod harvest;
mod judge;
#[doc(hidden)]
pub(crate) mod micro;
mod objects;
mod parse;
mod plan;
mod segment;
mod split;
mod spool;
mod step;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use crate::event::{Event, Listener};
use crate::fault;
use crate::record::Finding;
use crate::settings::Decision;
use crate::source::{Encoding, Source, Utf8Evidence};

use blocks::{Blocks, Bytes, Opening};
use columns::Proofs;
use parse::{Parsed, Task, parse};
use split::{Grammar, Lines, Narrow, Units, Wide};

pub(crate) use columns::OpenColumn;
pub(crate) use harvest::{FileHarvest, Harvest, Seed};
pub(crate) use parse::Counts;
pub(crate) use plan::{Keep, Layout, Plan, ReadOptions, slots};
pub(crate) use segment::Segment;
pub(crate) use spool::{Piece, Spool};

/// One file to be read.
#[derive(Debug)]
pub(crate) struct Input<'s> {
    /// Its bytes.
    pub(crate) source: &'s Source,
    /// What becomes of its records.
    pub(crate) plan: Plan<'s>,
    /// The first byte behind the header.
    pub(crate) data_start: u64,
    /// That byte's physical line, counted from 1.
    pub(crate) data_line: u64,
    /// The header record as stored, without its line end.
    pub(crate) header: Vec<u8>,
    /// The encoding is an assumption that the whole file may refute.
    pub(crate) assumed: bool,
    /// All records were asked for the keys of the header.
    pub(crate) whole: bool,
    /// What the columns that the schema leaves open have decided; `None` where that is still to be found out.
    pub(crate) decisions: Option<Vec<Option<Decision>>>,
    /// What was found about the file as a whole; it comes before what its records bring.
    pub(crate) findings: Vec<Finding>,
}

/// What all of a run's reading shares.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'r> {
    /// Where rows wait when memory is full.
    pub(crate) spool_folder: &'r Path,
    /// Of the run's hashes.
    pub(crate) seed: &'r Seed,
    /// Who wants to know.
    pub(crate) listener: &'r dyn Listener,
    /// Set when the run is to stop; looked at once a block.
    pub(crate) cancelled: &'r AtomicBool,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The input could not be read.
    #[error("{file}: cannot be read any further")]
    Source {
        /// The file as named by the user.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The spool could not be written or read.
    #[error("the spool in {folder} could not be used: is the disk full?")]
    Spool {
        /// Where it is.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// Someone asked the run to stop.
    #[error("interrupted")]
    Cancelled,
}

/// What came of reading an entity's files.
#[derive(Debug)]
pub(crate) enum Reading {
    /// All were read.
    Done(Box<Harvest>),
    /// What was assumed of the file with this index is wrong: all must be read again.
    Refuted(usize, Refutation),
}

/// What a whole file says against an assumption.
#[derive(Debug)]
pub(crate) enum Refutation {
    /// It is not in the encoding that was assumed.
    Encoding,
    /// Its records have keys that the header lacks.
    Keys,
    /// Its open columns decide otherwise than their beginnings did.
    Columns(Vec<Option<Decision>>),
}

/// Has all parallel work of the process done by so many threads. The first call counts.
pub(crate) fn use_threads(threads: NonZeroUsize) {
    // Fails only where the pool is there already, with as many threads as were asked for first.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global();
}

impl Bytes for Source {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        Source::read_at(self, buf, offset)
    }
}

/// How each open column is read.
fn decisions(open: &[OpenColumn], proofs: &[Proofs]) -> Vec<Option<Decision>> {
    open.iter().zip(proofs).map(|(column, proofs)| column.decision(proofs)).collect()
}

impl Reader<'_> {
    /// Reads all files of one entity, in order.
    ///
    /// # Errors
    ///
    /// See [`ReadError`].
    pub(crate) fn read(
        &self,
        inputs: &[Input<'_>],
        slots: usize,
        referred_to: bool,
    ) -> Result<Reading, ReadError> {
        let memory = inputs.first().map_or(0, |input| input.plan.options.settings.reading.memory);
        let mut harvest = Harvest::new(slots, self.spool_folder, memory);
        for (index, input) in inputs.iter().enumerate() {
            let refuted = match input.plan.encoding {
                Encoding::Utf16Le => {
                    self.read_file(Wide { big_endian: false }, input, referred_to, &mut harvest)?
                }
                Encoding::Utf16Be => {
                    self.read_file(Wide { big_endian: true }, input, referred_to, &mut harvest)?
                }
                _ if input.plan.keys.is_some() => self.read_file(Lines, input, referred_to, &mut harvest)?,
                _ => self.read_file(Narrow, input, referred_to, &mut harvest)?,
            };
            if let Some(refutation) = refuted {
                return Ok(Reading::Refuted(index, refutation));
            }
        }
        Ok(Reading::Done(Box::new(harvest)))
    }

    /// Reads one file. Returns what its whole says against what was assumed of it.
    fn read_file<U: Units>(
        &self,
        units: U,
        input: &Input<'_>,
        referred_to: bool,
        harvest: &mut Harvest,
    ) -> Result<Option<Refutation>, ReadError> {
        let mut plan = input.plan.clone();
        let assumed = match &input.decisions {
            Some(decisions) => decisions.clone(),
            None => self.beginnings(units, input)?,
        };
        plan.decide(&assumed);
        let task = Task { plan: &plan, hasher: &self.seed.0, collect_evidence: input.assumed, referred_to };
        harvest.files.push(FileHarvest {
            layout: plan.layout.clone(),
            open: Vec::new(),
            counts: Counts::default(),
        });
        harvest.take_file_findings(&input.findings).map_err(|e| self.spool_error(e))?;
        let mut evidence = Utf8Evidence::default();
        let mut proofs = vec![Proofs::default(); plan.open.len()];
        let mut unknown = false;
        let mut take = |parsed: Parsed| {
            unknown |= parsed.unknown_keys;
            evidence += parsed.evidence;
            proofs.iter_mut().zip(&parsed.proofs).for_each(|(all, block)| *all += *block);
            self.listener.on(Event::Advanced { by: parsed.covered, rows: parsed.counts.read });
            harvest.absorb(plan.file, parsed).map_err(|e| self.spool_error(e))
        };
        self.pipeline(&mut blocks(units, input), task, input, &mut take)?;
        if input.assumed && contradicts(plan.encoding, evidence) {
            return Ok(Some(Refutation::Encoding));
        }
        if unknown && !input.whole {
            return Ok(Some(Refutation::Keys));
        }
        let decisions = decisions(&plan.open, &proofs);
        if input.decisions.is_none() && decisions != assumed {
            return Ok(Some(Refutation::Columns(decisions)));
        }
        if let Some(file) = harvest.files.last_mut() {
            file.open = plan.open.into_iter().zip(proofs).collect();
        }
        Ok(None)
    }

    /// What the first block says of the open columns: nearly always what the whole file will say, so that it
    /// need not be read twice.
    fn beginnings<U: Units>(&self, units: U, input: &Input<'_>) -> Result<Vec<Option<Decision>>, ReadError> {
        if input.plan.open.is_empty() {
            return Ok(Vec::new());
        }
        let block = blocks(units, input).next_block(Vec::new()).map_err(|e| lost(input, e))?;
        let Some(block) = block else {
            return Ok(decisions(&input.plan.open, &vec![Proofs::default(); input.plan.open.len()]));
        };
        let task =
            Task { plan: &input.plan, hasher: &self.seed.0, collect_evidence: false, referred_to: false };
        Ok(decisions(&input.plan.open, &parse(task, block).proofs))
    }

    fn spool_error(&self, source: io::Error) -> ReadError {
        ReadError::Spool { folder: self.spool_folder.display().to_string(), source }
    }

    /// Splits on this thread, parses on the pool, takes results in order.
    fn pipeline<U: Units>(
        &self,
        blocks: &mut Blocks<'_, U>,
        task: Task<'_>,
        input: &Input<'_>,
        take: &mut dyn FnMut(Parsed) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        // Enough blocks on their way that no thread waits, few enough that memory stays small.
        let most = rayon::current_num_threads() * 3;
        rayon::in_place_scope(|scope| {
            let (sender, receiver) = mpsc::channel::<std::thread::Result<Parsed>>();
            let mut waiting = BTreeMap::new();
            let mut buffers = Vec::new();
            let (mut next, mut sent, mut received) = (0, 0, 0);
            loop {
                if self.cancelled.load(Ordering::Relaxed) {
                    return Err(ReadError::Cancelled);
                }
                let block =
                    blocks.next_block(buffers.pop().unwrap_or_default()).map_err(|e| lost(input, e))?;
                let drained = block.is_none();
                if let Some(block) = block {
                    let sender = sender.clone();
                    sent += 1;
                    scope.spawn(move |_| {
                        // A panic is handed on, not swallowed: the thread that waits would wait for ever.
                        let parsed = catch_unwind(AssertUnwindSafe(|| {
                            let parsed = parse(task, block);
                            fault::delay(parsed.index);
                            parsed
                        }));
                        // The receiver is gone only when the run stops with an error.
                        let _ = sender.send(parsed);
                    });
                }
                let least = if drained { 0 } else { most };
                while received < sent {
                    let arrived =
                        if sent - received > least { receiver.recv().ok() } else { receiver.try_recv().ok() };
                    let Some(arrived) = arrived else { break };
                    let mut parsed = arrived.unwrap_or_else(|panic| resume_unwind(panic));
                    received += 1;
                    buffers.push(std::mem::take(&mut parsed.buffer));
                    waiting.insert(parsed.index, parsed);
                    while let Some(parsed) = waiting.remove(&next) {
                        next += 1;
                        take(parsed)?;
                    }
                }
                if drained {
                    return Ok(());
                }
            }
        })
    }
}

/// Cuts a file into blocks, from its first record on.
fn blocks<'i, U: Units>(units: U, input: &'i Input<'_>) -> Blocks<'i, U> {
    let plan = &input.plan;
    let horizon =
        usize::try_from(plan.options.settings.reading.max_record.saturating_mul(4)).unwrap_or(usize::MAX);
    // The longest record of a table has line ends that are none of the file's: it must be seen whole.
    let longest = usize::try_from(plan.longest.unwrap_or(0)).unwrap_or(usize::MAX).saturating_add(1);
    let grammar = Grammar {
        delimiter: plan.delimiter,
        columns: plan.columns,
        horizon: horizon.max(longest).clamp(64 << 10, 1 << 30),
        by_record: plan.longest.is_some(),
    };
    let opening = Opening { offset: input.data_start, line: input.data_line, header: input.header.clone() };
    Blocks::new(input.source, units, grammar, opening, plan.options.settings.reading.block_size)
}

/// Whether a file's bytes say that it is not in an encoding.
fn contradicts(encoding: Encoding, evidence: Utf8Evidence) -> bool {
    match encoding {
        Encoding::Utf8 => !evidence.is_utf8(),
        Encoding::SingleByte(_) => evidence.valid > 0 && evidence.is_utf8(),
        Encoding::Utf16Le | Encoding::Utf16Be => false,
    }
}

fn lost(input: &Input<'_>, source: io::Error) -> ReadError {
    ReadError::Source { file: input.source.name().to_owned(), source }
}
