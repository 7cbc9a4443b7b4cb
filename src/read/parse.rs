//! One block on one thread: decode, split into cells, validate, encode the clean rows. No I/O and no shared state:
//! the result depends on the block and the plan alone.

use std::mem;

use crate::fault;
use crate::record::{Code, Finding, Location, Severity};
use crate::rule::text::{is_blank, is_printable_ascii};
use crate::source::{Encoding, Surplus, Utf8Evidence};

use super::blocks::{Block, Span};
use super::broken::readable;
use super::cells::{Cell, split_plain, split_quoted, split_slowly, unguard};
use super::cleaner::Cleaner;
use super::columns::Proofs;
use super::findings::PackedFindings;
use super::malformed::{Malformed, check_width};
use super::objects::Objects;
use super::parsed::{Parsed, ReadCounts, RejectedKey};
use super::plan::ReadPlan;
use super::seed::Seed;
use super::segment::Place;
use super::split::Shape;
use super::validate::{Record, Validator};

/// What is the same for all blocks of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'p> {
    /// How records become rows.
    pub(crate) plan: &'p ReadPlan<'p>,
    /// How keys are hashed.
    pub(crate) seed: &'p Seed,
    /// Whether the encoding must still be confirmed.
    pub(crate) collect_evidence: bool,
    /// Whether another entity refers to this one: then the keys of rejected records are kept.
    pub(crate) referred_to: bool,
}

/// Parses a block.
pub(crate) fn parse(task: Task<'_>, block: Block) -> Parsed {
    let plan = task.plan;
    let start = block.start;
    let mut parser = Parser {
        task,
        block: &block,
        // If the whole block is valid, its records need no check by themselves.
        text: if plan.encoding == Encoding::Utf8 && !fault::slow() {
            simdutf8::basic::from_utf8(&block.bytes).ok()
        } else {
            None
        },
        may_hold_nul: plan.encoding.unit() > 1 || memchr::memchr(0, &block.bytes).is_some(),
        validator: Validator::new(plan, task.seed),
        cleaner: plan.cleaning.as_ref().map(|cleaning| Box::new(Cleaner::new(plan, cleaning))),
        objects: plan.keys.as_deref().map(|keys| Box::new(Objects::new(plan, keys))),
        cells: Vec::with_capacity(plan.columns),
        decoded: String::new(),
        findings: Vec::new(),
        parsed: Parsed {
            covered: block.covered(),
            start,
            rows: Vec::with_capacity(block.bytes.len()),
            places: Vec::with_capacity(block.spans.len()),
            hashes: vec![Vec::with_capacity(block.spans.len()); plan.slots.len()],
            deletes: Vec::new(),
            findings: PackedFindings::default(),
            rejected_keys: Vec::new(),
            rejected_references: (Vec::new(), Vec::new()),
            counts: ReadCounts { blank: block.blank, ..ReadCounts::default() },
            evidence: if task.collect_evidence {
                Utf8Evidence::of(&block.bytes)
            } else {
                Utf8Evidence::default()
            },
            unknown_keys: false,
            surplus: Surplus::default(),
            filled: vec![0; plan.unknown.len()],
            replaced: vec![0; plan.cleaning.as_ref().map_or(0, |cleaning| cleaning.replaced.len())],
            proofs: vec![Proofs::default(); plan.open.len()],
            buffer: Vec::new(),
        },
    };
    let mut record = start.record;
    for span in &block.spans {
        let location = Location {
            file: plan.file,
            record,
            line_start: start.line + u64::from(span.line),
            line_end: start.line + u64::from(span.line) + u64::from(span.lines) - 1,
            byte_start: start.offset + u64::from(span.start),
            byte_end: start.offset + u64::from(span.start) + span.len,
        };
        parser.record(span, &location);
        record += u64::from(!span.header);
    }
    let Parser { objects, findings, mut parsed, .. } = parser;
    parsed.unknown_keys = objects.is_some_and(|objects| objects.unknown);
    parsed.findings = PackedFindings::of(&findings);
    parsed.buffer = block.bytes;
    parsed
}

struct Parser<'a> {
    task: Task<'a>,
    block: &'a Block,
    text: Option<&'a str>,
    may_hold_nul: bool,
    validator: Validator<'a>,
    objects: Option<Box<Objects<'a>>>,
    cleaner: Option<Box<Cleaner<'a>>>,
    cells: Vec<Cell>,
    decoded: String,
    /// In the order record, column, code.
    findings: Vec<Finding>,
    parsed: Parsed,
}

