//! From stored bytes to a [`Harvest`]: one sequential pass splits a file into blocks of records, and rayon tasks
//! decode, validate and encode each block. Results are taken in block order, so that the harvest is the same for any
//! number of threads.
//!
//! # What a CSV file is here
//!
//! RFC 4180, with any line end, any one-character delimiter and any encoding whose delimiters are ASCII. Where
//! PostgreSQL's own `COPY … (FORMAT csv)` accepts a file that is accepted here, the cells are the same (a test
//! compares them). They differ on purpose in this:
//!
//! | the file | `COPY` | here |
//! | --- | --- | --- |
//! | a quote inside an unquoted cell, `a"b"c` | reads `abc` | `stray-quote`: what was meant is unknown |
//! | text after a closing quote, `"a"b` | reads `ab` | `stray-quote` |
//! | a quote that is never closed | the rest of the file is one cell, then an error | `unclosed-quote`, for one record |
//! | a line `\.` | ends the data (servers before 18) | a record like any other |
//! | CR, LF and CRLF mixed | an error | each ends a record |
//! | a blank line, or one of delimiters alone | an error, or a row | skipped and counted |
//! | too few or too many cells | an error that ends the load | a finding; nothing is shifted |
//! | empty cells beyond the header | an error | dropped if nearly every record has them, else a finding |
//! | the header repeated | a row, or an error of a type | skipped with a warning |
//! | an empty cell and `""` | NULL and the empty text | both are empty, unless [`ReadOptions::empty_text`] is set |
//! | spaces around a cell | kept | trimmed, by the field's type |

mod blocks;
mod broken;
mod cell_finding;
mod cells;
mod checks;
mod cleaner;
mod cleaning;
mod columns;
#[cfg(test)]
mod csv_core_tests;
mod findings;
mod harvest;
mod malformed;
pub(crate) mod micro;
mod objects;
mod offset;
mod parse;
mod parsed;
mod plainly;
mod plan;
mod repeated;
mod seed;
mod segment;
mod split;
mod spool;
mod step;
mod units;
mod validate;
mod value;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, iter, mem};

use crate::event::{Event, Listener};
use crate::fault;
use crate::parallel::{self, Spares};
use crate::settings::Decision;
use crate::source::{Look, ReadAt, Source, Surplus, Utf8Evidence};

use blocks::{Block, Blocks, DataStart};
use columns::Proofs;
use parse::{Task, parse};
use parsed::{Parsed, ReadCounts};
use repeated::RepeatedHeader;
use split::Grammar;
use units::{Lines, Narrow, Units, Wide};

pub(crate) use cleaning::Cleaning;
pub(crate) use columns::OpenColumn;
pub(crate) use harvest::{FileHarvest, Harvest};
pub(crate) use plainly::PlainFile;
pub(crate) use plan::{Keep, Layout, ReadOptions, ReadPlan, slots};
pub(crate) use seed::Seed;
pub(crate) use segment::Segment;
pub(crate) use spool::{Piece, Spool};

/// One file to be read.
#[derive(Debug)]
pub(crate) struct Input<'s> {
    /// Its bytes.
    pub(crate) source: &'s Source,
    /// What is known of it.
    pub(crate) look: &'s Look,
    /// How its records become rows.
    pub(crate) plan: ReadPlan<'s>,
    /// The keys in the header are those of all records, not only of the first ones.
    pub(crate) whole: bool,
    /// It is a file that muster exported: a record like the header is a row.
    pub(crate) exported: bool,
    /// How many cells a record may have beyond the header is not known yet.
    pub(crate) extra_is_open: bool,
    /// What the open columns decide, in the plan's order; `None` if that is not known yet.
    pub(crate) decisions: Option<&'s [Option<Decision>]>,
}

/// What is the same for all files of a run.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'r> {
    /// Where rows are kept when memory is full.
    pub(crate) spool_folder: &'r Path,
    /// How keys are hashed.
    pub(crate) seed: &'r Seed,
    /// Receives progress events.
    pub(crate) listener: &'r dyn Listener,
    /// Set to stop the run; checked once a block.
    pub(crate) cancelled: &'r AtomicBool,
}

/// Why reading stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The input could not be read.
    #[error("{file}: cannot be read any further")]
    Source { file: String, source: io::Error },
    /// The spool could not be written or read.
    #[error("the spool in {folder} could not be used: is the disk full?")]
    Spool { folder: String, source: io::Error },
    /// The run was asked to stop.
    #[error("interrupted")]
    Cancelled,
}

