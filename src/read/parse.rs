//! One block on one thread: decode, find the cells, judge them, encode the clean rows. No I/O, no shared
//! state: what comes out depends on the block and the plan alone.

use crate::fault;
use crate::record::{Code, Finding, Location, Severity};
use crate::rule::text::is_printable_ascii;
use crate::source::{Encoding, Utf8Evidence};

use super::blocks::{Block, Span};
use super::cells::{Cell, split_plain, split_quoted, split_slowly, unguard};
use super::columns::Proofs;
use super::found::FoundPart;
use super::judge::{Clerk, KeyHasher};
use super::objects::{Objects, Refusal};
use super::plan::Plan;
use super::segment::Place;
use super::split::{Shape, Wide, count_cells};

/// A key that a rejected record would have had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RejectedKey {
    /// The key's normal form.
    pub(crate) key: String,
    /// Which of the entity's files.
    pub(crate) file: u16,
    /// The data record, counted from 1.
    pub(crate) record: u64,
}

/// What reading counted. None of these is computed from the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Data records.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    /// Records whose rows are clean.
    pub(crate) clean: u64,
    /// Records with a finding that rejects.
    pub(crate) rejected: u64,
    /// Findings that only warn.
    pub(crate) warnings: u64,
    /// Cells from which the guard against formulas was taken off.
    pub(crate) unguarded: u64,
}

impl Counts {
    /// Adds another part's counts.
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.blank += other.blank;
        self.clean += other.clean;
        self.rejected += other.rejected;
        self.warnings += other.warnings;
        self.unguarded += other.unguarded;
    }
}

/// A block's harvest.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The block's number.
    pub(crate) index: usize,
    /// Bytes of the file that it covered.
    pub(crate) covered: u64,
    /// Where the block stands: byte offset, first line, first record.
    pub(crate) base: (u64, u64, u64),
    /// The clean rows, encoded.
    pub(crate) rows: Vec<u8>,
    /// Where each of them came from.
    pub(crate) places: Vec<Place>,
    /// Per slot the hash of each clean row's value.
    pub(crate) hashes: Vec<Vec<u64>>,
    /// Which of the clean rows are to be deleted, counted from 0 in the block.
    pub(crate) deletes: Vec<u64>,
    /// In the order record, column, code; packed when all of them are there.
    pub(crate) findings: Vec<Finding>,
    /// The same, packed.
    pub(crate) found: FoundPart,
    /// The keys of rejected records.
    pub(crate) rejected_keys: Vec<RejectedKey>,
    /// What was counted.
    pub(crate) counts: Counts,
    /// Whether the bytes look like UTF-8.
    pub(crate) evidence: Utf8Evidence,
    /// A record has a key that the header lacks.
    pub(crate) unknown_keys: bool,
    /// What the cells of the open columns prove, in the plan's order.
    pub(crate) proofs: Vec<Proofs>,
    /// The block's buffer, to be used again.
    pub(crate) buffer: Vec<u8>,
}

/// What a run knows for all blocks of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'p> {
    /// How records become rows.
    pub(crate) plan: &'p Plan<'p>,
    /// The run's hash function.
    pub(crate) hasher: &'p KeyHasher,
    /// Whether the encoding is still to be confirmed.
    pub(crate) collect_evidence: bool,
    /// Whether another entity refers to this one, so that the keys of rejected records matter.
    pub(crate) referred_to: bool,
}