impl Parser<'_> {
    fn record(&mut self, span: &Span, location: &Location) {
        if span.header {
            let message = "the header is repeated here; the line is skipped";
            self.report(Malformed::new(Code::RepeatedHeader, message, None), location);
            self.parsed.counts.warnings += 1;
            return;
        }
        self.parsed.counts.read += 1;
        let first = self.findings.len();
        let clean = match self.row(span, location) {
            Ok(clean) => clean,
            Err(malformed) => {
                self.keep_broken(span, location, malformed.code);
                self.report(malformed, location);
                false
            }
        };
        if self.findings.len() > first {
            let findings = &mut self.findings[first..];
            findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            self.parsed.counts.warnings +=
                findings.iter().filter(|finding| finding.severity == Severity::Warning).count() as u64;
        }
        let parsed = &mut self.parsed;
        if clean {
            parsed.counts.clean += 1;
            parsed.places.push(Place::new(parsed.start, location, parsed.rows.len()));
        } else {
            parsed.counts.rejected += 1;
        }
    }

    /// Makes a row of a record. Returns whether it is clean; if so, it has been encoded.
    #[inline]
    fn row(&mut self, span: &Span, location: &Location) -> Result<bool, Malformed> {
        let plan = self.task.plan;
        if span.shape == Shape::Endless || span.len > plan.options.settings.reading.max_record {
            return Err(Malformed::too_large(span.len, plan.options.settings.reading.max_record));
        }
        let start = span.start as usize;
        // A record within the limit is in the block, so its length fits.
        let bytes = &self.block.bytes[start..start + usize::try_from(span.len).unwrap_or(0)];
        match span.shape {
            Shape::StrayQuote(at) => return Err(Malformed::stray_quote(plan, bytes, at)),
            Shape::UnclosedQuote(at) => {
                return Err(Malformed::unclosed_quote(plan, bytes, at, location.line_start));
            }
            Shape::Plain | Shape::Quoted | Shape::Endless => {}
        }
        let mut decoded = mem::take(&mut self.decoded);
        let text = match self.text {
            Some(text) => Ok(&text[start..start + bytes.len()]),
            None => plan.encoding.decode(bytes, &mut decoded),
        };
        let clean = match text {
            Ok(text) => self.text_row(span.shape, without_line_end(text), location),
            Err(at) => Err(Malformed::encoding(plan, bytes, at, location.byte_start)),
        };
        self.decoded = decoded;
        clean
    }

    #[inline]
    fn text_row(&mut self, shape: Shape, text: &str, location: &Location) -> Result<bool, Malformed> {
        let plan = self.task.plan;
        if self.may_hold_nul
            && let Some(at) = memchr::memchr(0, text.as_bytes())
        {
            return Err(Malformed::nul(plan, &text[..at]));
        }
        if let Some(mut objects) = self.objects.take() {
            let clean = self.object_row(&mut objects, text, location);
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
        if self.cells.len() != plan.named {
            check_width(plan, &self.cells, text, &mut self.parsed.surplus)?;
        }
        let copies = if plan.options.unguard {
            let (taken, copies) = unguard(text, &mut self.cells);
            self.parsed.counts.unguarded += taken;
            copies
        } else {
            None
        };
        let text = copies.as_deref().unwrap_or(text);
        if let Some(mut cleaner) = self.cleaner.take() {
            let clean = self.clean_row(&mut cleaner, None, text, printable, location);
            self.cleaner = Some(cleaner);
            return Ok(clean);
        }
        self.validator.prove(text, &self.cells, &mut self.parsed.proofs);
        Ok(self.validated_row(text, printable, location, false))
    }

    /// Cleans the cells of a record as `muster.toml` says, and makes a row of them. `objects` has laid them out if the
    /// record is a JSON object.
    #[inline(never)]
    fn clean_row(
        &mut self,
        cleaner: &mut Cleaner<'_>,
        objects: Option<&Objects<'_>>,
        text: &str,
        printable: bool,
        location: &Location,
    ) -> bool {
        let counts = &mut self.parsed.replaced;
        let cleaned = cleaner.clean(text, &mut self.cells, location, counts, &mut self.findings);
        let text = cleaner.text(text);
        self.validator.prove(text, &self.cells, &mut self.parsed.proofs);
        if let Some(objects) = objects {
            objects.put_numbers(&mut self.cells);
        }
        self.validated_row(text, printable && cleaned.printable, location, cleaned.rejected)
    }

    /// Makes a row of a record that is a JSON object.
    fn object_row(
        &mut self,
        objects: &mut Objects<'_>,
        line: &str,
        location: &Location,
    ) -> Result<bool, Malformed> {
        objects.lay_out(line, &mut self.cells)?;
        let text = objects.text(line);
        let printable = is_printable_ascii(text.as_bytes()) && !fault::slow();
        if let Some(mut cleaner) = self.cleaner.take() {
            let clean = self.clean_row(&mut cleaner, Some(&*objects), text, printable, location);
            self.cleaner = Some(cleaner);
            return Ok(clean);
        }
        self.validator.prove(text, &self.cells, &mut self.parsed.proofs);
        objects.put_numbers(&mut self.cells);
        Ok(self.validated_row(text, printable, location, false))
    }

    /// Validates the cells of a record, and encodes it if it is clean and not `rejected` already.
    #[inline]
    fn validated_row(&mut self, text: &str, printable: bool, location: &Location, rejected: bool) -> bool {
        let parsed = &mut self.parsed;
        if !parsed.filled.is_empty() {
            count_filled(&self.task.plan.unknown, text, &self.cells, &mut parsed.filled);
        }
        let record = Record { text, cells: &self.cells, printable, location };
        if self.validator.validate(&record, &mut self.findings) && !rejected {
            self.validator.encode(text, &mut parsed.rows, &mut parsed.hashes);
            if self.validator.deletes() {
                parsed.deletes.push(parsed.places.len() as u64);
            }
            return true;
        }
        self.keep_rejected(text, location, true);
        false
    }

    /// Keeps what other rows, and people, must know of a rejected record that has been validated: its key, and its
    /// references, which are looked up in any case.
    #[cold]
    fn keep_rejected(&mut self, text: &str, location: &Location, references: bool) {
        let parsed = &mut self.parsed;
        if self.task.referred_to
            && let Some(key) = self.validator.key(text)
        {
            let Location { file, record, .. } = *location;
            parsed.rejected_keys.push(RejectedKey { key: key.to_owned(), file, record });
        }
        let (rows, places) = &mut parsed.rejected_references;
        if references && self.validator.encode_references(text, rows) {
            places.push(Place::new(parsed.start, location, rows.len()));
        }
    }

    /// Keeps what can be read of a record that has no row. Only if nothing but its end is missing, all cells are where
    /// they belong.
    #[cold]
    fn keep_broken(&mut self, span: &Span, location: &Location, code: Code) {
        let plan = self.task.plan;
        let references = code == Code::MissingCells;
        let refers = references && plan.layout.references > 0;
        if !self.task.referred_to && !refers {
            return;
        }
        let mut buffer = String::new();
        let bytes = &self.block.bytes[span.start as usize..];
        let (text, whole) = readable(plan, span, bytes, &mut buffer);
        let line = without_line_end(text);
        let mut objects = self.objects.take();
        let mut copies = None;
        let text = if let Some(objects) = &mut objects {
            // What is wrong with it has been reported.
            let _ = objects.lay_out(line, &mut self.cells);
            objects.put_numbers(&mut self.cells);
            objects.text(line)
        } else {
            split_slowly(line, plan.delimiter, &mut self.cells);
            if !whole {
                self.cells.pop();
            }
            if plan.options.unguard {
                (_, copies) = unguard(line, &mut self.cells);
            }
            copies.as_deref().unwrap_or(line)
        };
        let mut cleaner = self.cleaner.take();
        let text = match &mut cleaner {
            Some(cleaner) => {
                cleaner.clean(text, &mut self.cells, location, &mut [], &mut Vec::new());
                cleaner.text(text)
            }
            None => text,
        };
        let record = Record { text, cells: &self.cells, printable: false, location };
        self.validator.validate(&record, &mut Vec::new());
        self.keep_rejected(text, location, references);
        self.cleaner = cleaner;
        self.objects = objects;
    }

    /// Adds a finding about a record as a whole. It has no value: which cell the bytes belong to is unknown, and
    /// they may be sensitive.
    #[cold]
    fn report(&mut self, malformed: Malformed, location: &Location) {
        let plan = self.task.plan;
        let Malformed { code, message, column } = malformed;
        let column = column.filter(|&column| column < plan.columns);
        let field = column.and_then(|column| plan.cells.iter().position(|&cell| cell == Some(column)));
        self.findings.push(Finding {
            location: *location,
            column: column.and_then(|column| u16::try_from(column).ok()),
            field: field.and_then(|field| u16::try_from(field).ok()),
            severity: code.default_severity(),
            code,
            value: Finding::excerpt(""),
            message,
            suggestion: None,
            related: None,
        });
    }
}

/// Counts the filled cells of the unknown columns.
fn count_filled(unknown: &[usize], text: &str, cells: &[Cell], filled: &mut [u64]) {
    for (column, filled) in unknown.iter().zip(filled) {
        let cell = cells.get(*column).map_or("", |cell| &text[cell.start as usize..cell.end as usize]);
        *filled += u64::from(!is_blank(cell));
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
