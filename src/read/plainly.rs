//! The records of a file as they are: the texts of their cells, before any field is known. Records whose quoting or
//! bytes are broken are counted and left out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::{io, iter, mem};

use crate::parallel::{self, Spares};
use crate::source::json::{Fault, Value, items, unescape, walk};
use crate::source::{FileFormat, Opening, Source, Utf8Evidence};

use super::ReadError;
use super::blocks::{Block, Blocks, DataStart, Span};
use super::cells::{Cell, split_plain, split_quoted};
use super::repeated::RepeatedHeader;
use super::split::{Grammar, Shape};
use super::units::{Lines, Narrow, Units, Wide};

/// How much is split at a time.
const BLOCK: usize = 1 << 20;
/// No record of a table is as long: what has no end within this is not read.
const HORIZON: usize = 4 << 20;

/// A file whose records are read as they are.
#[derive(Clone, Copy)]
pub(crate) struct PlainFile<'s> {
    /// Its bytes.
    pub(crate) source: &'s Source,
    /// How it begins.
    pub(crate) opening: &'s Opening,
    /// Set to stop; checked once a block.
    pub(crate) cancelled: &'s AtomicBool,
}

/// What a block's records were, and what was made of them.
#[derive(Debug)]
pub(crate) struct PlainBlock<T> {
    /// What the visitor made.
    pub(crate) made: T,
    /// Records whose cells were visited.
    pub(crate) records: u64,
    /// Records that cannot be read.
    pub(crate) broken: u64,
    /// Whether the bytes look like UTF-8.
    pub(crate) evidence: Utf8Evidence,
    buffer: Vec<u8>,
}

impl PlainFile<'_> {
    /// Visits every record of each block on all threads, with its cells, and takes what was made of the blocks in
    /// their order. A record may have more or fewer cells than the header.
    /// Errors: the file cannot be read, or reading was cancelled.
    pub(crate) fn each<T: Default + Send>(
        self,
        visit: impl Fn(&mut T, &[String]) + Sync,
        mut take: impl FnMut(PlainBlock<T>),
    ) -> Result<(), ReadError> {
        match (Wide::of(self.opening.encoding), self.opening.format) {
            (Some(wide), _) => self.blocks_of(wide, &visit, &mut take),
            (None, FileFormat::Ndjson) => self.blocks_of(Lines, &visit, &mut take),
            (None, _) => self.blocks_of(Narrow, &visit, &mut take),
        }
    }

    fn blocks_of<T: Default + Send, U: Units>(
        self,
        units: U,
        visit: &(impl Fn(&mut T, &[String]) + Sync),
        take: &mut impl FnMut(PlainBlock<T>),
    ) -> Result<(), ReadError> {
        let opening = self.opening;
        let grammar = Grammar {
            delimiter: opening.delimiter,
            columns: opening.header.len(),
            horizon: HORIZON,
            by_record: false,
            by_line: false,
        };
        let is_table = opening.header_start < opening.data_start;
        let header =
            is_table.then(|| RepeatedHeader::new(&opening.header, opening.encoding, opening.delimiter));
        let start = DataStart { offset: opening.data_start, line: opening.data_line, header };
        let mut blocks = Blocks::new(self.source, units, grammar, start, BLOCK);
        let buffers = Spares::default();
        let lost = |source: io::Error| ReadError::Source { file: self.source.name().to_owned(), source };
        let split = iter::from_fn(|| {
            if self.cancelled.load(Ordering::Relaxed) {
                return Some(Err(ReadError::Cancelled));
            }
            blocks.next_block(buffers.take().unwrap_or_default()).map_err(lost).transpose()
        });
        let work = |block: Block| Ok(visited(opening, block, visit));
        parallel::in_order(parallel::usual_limit(), split, work, |mut block| {
            buffers.give(mem::take(&mut block.buffer));
            take(block);
            Ok(())
        })
    }
}