/// The result of reading an entity's files.
#[derive(Debug)]
pub(crate) enum Reading {
    /// All were read.
    Done(Box<Harvest>),
    /// An assumption about the file with this index is wrong: all files must be read again.
    Refuted(usize, Refutation),
}

/// Which assumption about a file is wrong.
#[derive(Debug)]
pub(crate) enum Refutation {
    Encoding,
    /// Its header: records have keys that it lacks.
    Keys,
    /// How many empty cells nearly every record has beyond the header.
    Extra(usize),
    /// Its open columns: the whole file decides otherwise than the first block did.
    Columns(Vec<Option<Decision>>),
}

/// How each open column is read.
fn decisions(open: &[OpenColumn], proofs: &[Proofs]) -> Vec<Option<Decision>> {
    open.iter().zip(proofs).map(|(column, proofs)| column.decision(proofs)).collect()
}

impl Reader<'_> {
    /// Reads all files of one entity, in order.
    pub(crate) fn read(
        &self,
        inputs: &[Input<'_>],
        slots: usize,
        referred_to: bool,
    ) -> Result<Reading, ReadError> {
        let memory = inputs.first().map_or(0, |input| input.plan.options.settings.reading.memory);
        let mut harvest = Harvest::new(slots, self.spool_folder, memory);
        for (index, input) in inputs.iter().enumerate() {
            let refuted = match Wide::of(input.plan.encoding) {
                Some(wide) => self.read_file(wide, input, referred_to, &mut harvest)?,
                None if input.plan.keys.is_some() => {
                    self.read_file(Lines, input, referred_to, &mut harvest)?
                }
                None => self.read_file(Narrow, input, referred_to, &mut harvest)?,
            };
            if let Some(refutation) = refuted {
                return Ok(Reading::Refuted(index, refutation));
            }
        }
        Ok(Reading::Done(Box::new(harvest)))
    }

    /// Reads one file. Returns the assumption about it that is wrong, if there is one.
    fn read_file<U: Units>(
        &self,
        units: U,
        input: &Input<'_>,
        referred_to: bool,
        harvest: &mut Harvest,
    ) -> Result<Option<Refutation>, ReadError> {
        let mut plan = input.plan.clone();
        let assumed = match input.decisions {
            Some(decisions) => decisions.to_vec(),
            None => self.first_decisions(units, input)?,
        };
        plan.decide(&assumed);
        let collect_evidence = !input.look.opening.encoding_certain;
        let task = Task { plan: &plan, seed: self.seed, collect_evidence, referred_to };
        harvest.files.push(FileHarvest {
            layout: plan.layout.clone(),
            filled: Vec::new(),
            replaced: Vec::new(),
            open: Vec::new(),
            counts: ReadCounts::default(),
        });
        let mut evidence = Utf8Evidence::default();
        let mut proofs = vec![Proofs::default(); plan.open.len()];
        let mut filled = vec![0; plan.unknown.len()];
        let mut replaced = vec![0; plan.cleaning.as_ref().map_or(0, |cleaning| cleaning.replaced.len())];
        let first_findings = harvest.finding_chunks().len();
        let mut unknown = false;
        let (mut records, mut surplus) = (0, Surplus::default());
        let mut take = |parsed: Parsed| {
            unknown |= parsed.unknown_keys;
            evidence += parsed.evidence;
            records += parsed.counts.read;
            surplus += &parsed.surplus;
            filled.iter_mut().zip(&parsed.filled).for_each(|(all, block)| *all += block);
            replaced.iter_mut().zip(&parsed.replaced).for_each(|(all, block)| *all += block);
            proofs.iter_mut().zip(&parsed.proofs).for_each(|(all, block)| *all += *block);
            self.listener.on(Event::Advanced { by: parsed.covered, rows: parsed.counts.read });
            harvest.add(plan.file, parsed).map_err(|e| self.spool_error(e))
        };
        let source = self.heard(input);
        let mut blocks = blocks(units, &source, input);
        self.pipeline(&mut blocks, task, input, &mut take)?;
        if collect_evidence && plan.encoding.is_refuted_by(evidence) {
            return Ok(Some(Refutation::Encoding));
        }
        if unknown && !input.whole {
            return Ok(Some(Refutation::Keys));
        }
        let extra = surplus.usual(records);
        if input.extra_is_open && extra != plan.extra {
            return Ok(Some(Refutation::Extra(extra)));
        }
        let decisions = decisions(&plan.open, &proofs);
        if input.decisions.is_none() && decisions != assumed {
            return Ok(Some(Refutation::Columns(decisions)));
        }
        let findings = input.look.findings_after(&plan.entity.name, &filled, input.exported);
        harvest.insert_file_findings(first_findings, &findings).map_err(|e| self.spool_error(e))?;
        if let Some(file) = harvest.files.last_mut() {
            file.filled = filled;
            let labels = plan.cleaning.into_iter().flat_map(|cleaning| cleaning.replaced);
            file.replaced = labels.zip(replaced).filter(|(_, rows)| *rows > 0).collect();
            file.open = plan.open.into_iter().zip(proofs).collect();
        }
        Ok(None)
    }

    /// What the first block decides about the open columns: nearly always what the whole file decides, so that it
    /// need not be read twice.
    fn first_decisions<U: Units>(
        &self,
        units: U,
        input: &Input<'_>,
    ) -> Result<Vec<Option<Decision>>, ReadError> {
        if input.plan.open.is_empty() {
            return Ok(Vec::new());
        }
        let source = self.heard(input);
        let block = blocks(units, &source, input).next_block(Vec::new()).map_err(|e| self.lost(input, e))?;
        let Some(block) = block else {
            return Ok(decisions(&input.plan.open, &vec![Proofs::default(); input.plan.open.len()]));
        };
        let task = Task { plan: &input.plan, seed: self.seed, collect_evidence: false, referred_to: false };
        Ok(decisions(&input.plan.open, &parse(task, block).proofs))
    }

    fn heard<'h>(&'h self, input: &'h Input<'_>) -> Heard<'h> {
        Heard { source: input.source, cancelled: self.cancelled }
    }

    fn lost(&self, input: &Input<'_>, source: io::Error) -> ReadError {
        if self.cancelled.load(Ordering::Relaxed) {
            return ReadError::Cancelled;
        }
        ReadError::Source { file: input.source.name().to_owned(), source }
    }

    fn spool_error(&self, source: io::Error) -> ReadError {
        ReadError::Spool { folder: self.spool_folder.display().to_string(), source }
    }

    /// Splits on this thread, parses on all threads, takes the results in the order of the blocks.
    fn pipeline<U: Units>(
        &self,
        blocks: &mut Blocks<'_, U>,
        task: Task<'_>,
        input: &Input<'_>,
        take: &mut dyn FnMut(Parsed) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let buffers = Spares::default();
        let split = iter::from_fn(|| {
            if self.cancelled.load(Ordering::Relaxed) {
                return Some(Err(ReadError::Cancelled));
            }
            let buffer = buffers.take().unwrap_or_default();
            blocks.next_block(buffer).map_err(|error| self.lost(input, error)).transpose()
        });
        let work = |block: Block| {
            // Blocks that wait for a thread are not worked on any more.
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(ReadError::Cancelled);
            }
            let index = block.index;
            let parsed = parse(task, block);
            fault::delay(index);
            Ok(parsed)
        };
        parallel::in_order(parallel::usual_limit(), split, work, |mut parsed| {
            buffers.give(mem::take(&mut parsed.buffer));
            take(parsed)
        })
    }
}