/// Parses a block.
pub(crate) fn parse(task: Task<'_>, block: Block) -> Parsed {
    let plan = task.plan;
    let mut parsed = Parsed {
        index: block.index,
        covered: block.covered(),
        base: (block.offset, block.first_line, block.first_record),
        rows: Vec::with_capacity(block.bytes.len()),
        places: Vec::with_capacity(block.spans.len()),
        hashes: vec![Vec::with_capacity(block.spans.len()); plan.slots.len()],
        deletes: Vec::new(),
        findings: Vec::new(),
        found: FoundPart::default(),
        rejected_keys: Vec::new(),
        counts: Counts { blank: block.blank, ..Counts::default() },
        evidence: if task.collect_evidence {
            Utf8Evidence::of(&block.bytes)
        } else {
            Utf8Evidence::default()
        },
        unknown_keys: false,
        proofs: vec![Proofs::default(); plan.open.len()],
        buffer: Vec::new(),
    };
    let mut parser = Parser {
        task,
        block: &block,
        // Where the whole block is valid, its records need no further look.
        text: if plan.encoding == Encoding::Utf8 && !fault::slow() {
            simdutf8::basic::from_utf8(&block.bytes).ok()
        } else {
            None
        },
        may_hold_nul: plan.encoding.unit() > 1 || memchr::memchr(0, &block.bytes).is_some(),
        clerk: Clerk::new(plan, task.hasher),
        objects: plan.keys.as_deref().map(|keys| Box::new(Objects::new(plan, keys))),
        cells: Vec::with_capacity(plan.columns),
        decoded: String::new(),
    };
    let mut record = block.first_record;
    for span in &block.spans {
        let location = Location {
            file: plan.file,
            record,
            line_start: block.first_line + u64::from(span.line),
            line_end: block.first_line + u64::from(span.line) + u64::from(span.lines) - 1,
            byte_start: block.offset + u64::from(span.start),
            byte_end: block.offset + u64::from(span.start) + span.len,
        };
        parser.record(span, location, &mut parsed);
        record += u64::from(!span.header);
    }
    parsed.unknown_keys = parser.objects.as_ref().is_some_and(|objects| objects.unknown);
    drop(parser);
    parsed.found = FoundPart::of(&std::mem::take(&mut parsed.findings));
    parsed.buffer = block.bytes;
    parsed
}

struct Parser<'a> {
    task: Task<'a>,
    block: &'a Block,
    text: Option<&'a str>,
    may_hold_nul: bool,
    clerk: Clerk<'a>,
    objects: Option<Box<Objects<'a>>>,
    cells: Vec<Cell>,
    decoded: String,
}

