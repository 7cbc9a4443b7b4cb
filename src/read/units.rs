//! Code units: how to find ASCII characters in the stored bytes without decoding them.

use memchr::{memchr, memchr3};

use crate::source::Encoding;

/// The code units of an encoding. The splitter works on them and never decodes.
pub(crate) trait Units: Copy + Sync {
    /// Bytes of one code unit.
    const WIDTH: usize;
    /// Whether a record is an empty line, or has nothing but delimiters: a spreadsheet's empty row.
    #[inline]
    fn is_blank(self, record: &[u8], delimiter: Option<u8>) -> bool {
        match self.ascii(record, 0) {
            Some(b'\n' | b'\r') => end_of_line(self, record, 0, true) == Some(record.len()),
            first => first.is_some() && first == delimiter && has_only(self, record, delimiter),
        }
    }
    /// The next quote, line feed or carriage return from `from` on, and which it is.
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)>;
    /// The next quote from `from` on.
    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize>;
    /// The ASCII character at `at`; 0xFF for any other, `None` at the end of the bytes.
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8>;
}

/// Units of one byte: UTF-8 and the single-byte encodings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrow;

impl Units for Narrow {
    const WIDTH: usize = 1;

    #[inline]
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        memchr3(b'"', b'\n', b'\r', bytes.get(from..)?).map(|i| (from + i, bytes[from + i]))
    }

    #[inline]
    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize> {
        memchr(b'"', bytes.get(from..)?).map(|i| from + i)
    }

    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        bytes.get(at).copied()
    }
}

/// Lines of NDJSON: only a line feed ends one, and a line of white space is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl Units for Lines {
    const WIDTH: usize = 1;

    fn is_blank(self, record: &[u8], _delimiter: Option<u8>) -> bool {
        record.trim_ascii().is_empty()
    }

    #[inline]
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        memchr(b'\n', bytes.get(from..)?).map(|i| (from + i, b'\n'))
    }

    fn next_quote(self, _bytes: &[u8], _from: usize) -> Option<usize> {
        None
    }

    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        bytes.get(at).copied()
    }
}

/// Units of two bytes: UTF-16.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    /// Whether the more significant byte comes first.
    pub(crate) big_endian: bool,
}

impl Wide {
    /// The units of an encoding, if they have two bytes.
    pub(crate) fn of(encoding: Encoding) -> Option<Self> {
        match encoding {
            Encoding::Utf16Le => Some(Self { big_endian: false }),
            Encoding::Utf16Be => Some(Self { big_endian: true }),
            Encoding::Utf8 | Encoding::SingleByte(_) => None,
        }
    }
}

impl Units for Wide {
    const WIDTH: usize = 2;

    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        let (low, high) = if self.big_endian { (1, 0) } else { (0, 1) };
        bytes
            .get(from..)?
            .chunks_exact(2)
            .position(|unit| unit[high] == 0 && matches!(unit[low], b'"' | b'\n' | b'\r'))
            .map(|i| (from + 2 * i, bytes[from + 2 * i + low]))
    }

    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            match self.next_special(bytes, from)? {
                (at, b'"') => return Some(at),
                (at, _) => from = at + 2,
            }
        }
    }

    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        let unit = bytes.get(at..at + 2)?;
        let (low, high) = if self.big_endian { (unit[1], unit[0]) } else { (unit[0], unit[1]) };
        Some(if high == 0 && low < 0x80 { low } else { 0xFF })
    }
}

/// One past the line end that begins at `at`; `None` if the buffer ends between CR and a possible LF.
#[inline]
pub(crate) fn end_of_line<U: Units>(units: U, bytes: &[u8], at: usize, last: bool) -> Option<usize> {
    let after = at + U::WIDTH;
    if units.ascii(bytes, at) != Some(b'\r') {
        return Some(after);
    }
    match units.ascii(bytes, after) {
        Some(b'\n') => Some(after + U::WIDTH),
        None if !last => None,
        _ => Some(after),
    }
}

/// Whether a record has nothing but delimiters and its line end.
fn has_only<U: Units>(units: U, record: &[u8], delimiter: Option<u8>) -> bool {
    (0..record.len()).step_by(U::WIDTH).all(|at| match units.ascii(record, at) {
        Some(b'\n' | b'\r') => true,
        unit => unit == delimiter,
    })
}

/// The number of cells of a record; delimiters in quoted cells do not count.
pub(crate) fn count_cells<U: Units>(units: U, delimiter: u8, record: &[u8]) -> usize {
    let mut cells = 1;
    let mut quoted = false;
    let mut first = true;
    let mut at = 0;
    while let Some(char) = units.ascii(record, at) {
        if quoted {
            if char == b'"' {
                if units.ascii(record, at + U::WIDTH) == Some(b'"') {
                    at += U::WIDTH;
                } else {
                    quoted = false;
                }
            }
        } else if char == b'"' && first {
            quoted = true;
        }
        first = !quoted && char == delimiter;
        cells += usize::from(first);
        at += U::WIDTH;
    }
    cells
}

/// The number of physical lines of a record; a line end at its very end begins no new line.
pub(crate) fn count_lines<U: Units>(units: U, record: &[u8]) -> u32 {
    let mut lines = 0;
    let mut at = 0;
    let mut end = 0;
    while let Some((special, kind)) = units.next_special(record, at) {
        at = special + U::WIDTH;
        if kind != b'"' {
            at = end_of_line(units, record, special, true).unwrap_or(at);
            end = at;
            lines += 1;
        }
    }
    lines + u32::from(end < record.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_delimiters_alone_is_blank() {
        for record in [&b"\n"[..], b"\r\n", b"\r", b";\n", b";;;\r\n", b";;"] {
            assert!(Narrow.is_blank(record, Some(b';')), "{record:?}");
        }
        for record in [&b" \n"[..], b"; ;\n", b";\"\"\n", b",\n", b"a;\n", b";a"] {
            assert!(!Narrow.is_blank(record, Some(b';')), "{record:?}");
        }
        let wide = Wide { big_endian: false };
        assert!(wide.is_blank(b";\0;\0\n\0", Some(b';')) && !wide.is_blank(b";\0;\x01\n\0", Some(b';')));
        assert!(!Narrow.is_blank(b";;\n", None));
    }

    #[test]
    fn lines_are_counted_with_every_kind_of_line_end() {
        for (record, lines) in [(&b"a\n"[..], 1), (b"a", 1), (b"a\nb", 2), (b"a\r\nb\rc\n", 3), (b"\n", 1)] {
            assert_eq!(count_lines(Narrow, record), lines, "{record:?}");
        }
    }
}
