//! Where cells and records end in the header and in a sample of the prefix: the splitter of the sample, the
//! delimiters that are tried, and the `sep=` line that names one.
//!
//! What is split is a *shadow* of the prefix, one byte for each code unit. Only ASCII matters, so UTF-16 is split by
//! the same code, and a position times the size of a unit is a position in the file.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::Encoding;

/// The delimiters that are tried, in the order of preference for a file with only one column.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A quoted cell of the sample that is longer than this counts as a quote that is never closed.
const LONGEST_QUOTED: usize = 64 * 1024;

/// A delimiter's name for people.
pub(crate) fn delimiter_name(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "comma",
        b';' => "semicolon",
        b'\t' => "tab",
        b'|' => "vertical bar",
        _ => "another character",
    }
}

/// One byte for each code unit: the unit itself if it is ASCII or of a single-byte encoding, else FF.
pub(super) fn shadow(bytes: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    let units = bytes.as_chunks::<2>().0.iter();
    let narrow = |high: u8, low: u8| if high == 0 && low < 0x80 { low } else { 0xFF };
    match encoding {
        Encoding::Utf16Le => units.map(|&[low, high]| narrow(high, low)).collect::<Vec<_>>().into(),
        Encoding::Utf16Be => units.map(|&[high, low]| narrow(high, low)).collect::<Vec<_>>().into(),
        Encoding::Utf8 | Encoding::SingleByte(_) => Cow::Borrowed(bytes),
    }
}

/// One record of the sample, in units of the shadow.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sampled {
    /// Its cells, with their quotes.
    pub(super) cells: Vec<Range<usize>>,
    /// Its first unit.
    pub(super) start: usize,
    /// Where its line end begins.
    pub(super) line_end: usize,
    /// One past its line end; equal to `line_end` if the text ends without one.
    pub(super) end: usize,
    /// Its first physical line, counted from 1.
    pub(super) line: u64,
}

impl Sampled {
    /// Whether the line is empty, or its cells are.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(std::ops::Range::is_empty)
    }

    /// Whether the record ends in a line end.
    pub(super) fn is_closed(&self) -> bool {
        self.end > self.line_end
    }
}

/// The records of a text, one after another.
pub(super) struct Sampler<'t> {
    text: &'t [u8],
    delimiter: u8,
    position: usize,
    line: u64,
}

impl<'t> Sampler<'t> {
    /// Begins at unit `position`, which is on physical line `line`.
    pub(super) fn new(text: &'t [u8], delimiter: u8, position: usize, line: u64) -> Self {
        Self { text, delimiter, position, line }
    }

    /// The physical line after the next record.
    pub(super) fn line_after_first(mut self) -> u64 {
        self.next();
        self.line
    }

    /// Where the delimiter or the line end after the unquoted text at `from` is.
    fn cell_end(&self, from: usize) -> usize {
        memchr3(self.delimiter, b'\r', b'\n', &self.text[from..]).map_or(self.text.len(), |n| from + n)
    }

    /// The end of the cell at `start`, including its quotes. A quote that is not closed properly counts as an
    /// ordinary character, so that it affects only one line of the sample.
    fn cell(&self, start: usize) -> usize {
        if self.text.get(start) != Some(&b'"') {
            return self.cell_end(start);
        }
        let mut from = start + 1;
        let limit = self.text.len().min(start + LONGEST_QUOTED);
        while let Some(quote) = memchr(b'"', &self.text[from..limit]).map(|n| from + n) {
            if self.text.get(quote + 1) == Some(&b'"') {
                from = (quote + 2).min(limit);
                continue;
            }
            let end = self.cell_end(quote + 1);
            let clean = self.text[quote + 1..end].iter().all(|unit| *unit == b' ');
            let within_line = memchr2(b'\r', b'\n', &self.text[start..quote]).is_none();
            if clean || within_line {
                return end;
            }
            break;
        }
        self.cell_end(start)
    }
}