impl Parser<'_> {
    fn record(&mut self, span: &Span, location: Location, parsed: &mut Parsed) {
        if span.header {
            let message = "the header stands here again; the line is skipped";
            self.finding(Code::RepeatedHeader, message.to_owned(), None, location, parsed);
            return;
        }
        parsed.counts.read += 1;
        let first = parsed.findings.len();
        let clean = self.row(span, location, parsed);
        if parsed.findings.len() > first {
            let findings = &mut parsed.findings[first..];
            findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            parsed.counts.warnings +=
                findings.iter().filter(|finding| finding.severity == Severity::Warning).count() as u64;
        }
        if clean {
            parsed.counts.clean += 1;
            parsed.places.push(Place {
                row_end: small(parsed.rows.len()),
                start: span.start,
                len: u32::try_from(span.len).unwrap_or(u32::MAX),
                line: span.line,
                lines: span.lines,
                record: small(
                    usize::try_from(location.record - self.block.first_record).unwrap_or(usize::MAX),
                ),
            });
        } else {
            parsed.counts.rejected += 1;
        }
    }

    /// Makes a row of a record. Returns whether it is clean; if so, it has been encoded.
    #[inline]
    fn row(&mut self, span: &Span, location: Location, parsed: &mut Parsed) -> bool {
        let plan = self.task.plan;
        if span.shape == Shape::Endless || span.len > plan.options.settings.reading.max_record {
            let message = format!(
                "the record has {} bytes, at most {} are allowed (--max-record)",
                span.len, plan.options.settings.reading.max_record
            );
            return self.broken(Code::RecordTooLarge, message, None, location, parsed);
        }
        let start = span.start as usize;
        // The length was compared with the limit above, and both fit.
        let bytes = &self.block.bytes[start..start + usize::try_from(span.len).unwrap_or(0)];
        match span.shape {
            Shape::StrayQuote(at) => {
                let message = "a double quote stands where it neither opens nor closes a cell".to_owned();
                return self.broken(Code::StrayQuote, message, Some((bytes, at)), location, parsed);
            }
            Shape::UnclosedQuote(at) => {
                let line = location.line_start + lines_before(plan, bytes, at);
                let message = format!("the double quote that opens a cell on line {line} is never closed");
                return self.broken(Code::UnclosedQuote, message, Some((bytes, at)), location, parsed);
            }
            Shape::Plain | Shape::Quoted | Shape::Endless => {}
        }
        let mut decoded = std::mem::take(&mut self.decoded);
        let text = match self.text {
            Some(text) => Ok(&text[start..start + bytes.len()]),
            None => plan.encoding.decode(bytes, &mut decoded),
        };
        let clean = match text {
            Ok(text) => self.text_row(span.shape, without_line_end(text), location, parsed),
            Err(at) => {
                let message = format!(
                    "byte {} of the file is not valid {}",
                    location.byte_start + at as u64,
                    plan.encoding.name()
                );
                self.broken(Code::InvalidEncoding, message, Some((bytes, small(at))), location, parsed)
            }
        };
        self.decoded = decoded;
        clean
    }

    #[inline]
    fn text_row(&mut self, shape: Shape, text: &str, location: Location, parsed: &mut Parsed) -> bool {
        let plan = self.task.plan;
        if self.may_hold_nul
            && let Some(at) = memchr::memchr(0, text.as_bytes())
        {
            let message = "the record holds a NUL byte, which PostgreSQL cannot store".to_owned();
            let before = &text.as_bytes()[..at];
            let column = match self.objects {
                Some(_) => None,
                None => Some(count_cells(super::split::Narrow, plan.delimiter, before) - 1),
            };
            return self.finding_in(Code::NulByte, message, column, location, parsed);
        }
        if let Some(mut objects) = self.objects.take() {
            let clean = self.object_row(&mut objects, text, location, parsed);
            self.objects = Some(objects);
            return clean;
        }
        let printable = if fault::slow() {
            split_slowly(text, plan.delimiter, &mut self.cells)
        } else if shape == Shape::Quoted {
            split_quoted(text, plan.delimiter, &mut self.cells)
        } else {
            split_plain(text, plan.delimiter, &mut self.cells)
        };
        if self.cells.len() != plan.columns
            && let Err((code, message)) = self.fits(text)
        {
            return self.finding_in(code, message, None, location, parsed);
        }
        if self.cells.len() > plan.named
            && let Some(column) = self.filled_without_name(text)
        {
            let message = format!("the cell in column {} is filled, but the column has no name", column + 1);
            return self.finding_in(Code::TooManyCells, message, None, location, parsed);
        }
        if plan.options.unguard {
            parsed.counts.unguarded += unguard(text, &mut self.cells);
        }
        self.clerk.prove(text, &self.cells, &mut parsed.proofs);
        self.judged(text, printable, location, parsed)
    }

    /// Makes a row of a record that is a JSON object.
    fn object_row(
        &mut self,
        objects: &mut Objects<'_>,
        line: &str,
        location: Location,
        parsed: &mut Parsed,
    ) -> bool {
        if let Err(Refusal { code, message, column }) = objects.lay_out(line, &mut self.cells) {
            return self.finding_in(code, message.into_owned(), column, location, parsed);
        }
        let text = objects.text(line);
        self.clerk.prove(text, &self.cells, &mut parsed.proofs);
        objects.put_numbers(&mut self.cells);
        let printable = is_printable_ascii(text.as_bytes()) && !fault::slow();
        self.judged(text, printable, location, parsed)
    }

    /// Judges the cells of a record, and encodes it where it is clean.
    #[inline]
    fn judged(&mut self, text: &str, printable: bool, location: Location, parsed: &mut Parsed) -> bool {
        if self.clerk.judge(text, &self.cells, printable, &location, &mut parsed.findings) {
            self.clerk.encode(text, &mut parsed.rows, &mut parsed.hashes);
            if self.clerk.deletes() {
                parsed.deletes.push(parsed.places.len() as u64);
            }
            return true;
        }
        if self.task.referred_to
            && let Some(key) = self.clerk.key(text)
        {
            parsed.rejected_keys.push(RejectedKey {
                key: key.to_owned(),
                file: location.file,
                record: location.record,
            });
        }
        false
    }

    /// Whether a record with another number of cells than the header may go on.
    fn fits(&self, text: &str) -> Result<(), (Code, String)> {
        let plan = self.task.plan;
        let (found, columns) = (self.cells.len(), plan.columns);
        if found > columns {
            if self.filled_without_name(text).is_none() {
                return Ok(());
            }
            return Err((Code::TooManyCells, numbers(found, columns)));
        }
        let required = |position: usize| {
            plan.cells
                .iter()
                .zip(&plan.entity.fields)
                .any(|(cell, field)| *cell == Some(position) && field.required)
        };
        let paddable = plan.options.settings.reading.pad_short && !(found..plan.named).any(required);
        if found >= plan.named || paddable {
            return Ok(());
        }
        Err((Code::MissingCells, numbers(found, columns)))
    }

    /// The first filled cell behind the last column that has a name.
    fn filled_without_name(&self, text: &str) -> Option<usize> {
        let named = self.task.plan.named.min(self.cells.len());
        let is_filled = |cell: &Cell| !text[cell.start as usize..cell.end as usize].trim().is_empty();
        self.cells[named..].iter().position(is_filled).map(|position| named + position)
    }

    /// A structural fault, at an offset of the record's stored bytes where it has one.
    #[cold]
    fn broken(
        &mut self,
        code: Code,
        message: String,
        at: Option<(&[u8], u32)>,
        location: Location,
        parsed: &mut Parsed,
    ) -> bool {
        let plan = self.task.plan;
        let column = at.filter(|_| self.objects.is_none()).map(|(bytes, at)| {
            let before = &bytes[..(at as usize).min(bytes.len())];
            match plan.encoding {
                Encoding::Utf16Le => count_cells(Wide { big_endian: false }, plan.delimiter, before) - 1,
                Encoding::Utf16Be => count_cells(Wide { big_endian: true }, plan.delimiter, before) - 1,
                _ => count_cells(super::split::Narrow, plan.delimiter, before) - 1,
            }
        });
        self.finding_in(code, message, column, location, parsed)
    }

    #[cold]
    fn finding_in(
        &mut self,
        code: Code,
        message: String,
        column: Option<usize>,
        location: Location,
        parsed: &mut Parsed,
    ) -> bool {
        self.finding(code, message, column, location, parsed);
        false
    }

    /// Pushes a finding about a record's structure. It carries no value: which cell the bytes belong to is
    /// what is in doubt, and they may be sensitive.
    fn finding(
        &self,
        code: Code,
        message: String,
        column: Option<usize>,
        location: Location,
        parsed: &mut Parsed,
    ) {
        let plan = self.task.plan;
        let column = column.filter(|&column| column < plan.columns);
        let field = column.and_then(|column| plan.cells.iter().position(|&cell| cell == Some(column)));
        parsed.findings.push(Finding {
            location,
            column: column.and_then(|column| u16::try_from(column).ok()),
            field: field.and_then(|field| u16::try_from(field).ok()),
            severity: code.default_severity(),
            code,
            value: Finding::excerpt(""),
            message: message.into(),
            suggestion: None,
            related: None,
        });
        if code.default_severity() == Severity::Warning && code == Code::RepeatedHeader {
            parsed.counts.warnings += 1;
        }
    }
}

/// What is wrong with a record of so many cells.
fn numbers(found: usize, columns: usize) -> String {
    let cells = if found == 1 { "cell" } else { "cells" };
    format!("the record has {found} {cells}, the header has {columns}")
}

/// How many line ends stand before an offset of a record.
fn lines_before(plan: &Plan<'_>, bytes: &[u8], at: u32) -> u64 {
    let before = &bytes[..(at as usize).min(bytes.len())];
    let whole = |lines: u32, open: bool| u64::from(lines) - u64::from(open && lines > 0);
    let ends_open = !matches!(before.last(), Some(b'\n' | b'\r'));
    match plan.encoding {
        Encoding::Utf16Le => whole(super::split::count_lines(Wide { big_endian: false }, before), ends_open),
        Encoding::Utf16Be => whole(super::split::count_lines(Wide { big_endian: true }, before), ends_open),
        _ => whole(super::split::count_lines(super::split::Narrow, before), ends_open),
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// Offsets within a block.
fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a block is smaller than 4 GiB")
}