/// An input until the run is asked to stop: the search for the end of a record can take long.
struct Heard<'h> {
    source: &'h Source,
    cancelled: &'h AtomicBool,
}

impl ReadAt for Heard<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::other("the run was stopped"));
        }
        self.source.read_at(buf, offset)
    }
}

/// Cuts a file into blocks, from its first record on.
fn blocks<'i, U: Units>(units: U, source: &'i Heard<'_>, input: &Input<'_>) -> Blocks<'i, U> {
    let plan = &input.plan;
    let horizon =
        usize::try_from(plan.options.settings.reading.max_record.saturating_mul(4)).unwrap_or(usize::MAX);
    // A table's longest record is known, and must not be cut at a line end in one of its values.
    let longest = usize::try_from(plan.longest.unwrap_or(0)).unwrap_or(usize::MAX).saturating_add(1);
    let grammar = Grammar {
        delimiter: plan.delimiter,
        columns: plan.columns + plan.extra,
        horizon: horizon.max(longest).clamp(64 << 10, 1 << 30),
        by_record: plan.longest.is_some(),
        by_line: plan.by_line,
    };
    let opening = &input.look.opening;
    // A table has no header among its rows, and what muster exported holds it once.
    let may_be_repeated = opening.header_start < opening.data_start && !input.exported;
    let header = may_be_repeated.then(|| RepeatedHeader::new(&opening.header, plan.encoding, plan.delimiter));
    let start = DataStart { offset: opening.data_start, line: opening.data_line, header };
    Blocks::new(source, units, grammar, start, plan.options.settings.reading.block_size)
}
