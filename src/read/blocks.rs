//! The sequential pass: stored bytes in, blocks of whole records out. Every block knows its number, its
//! byte offset, its first line and its first record; every record in it has a span. Nothing is decoded.

use std::io;

use crate::source::ReadAt;

use super::offset::offset;
use super::repeated::RepeatedHeader;
use super::split::{Grammar, Scan, Shape, scan_record};
use super::units::{Units, end_of_line};

/// One record of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where it starts in the block's bytes.
    pub(crate) start: u32,
    /// Physical lines before it, counted from the block's first line.
    pub(crate) line: u32,
    /// Its length with its line end. An endless record may be longer than the block's bytes.
    pub(crate) len: u64,
    /// The number of its physical lines.
    pub(crate) lines: u32,
    /// Its quoting.
    pub(crate) shape: Shape,
    /// It repeats the header: no data record.
    pub(crate) header: bool,
}

/// Where a block begins in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockStart {
    /// Its first byte.
    pub(crate) offset: u64,
    /// The physical line of that byte, counted from 1.
    pub(crate) line: u64,
    /// The number of its first data record, counted from 1.
    pub(crate) record: u64,
}

/// Some whole records of a file.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Counted from 0 within the file.
    pub(crate) index: usize,
    /// The stored bytes.
    pub(crate) bytes: Vec<u8>,
    /// Where it begins.
    pub(crate) start: BlockStart,
    /// The records.
    pub(crate) spans: Vec<Span>,
    /// How many lines were blank: empty, or with nothing but delimiters.
    pub(crate) blank: u64,
}

impl Block {
    /// Bytes of the file that the block covers.
    pub(crate) fn covered(&self) -> u64 {
        let end = |span: &Span| u64::from(span.start) + span.len;
        self.spans.last().map_or(0, end).max(self.bytes.len() as u64)
    }
}

/// Where the data records of a file begin.
#[derive(Debug, Clone)]
pub(crate) struct DataStart {
    /// The first byte after the header.
    pub(crate) offset: u64,
    /// That byte's physical line, counted from 1.
    pub(crate) line: u64,
    /// The header, if a record like it is no data record.
    pub(crate) header: Option<RepeatedHeader>,
}

/// Cuts a file into blocks.
pub(crate) struct Blocks<'s, U> {
    source: &'s dyn ReadAt,
    units: U,
    grammar: Grammar,
    header: Option<RepeatedHeader>,
    block_size: usize,
    /// Bytes that were read and are part of no block yet.
    carry: Vec<u8>,
    /// Where the next block begins; `carry` is read from there.
    next: BlockStart,
    index: usize,
    /// `carry` ends at the end of the source.
    drained: bool,
}

impl<'s, U: Units> Blocks<'s, U> {
    /// Begins at the first data record.
    pub(crate) fn new(
        source: &'s dyn ReadAt,
        units: U,
        grammar: Grammar,
        start: DataStart,
        block_size: usize,
    ) -> Self {
        Self {
            source,
            units,
            grammar,
            header: start.header,
            block_size: block_size.max(16),
            carry: Vec::new(),
            next: BlockStart { offset: start.offset, line: start.line, record: 1 },
            index: 0,
            drained: false,
        }
    }

    /// The next block; its bytes are in `buffer`, whose contents are overwritten.
    pub(crate) fn next_block(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        // The buffer is overwritten and not cleared: after clearing, its bytes would be zeroed again.
        let mut len = self.carry.len();
        buffer.resize(buffer.len().max(len), 0);
        buffer[..len].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut wanted = self.block_size;
        let mut block = Block {
            index: self.index,
            bytes: Vec::new(),
            start: self.next,
            spans: Vec::with_capacity(self.block_size / 80),
            blank: 0,
        };
        loop {
            len = self.fill(&mut buffer, len, wanted)?;
            buffer.truncate(len);
            let (consumed, endless) = self.scan(&buffer, &mut block);
            if endless {
                return self.end_endless(buffer, consumed, block).map(Some);
            }
            if consumed > 0 {
                self.carry.extend_from_slice(&buffer[consumed..]);
                buffer.truncate(consumed);
                self.next.offset += consumed as u64;
                self.index += 1;
                block.bytes = buffer;
                return Ok(Some(block));
            }
            if self.drained {
                return Ok(None);
            }
            // Not one whole record: read more. Doubling keeps the time for scanning again linear.
            wanted = buffer.len().max(self.block_size) * 2;
        }
    }

