//! A reader of CSV as muster writes it: commas, LF, quotes only where needed, NULL an empty cell and the empty text
//! `""`. No other CSV can be read here.

use std::io::{self, BufRead, Read as _};

/// The largest record. A compressed file can claim a line without an end.
const LONGEST: u64 = 256 << 20;

/// Reads the next record, with its line end, into `record`. Returns whether there was one.
/// Errors: the file cannot be read, or ends within a record.
pub(super) fn next(from: &mut impl BufRead, record: &mut Vec<u8>) -> io::Result<bool> {
    record.clear();
    let mut inside = false;
    loop {
        let before = record.len();
        let room = LONGEST.saturating_sub(before as u64);
        if from.by_ref().take(room).read_until(b'\n', record)? == 0 {
            return if record.is_empty() { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        if record.last() != Some(&b'\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Quotes come in pairs, in cells and around them: after an odd number a cell is still open.
        inside ^= memchr::memchr_iter(b'"', &record[before..]).count() % 2 == 1;
        if !inside {
            return Ok(true);
        }
    }
}

/// The cells of a record with their quotes.
pub(super) fn raw_cells(record: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(record.strip_suffix(b"\n").unwrap_or(record));
    std::iter::from_fn(move || {
        let record = rest.take()?;
        let mut inside = false;
        let end = record.iter().position(|&byte| {
            inside ^= byte == b'"';
            byte == b',' && !inside
        });
        let Some(end) = end else { return Some(record) };
        rest = Some(&record[end + 1..]);
        Some(&record[..end])
    })
}

/// The values of a record; `None` is NULL.
pub(super) fn cells(record: &[u8]) -> impl Iterator<Item = Option<Vec<u8>>> {
    raw_cells(record).map(value)
}

/// One value of a record.
pub(super) fn cell(record: &[u8], position: usize) -> Option<Vec<u8>> {
    raw_cells(record).nth(position).and_then(value)
}

fn value(raw: &[u8]) -> Option<Vec<u8>> {
    if raw.is_empty() {
        return None;
    }
    let Some(quoted) = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")) else {
        return Some(raw.to_vec());
    };
    let mut value = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some(at) = memchr::memchr(b'"', rest) {
        value.extend_from_slice(&rest[..=at]);
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    value.extend_from_slice(rest);
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::output::Csv;

    proptest! {
        #[test]
        fn what_was_written_is_read_back_with_null_and_empty_apart(
            rows in prop::collection::vec(
                prop::collection::vec(prop::option::of("[a,\"\n\r ü]{0,5}"), 3), 0..6)
        ) {
            let mut file = Vec::new();
            for row in &rows {
                Csv::EXACT.line(&mut file, row.iter().map(Option::as_ref));
            }
            let (mut from, mut record, mut found) = (file.as_slice(), Vec::new(), Vec::new());
            while next(&mut from, &mut record).unwrap() {
                found.push(cells(&record).map(|cell| cell.map(|c| String::from_utf8(c).unwrap())).collect::<Vec<_>>());
                prop_assert_eq!(cell(&record, 1), cells(&record).nth(1).unwrap());
            }
            prop_assert_eq!(found, rows);
        }
    }

    #[test]
    fn a_file_that_ends_within_a_record_is_an_error() {
        for cut in ["a,\"b\n", "a,b"] {
            let mut record = Vec::new();
            let error = next(&mut cut.as_bytes(), &mut record).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{cut}");
        }
    }
}