fn visited<T: Default>(opening: &Opening, block: Block, visit: &impl Fn(&mut T, &[String])) -> PlainBlock<T> {
    let mut all = PlainBlock {
        made: T::default(),
        records: 0,
        broken: 0,
        evidence: if opening.encoding_certain {
            Utf8Evidence::default()
        } else {
            Utf8Evidence::of(&block.bytes)
        },
        buffer: Vec::new(),
    };
    let mut record = PlainRecord::new(opening);
    for span in block.spans.iter().filter(|span| !span.header) {
        if record.read(span, &block.bytes).is_some() {
            all.records += 1;
            visit(&mut all.made, &record.texts);
        } else {
            all.broken += 1;
        }
    }
    all.buffer = block.bytes;
    all
}

/// The texts of one record after another; its buffers are used again.
struct PlainRecord<'o> {
    opening: &'o Opening,
    texts: Vec<String>,
    cells: Vec<Cell>,
    decoded: String,
    path: String,
}

impl<'o> PlainRecord<'o> {
    fn new(opening: &'o Opening) -> Self {
        Self { opening, texts: Vec::new(), cells: Vec::new(), decoded: String::new(), path: String::new() }
    }

    /// Reads a record; `None` if its quoting or its bytes are broken.
    fn read(&mut self, span: &Span, bytes: &[u8]) -> Option<()> {
        if !matches!(span.shape, Shape::Plain | Shape::Quoted) && self.opening.format != FileFormat::Ndjson {
            return None;
        }
        let start = span.start as usize;
        let bytes = bytes.get(start..start + usize::try_from(span.len).ok()?)?;
        let mut decoded = mem::take(&mut self.decoded);
        let text = self.opening.encoding.decode(bytes, &mut decoded).ok();
        let text = text.map(|text| text.trim_end_matches(['\r', '\n']));
        let read = text.and_then(|text| {
            if self.opening.format == FileFormat::Ndjson {
                return self.object(text);
            }
            self.row(text, span.shape);
            Some(())
        });
        self.decoded = decoded;
        read
    }

    fn row(&mut self, text: &str, shape: Shape) {
        if shape == Shape::Quoted {
            split_quoted(text, self.opening.delimiter, &mut self.cells);
        } else {
            split_plain(text, self.opening.delimiter, &mut self.cells);
        }
        self.texts.resize(self.cells.len(), String::new());
        let mut halved = String::new();
        for (cell, copy) in self.cells.iter().zip(&mut self.texts) {
            copy.clear();
            copy.push_str(cell.text(text, &mut halved));
        }
    }

    fn object(&mut self, line: &str) -> Option<()> {
        let header = &self.opening.header;
        let texts = &mut self.texts;
        texts.resize(header.len(), String::new());
        texts.iter_mut().for_each(String::clear);
        let mut next = 0;
        let walked: Result<(), Fault> = walk(line, &mut self.path, |name, value| {
            let at = match header.get(next) {
                Some(key) if key == name => Some(next),
                _ => header.iter().position(|key| key == name),
            };
            let Some(at) = at else { return Ok(()) };
            next = at + 1;
            push(line, value, &mut texts[at]);
            Ok(())
        });
        walked.ok()
    }
}

/// Appends a JSON value as text; the items of a list with commas between.
fn push(line: &str, value: Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bare(start, end) | Value::Text { start, end, escaped: false } => {
            out.push_str(&line[start..end]);
        }
        Value::Text { start, end, escaped: true } => unescape(&line[start..end], out),
        Value::List(start, _) => {
            // What is wrong with an item is found when the file is checked.
            let _ = items(line, start, |item| {
                if !out.is_empty() {
                    out.push(',');
                }
                if let Some(value @ (Value::Bare(..) | Value::Text { .. })) = item {
                    push(line, value, out);
                }
                Ok::<(), ()>(())
            });
        }
    }
}
