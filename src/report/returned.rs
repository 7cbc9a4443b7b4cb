//! `<input>.rejected.csv`, `<input>.broken.csv` and `<input>.duplicates.csv`: the source's bytes, untouched, of everything up to and
//! including the header and of each record that goes back. Once its records are fixed, the file can be imported.

use std::ops::Range;
use std::path::PathBuf;

use crate::hash::Hasher;
use crate::output::{OutputError, RunFolder, StagedFile};
use crate::source::{ReadAt, Utf8Evidence};

/// How much is read at once.
const READ: u64 = 1 << 20;
/// Records with less than this between them are read together.
const GAP: u64 = 16 * 1024;

/// One file that goes back. It is created with the first record: no records, no file.
#[derive(Debug)]
pub(crate) struct ReturnedFile<'s, S> {
    name: String,
    source: &'s S,
    path: PathBuf,
    prefix: Range<u64>,
    line_end: Vec<u8>,
    staged: Option<StagedFile>,
    /// Records that will be read together, in order.
    pending: Vec<Range<u64>>,
    buffer: Vec<u8>,
    records: u64,
    evidence: Utf8Evidence,
    hasher: Hasher,
}

/// A file that is written.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How many records it holds. Without records there is no file.
    pub(crate) records: u64,
    /// Whether its bytes look like UTF-8.
    pub(crate) evidence: Utf8Evidence,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl<'s, S: ReadAt> ReturnedFile<'s, S> {
    /// A file called `name` with slices of `source`, which errors call `path`. `prefix` is everything up to and
    /// including the header; `line_end` is the line end in the source's encoding.
    pub(crate) fn new(
        name: String,
        source: &'s S,
        path: PathBuf,
        prefix: Range<u64>,
        line_end: &[u8],
    ) -> Self {
        let (pending, buffer) = (Vec::new(), Vec::new());
        let line_end = line_end.to_owned();
        Self {
            name,
            source,
            path,
            prefix,
            line_end,
            staged: None,
            pending,
            buffer,
            records: 0,
            evidence: Utf8Evidence::default(),
            hasher: Hasher::new(),
        }
    }

    /// Takes the next records, in input order; `bytes` are exactly theirs.
    /// Errors: [`OutputError::Source`] if the source cannot be read again, and those of writing a file.
    pub(crate) fn push(
        &mut self,
        folder: &mut RunFolder,
        records: u64,
        bytes: Range<u64>,
    ) -> Result<(), OutputError> {
        let Range { start: byte_start, end: byte_end } = bytes;
        if self.staged.is_none() {
            self.staged = Some(folder.create(&self.name)?);
            let prefix = self.prefix.clone();
            self.copy(prefix)?;
        }
        self.records += records;
        if let (Some(first), Some(last)) = (self.pending.first(), self.pending.last()) {
            if byte_start < last.end || byte_start - last.end > GAP || byte_end - first.start > READ {
                self.flush()?;
            } else if byte_start == last.end
                && let Some(last) = self.pending.last_mut()
            {
                last.end = byte_end;
                return Ok(());
            }
        }
        self.pending.push(byte_start..byte_end);
        Ok(())
    }

    /// Writes the rest.
    pub(crate) fn finish(mut self) -> Result<Finished, OutputError> {
        self.flush()?;
        if let Some(staged) = self.staged.take() {
            staged.finish()?;
        }
        Ok(Finished { records: self.records, evidence: self.evidence, sha256: self.hasher.finish() })
    }

    /// The file's name in the run's folder.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Reads and writes the pending records.
    fn flush(&mut self) -> Result<(), OutputError> {
        let pending = std::mem::take(&mut self.pending);
        let (Some(first), Some(last)) = (pending.first(), pending.last()) else { return Ok(()) };
        let start = first.start;
        if last.end - start > 2 * READ {
            // A record of many megabytes is copied in pieces.
            pending.iter().try_for_each(|range| self.copy(range.clone()))?;
        } else {
            self.read(start..last.end)?;
            let buffer = std::mem::take(&mut self.buffer);
            for range in &pending {
                self.put(&buffer[within(range.start - start)..within(range.end - start)])?;
            }
            self.ended(&buffer)?;
            self.buffer = buffer;
        }
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    /// Copies one range of any size, and adds its line end if it has none.
    fn copy(&mut self, range: Range<u64>) -> Result<(), OutputError> {
        let mut at = range.start;
        while at < range.end {
            let end = range.end.min(at + READ);
            self.read(at..end)?;
            let buffer = std::mem::take(&mut self.buffer);
            self.put(&buffer)?;
            if end == range.end {
                self.ended(&buffer)?;
            }
            self.buffer = buffer;
            at = end;
        }
        Ok(())
    }

    /// Adds a line end if the last written bytes have none: only after a file's last record, or a lone header.
    fn ended(&mut self, written: &[u8]) -> Result<(), OutputError> {
        let unit = self.unit();
        let last = written.len().checked_sub(unit).map_or(written, |start| &written[start..]);
        // In UTF-16 a line feed is two bytes, in either order; a lone CR ends a line too.
        let ended = [b'\n', b'\r'].iter().any(|&end| match unit {
            1 => last == [end],
            _ => last == self.wide(end),
        });
        if ended {
            return Ok(());
        }
        let line_end = std::mem::take(&mut self.line_end);
        self.put(&line_end)?;
        self.line_end = line_end;
        Ok(())
    }

    /// Bytes of a code unit, known from the line end: that of UTF-16 holds a zero.
    fn unit(&self) -> usize {
        if self.line_end.contains(&0) { 2 } else { 1 }
    }

    fn wide(&self, end: u8) -> [u8; 2] {
        if self.line_end.first() == Some(&0) { [0, end] } else { [end, 0] }
    }

    fn read(&mut self, range: Range<u64>) -> Result<(), OutputError> {
        self.buffer.resize(within(range.end - range.start), 0);
        let read = self.source.read_exact_at(&mut self.buffer, range.start);
        read.map_err(|source| OutputError::Source { path: self.path.clone(), source })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        if self.unit() == 1 {
            self.evidence += Utf8Evidence::of(bytes);
        }
        self.hasher.update(bytes);
        self.staged.as_mut().map_or(Ok(()), |staged| staged.put(bytes))
    }
}

/// A length that was read into memory.
fn within(length: u64) -> usize {
    usize::try_from(length).expect("no more than a few MiB are read at once")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn returned(source: &[u8], prefix: u64, records: &[(u64, u64)], line_end: &[u8]) -> Option<Vec<u8>> {
        let home = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        let name = "users.rejected.csv";
        let mut file = ReturnedFile::new(name.to_owned(), &source, "users.csv".into(), 0..prefix, line_end);
        for &(start, end) in records {
            file.push(&mut folder, 1, start..end).unwrap();
        }
        assert_eq!(file.finish().unwrap().records, records.len() as u64);
        folder.seal().unwrap();
        folder.publish().unwrap();
        fs::read(home.path().join(name)).ok()
    }

    #[test]
    fn the_header_and_the_records_are_bytes_of_the_source() {
        let source = b"\xef\xbb\xbfsep=;\r\na;b\r\n1;x\r\n2;\"y\r\nz\"\r\n3;\xff\r\n4;w\r\n";
        let whole = returned(source, 15, &[(15, 20), (30, 35)], b"\r\n").unwrap();
        assert_eq!(whole, b"\xef\xbb\xbfsep=;\r\na;b\r\n1;x\r\n3;\xff\r\n");
    }

    #[test]
    fn a_last_record_without_line_end_gets_one() {
        assert_eq!(returned(b"a\n1\n2", 2, &[(4, 5)], b"\n").unwrap(), b"a\n2\n");
        assert_eq!(returned(b"a\r1\r2", 2, &[(2, 4), (4, 5)], b"\r").unwrap(), b"a\r1\r2\r");
    }

    #[test]
    fn utf_16_line_ends_are_two_bytes_in_either_order() {
        let little = b"\xff\xfea\0\n\x001\0\n\x002\0";
        assert_eq!(
            returned(little, 6, &[(6, 10), (10, 12)], b"\n\0").unwrap(),
            b"\xff\xfea\0\n\x001\0\n\x002\0\n\0"
        );
        // U+0A31 ends in the byte 0x31 and U+310A in 0x0A, which is no line feed.
        let big = b"\xfe\xff\0a\0\n\x31\x0a";
        assert_eq!(returned(big, 6, &[(6, 8)], b"\0\n").unwrap(), b"\xfe\xff\0a\0\n\x31\x0a\0\n");
    }

    #[test]
    fn no_records_make_no_file() {
        assert_eq!(returned(b"a\n1\n", 2, &[], b"\n"), None);
    }

    #[test]
    fn far_and_huge_records_arrive_whole() {
        let mut source = b"a\n".to_vec();
        let mut spans = Vec::new();
        for (letter, size) in (b'a'..).zip([10, 3 << 20, 40_000, 5, 7, 1 << 20]) {
            let start = source.len();
            source.extend(std::iter::repeat_n(letter, size));
            source.push(b'\n');
            spans.push(start..source.len());
        }
        let picked = [0, 1, 3, 5].map(|index| spans[index].clone());
        let mut expected = b"a\n".to_vec();
        expected.extend(picked.iter().flat_map(|span| &source[span.clone()]));
        let picked = picked.map(|span| (span.start as u64, span.end as u64));
        assert!(returned(&source, 2, &picked, b"\n").unwrap() == expected);
    }

    #[test]
    fn a_source_that_shrank_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        let source = b"a\n".as_slice();
        let mut file = ReturnedFile::new("x.rejected.csv".into(), &source, "x.csv".into(), 0..2, b"\n");
        file.push(&mut folder, 1, 2..9).unwrap();
        assert!(matches!(file.finish(), Err(OutputError::Source { .. })));
    }
}
