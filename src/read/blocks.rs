//! The sequential pass: stored bytes in, blocks of whole records out. Every block knows its number, its
//! byte offset, its first line and its first record; every record in it has a span. Nothing is decoded.

use std::io;

use super::split::{Grammar, Scan, Shape, Units, end_of_line, scan_record};

/// Bytes that can be read anywhere, by several threads.
pub(crate) trait Bytes: Sync {
    /// Reads up to `buf.len()` bytes at `offset`; 0 only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// One record of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where it starts in the block's bytes.
    pub(crate) start: u32,
    /// Physical lines before it, counted from the block's first line.
    pub(crate) line: u32,
    /// Its length with its line end. May reach behind the block's bytes in an endless record.
    pub(crate) len: u64,
    /// The number of physical lines it stands on.
    pub(crate) lines: u32,
    /// Its quoting.
    pub(crate) shape: Shape,
    /// The header again: no data record.
    pub(crate) header: bool,
}

/// Some whole records of a file.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Counted from 0 within the file.
    pub(crate) index: usize,
    /// The stored bytes.
    pub(crate) bytes: Vec<u8>,
    /// Where they stand in the file.
    pub(crate) offset: u64,
    /// The physical line of the first byte, counted from 1.
    pub(crate) first_line: u64,
    /// The number of the first data record, counted from 1.
    pub(crate) first_record: u64,
    /// The records.
    pub(crate) spans: Vec<Span>,
    /// How many lines were blank.
    pub(crate) blank: u64,
}

impl Block {
    /// Bytes of the file that the block covers.
    pub(crate) fn covered(&self) -> u64 {
        let behind = |span: &Span| u64::from(span.start) + span.len;
        self.spans.last().map_or(0, behind).max(self.bytes.len() as u64)
    }
}

/// Where the records of a file begin, and what to know of them.
#[derive(Debug, Clone)]
pub(crate) struct Opening {
    /// The first byte behind the header.
    pub(crate) offset: u64,
    /// That byte's physical line, counted from 1.
    pub(crate) line: u64,
    /// The header record as stored, without its line end: a record with the same bytes is a repeated header.
    pub(crate) header: Vec<u8>,
}

/// Cuts a file into blocks.
pub(crate) struct Blocks<'s, U> {
    source: &'s dyn Bytes,
    units: U,
    grammar: Grammar,
    header: Vec<u8>,
    block_size: usize,
    /// Bytes read but not given out, and where they stand in the file.
    carry: Vec<u8>,
    offset: u64,
    line: u64,
    record: u64,
    index: usize,
    /// The source has no more bytes than `carry` holds.
    drained: bool,
}

impl<'s, U: Units> Blocks<'s, U> {
    /// Begins behind the header.
    pub(crate) fn new(
        source: &'s dyn Bytes,
        units: U,
        grammar: Grammar,
        opening: Opening,
        block_size: usize,
    ) -> Self {
        Self {
            source,
            units,
            grammar,
            header: opening.header,
            block_size: block_size.max(16),
            carry: Vec::new(),
            offset: opening.offset,
            line: opening.line,
            record: 1,
            index: 0,
            drained: false,
        }
    }

