//! Rows as CSV. Exact by default: NULL is an empty cell, the empty string is `""`, quotes only where needed, LF.
//! For a spreadsheet: UTF-8 with a byte order mark, CRLF, and no cell that starts a formula, but for whole
//! numbers with a `+`, which are telephone numbers.

use memchr::memchr;

use crate::record::RowEncoder;
use crate::rule::Rule;

use super::encode::{fields, key_of};
use super::error::ExportError;
use super::job::{Column, Job};

/// How cells are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Csv {
    delimiter: u8,
    guarded: bool,
}

impl Csv {
    pub(crate) fn new(spreadsheet: Option<u8>) -> Self {
        Self { delimiter: spreadsheet.unwrap_or(b','), guarded: spreadsheet.is_some() }
    }

    pub(crate) fn head(self, columns: &[Column]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.guarded {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        self.line(columns.iter().map(|column| Some(column.name.as_bytes())), &mut out);
        out
    }

    /// A line of values that need no rule; none is NULL.
    pub(crate) fn line<'v>(self, values: impl Iterator<Item = Option<&'v [u8]>>, out: &mut Vec<u8>) {
        for value in values {
            if let Some(value) = value {
                self.cell(value, out);
            }
            out.push(self.delimiter);
        }
        self.end(out);
    }

    pub(crate) fn row(self, row: &[u8], job: &Job, out: &mut Vec<u8>) -> Result<(), ExportError> {
        for (field, column) in fields(row).zip(&job.columns) {
            if let Some(raw) = field {
                self.field(raw, &column.rule, out).ok_or_else(|| ExportError::Unwritable {
                    entity: job.name.clone(),
                    key: key_of(row, job),
                    column: column.name.clone(),
                })?;
            }
            out.push(self.delimiter);
        }
        self.end(out);
        Ok(())
    }

    /// One value; none where no cell can hold it.
    fn field(self, raw: &[u8], rule: &Rule, out: &mut Vec<u8>) -> Option<()> {
        let own_way = matches!(rule, Rule::List(_) | Rule::Decimal(_) | Rule::Date(_) | Rule::Timestamp(_));
        if !own_way && memchr(b'\\', raw).is_none() {
            self.cell(raw, out);
            return Some(());
        }
        let normal = RowEncoder::unescape(raw);
        let written = rule.written(&normal)?;
        self.cell(written.as_bytes(), out);
        Some(())
    }

    pub(crate) fn cell(self, value: &[u8], out: &mut Vec<u8>) {
        let guard = self.guarded && starts_a_formula(value);
        // Cells are short: looking at all bytes without a branch beats a search that may stop early.
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        let quoted = guard || value.is_empty() || value.iter().fold(false, |any, &byte| any | special(byte));
        if !quoted {
            out.extend_from_slice(value);
            return;
        }
        out.push(b'"');
        if guard {
            out.push(b'\'');
        }
        let mut rest = value;
        while let Some(at) = memchr(b'"', rest) {
            out.extend_from_slice(&rest[..=at]);
            out.push(b'"');
            rest = &rest[at + 1..];
        }
        out.extend_from_slice(rest);
        out.push(b'"');
    }

    /// Ends the row: the last delimiter becomes the line end.
    fn end(self, out: &mut Vec<u8>) {
        out.pop();
        out.extend_from_slice(if self.guarded { b"\r\n" } else { b"\n" });
    }
}

/// Whether a spreadsheet would take the cell for a formula. `+31612345678` is a number to it and stays as it is.
/// A value that begins with the guard itself, before such a sign, is guarded once more, so that taking one off
/// always gives the value back.
fn starts_a_formula(value: &[u8]) -> bool {
    let inner = value.iter().position(|&byte| byte != b'\'').map_or(&[][..], |at| &value[at..]);
    match inner.first() {
        Some(b'+') if inner.len() == value.len() => {
            let digits = &inner[1..];
            digits.is_empty() || !digits.iter().all(u8::is_ascii_digit)
        }
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(csv: Csv, value: &str) -> String {
        let mut out = Vec::new();
        csv.cell(value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quotes_stand_only_where_they_are_needed() {
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
        ] {
            assert_eq!(written(Csv::new(None), value), cell);
        }
    }

    #[test]
    fn a_spreadsheet_gets_no_formula_and_its_telephone_numbers_as_they_are() {
        for (value, cell) in [
            ("+31612345678", "+31612345678"),
            ("+31 6 1234", "\"'+31 6 1234\""),
            ("=1+1", "\"'=1+1\""),
            ("-5", "\"'-5\""),
            ("@x", "\"'@x\""),
            ("'=1", "\"''=1\""),
            ("'s-Gravenhage", "'s-Gravenhage"),
            ("a;b", "\"a;b\""),
            ("a,b", "a,b"),
        ] {
            assert_eq!(written(Csv::new(Some(b';')), value), cell);
        }
    }

    proptest! {
        #[test]
        fn every_cell_is_read_back_by_another_reader(values in prop::collection::vec("\\PC{0,5}|[,\"\r\n a=]{0,6}", 2..5)) {
            let csv = Csv::new(None);
            let mut out = Vec::new();
            for value in &values {
                csv.cell(value.as_bytes(), &mut out);
                out.push(b',');
            }
            csv.end(&mut out);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(out.as_slice());
            let record = reader.records().next().unwrap().unwrap();
            prop_assert_eq!(record.iter().collect::<Vec<_>>(), values);
        }
    }
}