    /// Finds the records of the buffer. Returns where the last one ends, and whether an endless one follows.
    fn scan(&mut self, buffer: &[u8], block: &mut Block) -> (usize, bool) {
        // The rows of a table are counted by the file itself, empty ones, too.
        let delimiter = (!self.grammar.by_record).then_some(self.grammar.delimiter);
        let mut at = 0;
        while at < buffer.len() {
            let scanned = match scan_record(self.units, &self.grammar, buffer, at, self.drained) {
                Scan::Record(scanned) => scanned,
                Scan::Incomplete => return (at, false),
                Scan::BeyondHorizon => return (at, true),
            };
            let length = scanned.end - at;
            let lines = if self.grammar.by_record { 1 } else { scanned.lines };
            if self.units.is_blank(&buffer[at..scanned.end], delimiter) {
                block.blank += 1;
            } else {
                let record = &buffer[at..scanned.end];
                let header = self.header.as_ref().is_some_and(|header| header.is(self.units, record));
                block.spans.push(Span {
                    start: offset(at),
                    line: self.line_in(block),
                    len: length as u64,
                    lines,
                    shape: scanned.shape,
                    header,
                });
                self.next.record += u64::from(!header);
            }
            self.next.line += u64::from(lines);
            at = scanned.end;
        }
        (at, false)
    }

    /// The number of physical lines of a block before the next record.
    fn line_in(&self, block: &Block) -> u32 {
        offset(usize::try_from(self.next.line - block.start.line).unwrap_or(usize::MAX))
    }

    /// Reads after the buffer's first `len` bytes until there are `wanted` or the source ends. Returns how many
    /// there are.
    fn fill(&mut self, buffer: &mut Vec<u8>, mut len: usize, wanted: usize) -> io::Result<usize> {
        if len >= wanted || self.drained {
            return Ok(len);
        }
        buffer.resize(wanted, 0);
        while len < wanted {
            match self.source.read_at(&mut buffer[len..], self.next.offset + len as u64) {
                Ok(0) => {
                    self.drained = true;
                    break;
                }
                Ok(read) => len += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(len)
    }

    /// Ends the block with a record that has no end within the horizon: its first bytes are kept, and the
    /// source is searched for the next line end.
    fn end_endless(&mut self, mut buffer: Vec<u8>, start: usize, mut block: Block) -> io::Result<Block> {
        let from = self.next.offset + (start + self.grammar.horizon) as u64;
        let end = self.line_end_after(from)?;
        buffer.truncate(start + self.grammar.horizon);
        block.spans.push(Span {
            start: offset(start),
            line: self.line_in(&block),
            len: end - self.next.offset - start as u64,
            lines: 1,
            shape: Shape::Endless,
            header: false,
        });
        self.next = BlockStart { offset: end, line: self.next.line + 1, record: self.next.record + 1 };
        self.index += 1;
        self.drained = false;
        block.bytes = buffer;
        Ok(block)
    }

    /// One past the first line end from `from` on, or the end of the source.
    fn line_end_after(&self, from: u64) -> io::Result<u64> {
        let mut chunk = vec![0; 256 * 1024];
        let mut at = from;
        loop {
            let mut len = 0;
            while len < chunk.len() {
                match self.source.read_at(&mut chunk[len..], at + len as u64)? {
                    0 => break,
                    read => len += read,
                }
            }
            let bytes = &chunk[..len];
            let last = len < chunk.len();
            let mut scan = 0;
            while let Some((special, kind)) = self.units.next_special(bytes, scan) {
                scan = special + U::WIDTH;
                if kind == b'"' {
                    continue;
                }
                return match end_of_line(self.units, bytes, special, last) {
                    Some(end) => Ok(at + end as u64),
                    // CR is the chunk's last unit: search again from there.
                    None => self.line_end_after(at + special as u64),
                };
            }
            if last {
                return Ok(at + len as u64);
            }
            at += len as u64;
        }
    }
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