    /// The next block, in `buffer` (whatever it held is dropped).
    ///
    /// # Errors
    ///
    /// The source could not be read.
    pub(crate) fn next_block(&mut self, mut buffer: Vec<u8>) -> io::Result<Option<Block>> {
        // What the buffer holds is written over and not cleared: clearing would have its bytes zeroed again.
        let mut len = self.carry.len();
        buffer.resize(buffer.len().max(len), 0);
        buffer[..len].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut wanted = self.block_size;
        let mut block = Block {
            index: self.index,
            bytes: Vec::new(),
            offset: self.offset,
            first_line: self.line,
            first_record: self.record,
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
                self.offset += consumed as u64;
                self.index += 1;
                block.bytes = buffer;
                return Ok(Some(block));
            }
            if self.drained {
                return Ok(None);
            }
            // Not one whole record: read on. Doubling keeps the rescans linear.
            wanted = buffer.len().max(self.block_size) * 2;
        }
    }

    /// Finds the records of the buffer. Returns how far they reach, and whether an endless one follows.
    fn scan(&mut self, buffer: &[u8], block: &mut Block) -> (usize, bool) {
        let mut at = 0;
        while at < buffer.len() {
            let scanned = match scan_record(self.units, &self.grammar, buffer, at, self.drained) {
                Scan::Record(scanned) => scanned,
                Scan::Incomplete => return (at, false),
                Scan::BeyondHorizon => return (at, true),
            };
            let length = scanned.end - at;
            let lines = if self.grammar.by_record { 1 } else { scanned.lines };
            if self.units.is_blank(&buffer[at..scanned.end]) {
                block.blank += 1;
            } else {
                let header = self.is_header(&buffer[at..scanned.end]);
                block.spans.push(Span {
                    start: small(at),
                    line: small(usize::try_from(self.line - block.first_line).unwrap_or(usize::MAX)),
                    len: length as u64,
                    lines,
                    shape: scanned.shape,
                    header,
                });
                self.record += u64::from(!header);
            }
            self.line += u64::from(lines);
            at = scanned.end;
        }
        (at, false)
    }

    fn is_header(&self, record: &[u8]) -> bool {
        record.starts_with(&self.header)
            && !self.header.is_empty()
            && matches!(self.units.ascii(record, self.header.len()), None | Some(b'\n' | b'\r'))
            && record.len() <= self.header.len() + 2 * U::WIDTH
    }

    /// Reads behind the buffer's first `len` bytes until there are `wanted` ones or the source ends. Returns how
    /// many there are.
    fn fill(&mut self, buffer: &mut Vec<u8>, mut len: usize, wanted: usize) -> io::Result<usize> {
        if len >= wanted || self.drained {
            return Ok(len);
        }
        buffer.resize(wanted, 0);
        while len < wanted {
            match self.source.read_at(&mut buffer[len..], self.offset + len as u64) {
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
        let from = self.offset + (start + self.grammar.horizon) as u64;
        let end = self.line_end_behind(from)?;
        buffer.truncate(start + self.grammar.horizon);
        block.spans.push(Span {
            start: small(start),
            line: small(usize::try_from(self.line - block.first_line).unwrap_or(usize::MAX)),
            len: end - self.offset - start as u64,
            lines: 1,
            shape: Shape::Endless,
            header: false,
        });
        self.record += 1;
        self.line += 1;
        self.offset = end;
        self.index += 1;
        self.drained = false;
        block.bytes = buffer;
        Ok(block)
    }

    /// One past the first line end at or behind `from`, or the end of the source.
    fn line_end_behind(&self, from: u64) -> io::Result<u64> {
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
                    // CR is the chunk's last unit: look again from there.
                    None => self.line_end_behind(at + special as u64),
                };
            }
            if last {
                return Ok(at + len as u64);
            }
            at += len as u64;
        }
    }
}

