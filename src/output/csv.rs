//! CSV as this program writes it (RFC 4180): values are kept exactly, NULL is an empty cell, the empty text is `""`,
//! and quotes are written only where they are needed. Reports for people have a writer that changes values
//! ([`super::spreadsheet`]).
//!
//! The value `\.` is quoted: alone on a line without quotes, PostgreSQL before version 18 takes it for the end of the
//! data.

use std::borrow::Cow;

use memchr::memchr;

use super::formula;

/// What a file for a spreadsheet begins with: the byte order mark of UTF-8.
pub(crate) const BOM: &[u8] = "\u{feff}".as_bytes();

/// How cells and lines are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Csv {
    delimiter: u8,
    line_end: &'static [u8],
    /// Whether formulas get an apostrophe ([`formula::guarded`]).
    guarded: bool,
}

impl Csv {
    /// For programs: commas and line feeds.
    pub(crate) const EXACT: Self = Self { delimiter: b',', line_end: b"\n", guarded: false };

    /// The same with the line ends of RFC 4180.
    pub(crate) const EXACT_CRLF: Self = Self { line_end: b"\r\n", ..Self::EXACT };

    /// For a spreadsheet, which may split at this delimiter or at another one: CRLF, and no cell that begins a formula.
    pub(crate) fn spreadsheet(delimiter: u8) -> Self {
        Self { delimiter, line_end: b"\r\n", guarded: true }
    }

    /// The lines that a file begins with: the header, after the byte order mark in a file for a spreadsheet.
    pub(crate) fn head<'v>(self, names: impl Iterator<Item = &'v str>) -> Vec<u8> {
        let mut out = if self.guarded { BOM.to_vec() } else { Vec::new() };
        self.line(&mut out, names.map(Some));
        out
    }

    /// Appends a line of values; `None` is NULL.
    pub(crate) fn line<V: AsRef<[u8]>>(self, out: &mut Vec<u8>, values: impl Iterator<Item = Option<V>>) {
        for value in values {
            if let Some(value) = value {
                self.cell(out, value.as_ref());
            }
            self.delimit(out);
        }
        self.end_line(out);
    }

    /// Appends one value.
    #[inline]
    pub(crate) fn cell(self, out: &mut Vec<u8>, value: &[u8]) {
        if self.guarded
            && let Some(guarded) = guarded(value)
        {
            return quoted(out, guarded.as_bytes());
        }
        // Cells are short: comparing all bytes without a branch is faster than a search that may stop early.
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if value.iter().fold(false, |any, &byte| any | special(byte)) || matches!(value, b"" | b"\\.") {
            return quoted(out, value);
        }
        out.extend_from_slice(value);
    }

    /// Appends the delimiter after a cell.
    pub(crate) fn delimit(self, out: &mut Vec<u8>) {
        out.push(self.delimiter);
    }

    /// Ends a line: the delimiter after its last cell becomes the line end.
    pub(crate) fn end_line(self, out: &mut Vec<u8>) {
        out.pop();
        out.extend_from_slice(self.line_end);
    }
}

fn quoted(out: &mut Vec<u8>, value: &[u8]) {
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// A value with its guards, if it needs any. A whole number with a `+` is a telephone number and no formula.
#[cold]
fn guarded(value: &[u8]) -> Option<String> {
    if let [b'+', digits @ ..] = value
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
    {
        return None;
    }
    match formula::guarded(std::str::from_utf8(value).ok()?) {
        Cow::Borrowed(_) => None,
        Cow::Owned(guarded) => Some(guarded),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(csv: Csv, value: &str) -> String {
        let mut out = Vec::new();
        csv.cell(&mut out, value.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_are_written_only_where_they_are_needed() {
        for (value, cell) in [
            ("", "\"\""),
            ("a b", "a b"),
            (" a ", " a "),
            ("a;b", "a;b"),
            ("=1", "=1"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("two\rlines", "\"two\rlines\""),
            ("\\.", "\"\\.\""),
            ("\\..", "\\.."),
            ("\\N", "\\N"),
        ] {
            assert_eq!(written(Csv::EXACT, value), cell);
        }
    }

    #[test]
    fn a_spreadsheet_gets_no_formula_and_its_telephone_numbers_as_they_are() {
        for (value, cell) in [
            ("+31612345678", "+31612345678"),
            ("+31 6 1234", "\"'+31 6 1234\""),
            ("=1+1", "\"'=1+1\""),
            ("-5", "\"'-5\""),
            ("'=1", "\"''=1\""),
            ("'s-Gravenhage", "'s-Gravenhage"),
            ("a;b", "\"a;b\""),
            ("a,b", "a,b"),
            ("a,=b", "\"a,'=b\""),
            ("+1;+2", "\"'+1;'+2\""),
            ("a;\"=b\"", "\"a;'\"\"=b\"\"\""),
            ("\\.", "\"\\.\""),
        ] {
            assert_eq!(written(Csv::spreadsheet(b';'), value), cell);
        }
        assert_eq!(Csv::spreadsheet(b';').head(["a", "b"].into_iter()), "\u{feff}a;b\r\n".as_bytes());
    }

    proptest! {
        #[test]
        fn every_cell_is_read_back_by_another_reader(values in prop::collection::vec("\\PC{0,5}|[,\"\r\n a=]{0,6}", 2..5)) {
            let mut out = Vec::new();
            Csv::EXACT.line(&mut out, values.iter().map(Some));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), values);
        }
    }
}