impl Iterator for Sampler<'_> {
    type Item = Sampled;

    fn next(&mut self) -> Option<Sampled> {
        if self.position >= self.text.len() {
            return None;
        }
        let mut record = Sampled { start: self.position, line: self.line, ..Sampled::default() };
        let mut start = self.position;
        loop {
            let end = self.cell(start);
            record.cells.push(start..end);
            if self.text.get(end) != Some(&self.delimiter) {
                record.line_end = end;
                break;
            }
            start = end + 1;
        }
        record.end = record.line_end + line_end_len(&self.text[record.line_end..]);
        self.line += count_lines(&self.text[record.start..record.end]);
        self.position = record.end;
        Some(record)
    }
}

/// The length of the line end that `text` begins with.
fn line_end_len(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// How many line ends are in `text`; CRLF is one.
fn count_lines(text: &[u8]) -> u64 {
    let ends = text.iter().enumerate();
    ends.filter(|&(i, unit)| *unit == b'\n' || (*unit == b'\r' && text.get(i + 1) != Some(&b'\n'))).count()
        as u64
}

/// The delimiter that a `sep=` line names, and the line's length with its line end.
pub(super) fn sep_line(text: &[u8]) -> Option<(u8, usize)> {
    let end = memchr2(b'\r', b'\n', text)?;
    let line = text[..end].trim_ascii_end();
    let line = if line.len() < 5 { &text[..end] } else { line };
    let line = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(line);
    let (word, delimiter) = line.split_at_checked(4)?;
    match delimiter {
        [one] if word.eq_ignore_ascii_case(b"sep=") && one.is_ascii() && *one != b'"' => {
            Some((*one, end + line_end_len(&text[end..])))
        }
        _ => None,
    }
}

/// A delimiter: one ASCII character that is neither a quote nor a line end, `\t` or `tab`.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "\\t" || text.eq_ignore_ascii_case("tab") => Ok(b'\t'),
        [b'"' | b'\r' | b'\n' | 0] => Err("a quote or a line end cannot be the delimiter".to_owned()),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("write one ASCII character, for example ';', or tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str, delimiter: u8) -> Vec<Vec<&str>> {
        Sampler::new(text.as_bytes(), delimiter, 0, 1)
            .map(|record| record.cells.into_iter().map(|cell| &text[cell]).collect())
            .collect()
    }

    #[test]
    fn quotes_line_ends_and_delimiters_are_seen() {
        for (text, delimiter, expected) in [
            ("a,b\nc,d\n", b',', vec![vec!["a", "b"], vec!["c", "d"]]),
            ("a;b\r\n\r\nc;\rd", b';', vec![vec!["a", "b"], vec![""], vec!["c", ""], vec!["d"]]),
            ("\"a,\"\"\n\",b\nc", b',', vec![vec!["\"a,\"\"\n\"", "b"], vec!["c"]]),
            ("\"a,b\nc,d\n", b',', vec![vec!["\"a", "b"], vec!["c", "d"]]),
            ("\"a,b\nc,\"d\"\n", b',', vec![vec!["\"a", "b"], vec!["c", "\"d\""]]),
            ("\"a\" ,b\"c\n", b',', vec![vec!["\"a\" ", "b\"c"]]),
            ("\"", b',', vec![vec!["\""]]),
            ("\"\"", b',', vec![vec!["\"\""]]),
        ] {
            assert_eq!(cells(text, delimiter), expected, "{text:?}");
        }
        let lines: Vec<u64> =
            Sampler::new(b"a\r\n\"b\nc\"\rd\n\ne", b',', 0, 1).map(|record| record.line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 6]);
    }

    #[test]
    fn a_sep_line_names_its_delimiter() {
        for (text, expected) in [
            ("sep=;\nx", Some((b';', 6))),
            ("SEP=,\r\nx", Some((b',', 7))),
            ("\"sep=|\"\nx", Some((b'|', 8))),
            ("sep=\t\nx", Some((b'\t', 6))),
            ("sep=; \nx", Some((b';', 7))),
            ("sep=\nx", None),
            ("sep=ab\nx", None),
            ("separator\nx", None),
            ("sep=;", None),
            ("", None),
        ] {
            assert_eq!(sep_line(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_delimiter_is_one_ascii_character() {
        for (text, byte) in [(";", b';'), ("\\t", b'\t'), ("tab", b'\t'), ("|", b'|'), ("\t", b'\t')] {
            assert_eq!(delimiter(text), Ok(byte), "{text}");
        }
        for wrong in ["", "\"", "\n", "§", "ab"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