/// Offsets within a block: blocks are far smaller than 4 GiB, since a record ends at the horizon.
fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a block is smaller than 4 GiB")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::super::split::Narrow;
    use super::*;
    use proptest::prelude::*;

    /// A span in the file: start, end, line, lines, shape.
    type Absolute = (u64, u64, u64, u32, Shape);

    /// All spans, the number of blank lines, and how many bytes the blocks cover.
    fn spans(data: &[u8], block_size: usize, horizon: usize) -> (Vec<Absolute>, u64, u64) {
        let source = data.to_vec();
        let grammar = Grammar { delimiter: b',', columns: 3, horizon, by_record: false };
        let opening = Opening { offset: 0, line: 1, header: b"a,b,c".to_vec() };
        let mut blocks = Blocks::new(&source, Narrow, grammar, opening, block_size);
        let mut all = Vec::new();
        let (mut blank, mut covered) = (0, 0);
        while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
            blank += block.blank;
            assert_eq!(block.offset, covered, "blocks follow one another");
            covered += block.covered();
            for span in &block.spans {
                let start = block.offset + u64::from(span.start);
                let line = block.first_line + u64::from(span.line);
                all.push((start, start + span.len, line, span.lines, span.shape));
            }
        }
        (all, blank, covered)
    }

    fn texts(data: &str) -> Vec<String> {
        let (spans, _, _) = spans(data.as_bytes(), 64, 1 << 16);
        let cut = |at: u64| usize::try_from(at).unwrap();
        spans.iter().map(|&(start, end, ..)| data[cut(start)..cut(end)].to_owned()).collect()
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_record_alone() {
        assert_eq!(texts("1,\"x,3\n4,5,6\n7,8,9\n"), ["1,\"x,3\n", "4,5,6\n", "7,8,9\n"]);
        // The next quote closes it, but only rubbish follows there.
        assert_eq!(texts("1,\"x,3\n4,\"y\",6\n7,8,9\n"), ["1,\"x,3\n", "4,\"y\",6\n", "7,8,9\n"]);
        // It closes properly at another planted quote, but the lines between are records of their own.
        assert_eq!(texts("1,2,\"x\n4,5,6\n7,\"\"\n"), ["1,2,\"x\n", "4,5,6\n", "7,\"\"\n"]);
        assert_eq!(texts("1,\"Jansen, P\"\",3\n4,\"y z\",6\n"), ["1,\"Jansen, P\"\",3\n", "4,\"y z\",6\n"]);
    }

    #[test]
    fn a_quoted_cell_may_run_over_line_ends() {
        assert_eq!(texts("1,\"x\ny\r\nz\",3\n4,5,6"), ["1,\"x\ny\r\nz\",3\n", "4,5,6"]);
    }

    #[test]
    fn every_kind_of_line_end_ends_a_record() {
        let (spans, blank, _) = spans(b"1,2,3\r4,5,6\r\n\n\r\n7,8,9\n\r", 16, 1 << 16);
        let places: Vec<_> = spans.iter().map(|s| (s.0, s.1, s.2)).collect();
        assert_eq!(places, [(0, 6, 1), (6, 13, 2), (16, 22, 5)]);
        assert_eq!(blank, 3);
    }

    #[test]
    fn a_repeated_header_is_no_record() {
        let source = b"1,2,3\na,b,c\n4,5,6\n".to_vec();
        let grammar = Grammar { delimiter: b',', columns: 3, horizon: 1 << 16, by_record: false };
        let opening = Opening { offset: 0, line: 2, header: b"a,b,c".to_vec() };
        let block = Blocks::new(&source, Narrow, grammar, opening, 1 << 16);
        let block = { block }.next_block(Vec::new()).unwrap().unwrap();
        assert_eq!(block.spans.iter().map(|s| s.header).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn a_record_beyond_the_horizon_ends_at_its_line_end_and_is_not_held_in_memory() {
        let mut data = b"1,2,3\n".to_vec();
        data.extend(std::iter::repeat_n(b'x', 100_000));
        data.extend_from_slice(b"\r\n4,5,6\n");
        for size in [16, 100, 1 << 20] {
            let (spans, _, covered) = spans(&data, size, 1000);
            assert_eq!(spans.len(), 3);
            assert_eq!(spans[1], (6, 100_008, 2, 1, Shape::Endless));
            assert_eq!(spans[2].2, 3);
            assert_eq!(covered, data.len() as u64);
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => Just(&b"a"[..]), 3 => Just(&b","[..]), 3 => Just(&b"\""[..]), 2 => Just(&b"\n"[..]),
            1 => Just(&b"\r"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b"\"\""[..]), 2 => Just(&b"1,2,3\n"[..]),
            1 => Just(&b",\"x y\","[..]), 1 => Just(&b"\xff"[..]), 1 => Just(&b"a,b,c\n"[..]),
        ];
        prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn spans_tile_the_file_and_are_the_same_for_every_block_size(data in pieces(), size in 16_usize..400) {
            let whole = spans(&data, 1 << 20, 128);
            prop_assert_eq!(&spans(&data, size, 128), &whole);
            prop_assert_eq!(whole.2, data.len() as u64);
            let mut at = 0;
            for &(start, end, ..) in &whole.0 {
                // Only blank lines stand between records.
                let gap = &data[usize::try_from(at).unwrap()..usize::try_from(start).unwrap()];
                prop_assert!(gap.iter().all(|b| matches!(b, b'\n' | b'\r')));
                prop_assert!(end > start);
                at = end;
            }
        }

        #[test]
        fn one_planted_quote_costs_at_most_one_record(rows in 2_usize..12, at in 0_usize..400, quoted in any::<u16>()) {
            let mut data = String::new();
            for row in 0..rows {
                if quoted >> row & 1 == 1 {
                    let _ = writeln!(data, "r{row},\"x, {row}\",z");
                } else {
                    let _ = writeln!(data, "r{row},y{row},z");
                }
            }
            let clean = texts(&data);
            let at = at % data.len();
            data.insert(at, '"');
            let faulty = texts(&data);
            let lost = clean.iter().filter(|record| !faulty.contains(record)).count();
            prop_assert!(lost <= 1, "lost {} of {:?}, found {:?}", lost, clean, faulty);
        }
    }
}
