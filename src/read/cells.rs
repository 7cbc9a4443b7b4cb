//! The cells of one record. The splitter has found the record's end and checked its quotes; here the quotes are
//! only removed.

use memchr::memchr;

use crate::output::formula;
use crate::rule::text::{dirt_of, is_printable_ascii};

use super::offset::offset;

/// One cell's place in its record's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The first byte of its text, after the opening quote if it has one.
    pub(crate) start: u32,
    /// One past the last byte of its text.
    pub(crate) end: u32,
    /// Quotes inside are doubled.
    pub(crate) doubled: bool,
}

impl Cell {
    /// The cell's text; `buffer` is used if it has doubled quotes.
    #[inline]
    pub(crate) fn text<'t>(self, record: &'t str, buffer: &'t mut String) -> &'t str {
        let raw = &record[self.start as usize..self.end as usize];
        if !self.doubled {
            return raw;
        }
        halve_quotes(raw, buffer);
        buffer
    }
}

/// Replaces doubled quotes by single ones. A separate function, so that most cells need no call.
fn halve_quotes(raw: &str, buffer: &mut String) {
    buffer.clear();
    let mut rest = raw;
    while let Some(at) = rest.find("\"\"") {
        buffer.push_str(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    buffer.push_str(rest);
}

/// Takes the guards of `export --for-spreadsheet` off ([`formula::unguarded`]). Returns the number of cells that had some,
/// and the text that the cells are in now, if it is another: the record, with copies of those cells appended.
pub(crate) fn unguard(record: &str, cells: &mut [Cell]) -> (u64, Option<String>) {
    let mut taken = 0;
    let mut copies: Option<String> = None;
    for cell in cells {
        if let Some(bare) = formula::unguarded(&record[cell.start as usize..cell.end as usize]) {
            let text = copies.get_or_insert_with(|| record.to_owned());
            cell.start = offset(text.len());
            text.push_str(&bare);
            cell.end = offset(text.len());
            taken += 1;
        }
    }
    (taken, copies)
}

/// Finds the cells of a record without quotes. Returns whether they hold nothing but printable ASCII. `record` has
/// no line end.
///
/// One pass over words of eight bytes: cells are so short that a search for each delimiter, and one for other
/// characters in each cell, would take longer to start than to finish.
#[inline]
pub(crate) fn split_plain(record: &str, delimiter: u8, cells: &mut Vec<Cell>) -> bool {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    cells.clear();
    let bytes = record.as_bytes();
    let end = offset(bytes.len());
    let pattern = u64::from_ne_bytes([delimiter; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let (mut start, mut base, mut dirt) = (0, 0, 0);
    for word in words {
        let word = u64::from_le_bytes(*word);
        let other = word ^ pattern;
        // The high bit of each byte that is the delimiter, without carries between bytes.
        let mut found = !(((other & LOW) + LOW) | other | LOW);
        // A tab that is the delimiter is no dirt: the added bit makes it a printable character.
        dirt |= dirt_of(word | found >> 2);
        while found != 0 {
            let at = base + found.trailing_zeros() / 8;
            cells.push(Cell { start, end: at, doubled: false });
            start = at + 1;
            found &= found - 1;
        }
        base += 8;
    }
    let mut clean = dirt == 0;
    for &byte in rest {
        if byte == delimiter {
            cells.push(Cell { start, end: base, doubled: false });
            start = base + 1;
        } else {
            clean &= (0x20..0x7F).contains(&byte);
        }
        base += 1;
    }
    cells.push(Cell { start, end, doubled: false });
    clean
}

/// Finds the cells of a record with well-placed quotes. Returns whether they hold nothing but printable ASCII.
/// `record` has no line end.
pub(crate) fn split_quoted(record: &str, delimiter: u8, cells: &mut Vec<Cell>) -> bool {
    cells.clear();
    let bytes = record.as_bytes();
    let clean = is_printable_ascii(bytes);
    let mut at = 0;
    loop {
        if bytes.get(at) == Some(&b'"') {
            let start = at + 1;
            let mut doubled = false;
            let mut close = start;
            loop {
                close += memchr(b'"', &bytes[close..]).unwrap_or(bytes.len() - close);
                if bytes.get(close + 1) != Some(&b'"') {
                    break;
                }
                doubled = true;
                close += 2;
            }
            cells.push(Cell { start: offset(start), end: offset(close), doubled });
            at = close + 1;
        } else {
            let end = at + memchr(delimiter, &bytes[at..]).unwrap_or(bytes.len() - at);
            cells.push(Cell { start: offset(at), end: offset(end), doubled: false });
            at = end;
        }
        if bytes.get(at) != Some(&delimiter) {
            return clean;
        }
        at += 1;
    }
}

/// The simple way for both, byte by byte, that tests compare them with. It never reports printable ASCII.
#[cold]
pub(crate) fn split_slowly(record: &str, delimiter: u8, cells: &mut Vec<Cell>) -> bool {
    cells.clear();
    let bytes = record.as_bytes();
    let (mut at, mut quoted) = (0, false);
    let mut cell = Cell { start: 0, end: 0, doubled: false };
    let mut closed = false;
    while let Some(&byte) = bytes.get(at) {
        let here = offset(at);
        match byte {
            b'"' if quoted && bytes.get(at + 1) == Some(&b'"') => {
                cell.doubled = true;
                at += 1;
            }
            b'"' if quoted => (quoted, closed, cell.end) = (false, true, here),
            b'"' if here == cell.start && !closed => (quoted, cell.start) = (true, here + 1),
            _ if byte == delimiter && !quoted => {
                if !closed {
                    cell.end = here;
                }
                cells.push(cell);
                cell = Cell { start: here + 1, end: 0, doubled: false };
                closed = false;
            }
            _ => {}
        }
        at += 1;
    }
    if !closed {
        cell.end = offset(bytes.len());
    }
    cells.push(cell);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(record: &str) -> Vec<String> {
        let (mut cells, mut slow) = (Vec::new(), Vec::new());
        split_slowly(record, b',', &mut slow);
        if record.contains('"') {
            split_quoted(record, b',', &mut cells);
        } else {
            let clean = split_plain(record, b',', &mut cells);
            assert_eq!(clean, record.bytes().all(|byte| (0x20..0x7F).contains(&byte)), "{record:?}");
        }
        assert_eq!(cells, slow, "{record:?}");
        cells.iter().map(|cell| cell.text(record, &mut String::new()).to_owned()).collect()
    }

    #[test]
    fn quotes_are_removed_and_doubled_ones_become_single() {
        assert_eq!(texts("a,,\"b,c\",\"d\"\"e\"\"\",\"\""), ["a", "", "b,c", "d\"e\"", ""]);
        assert_eq!(texts(""), [""]);
        assert_eq!(texts(","), ["", ""]);
    }

    #[test]
    fn one_apostrophe_before_each_formula_is_removed_and_no_other() {
        for (cell, text, taken) in [
            ("'=1+1", "=1+1", 1),
            ("\"'+31 6\"", "+31 6", 1),
            ("''-5", "'-5", 1),
            ("'@x", "@x", 1),
            ("\"'\tx\"", "\tx", 1),
            ("'s-Gravenhage", "'s-Gravenhage", 0),
            ("'", "'", 0),
            ("", "", 0),
            ("=1", "=1", 0),
            ("a'=1", "a'=1", 0),
            ("a;'=1", "a;=1", 1),
            ("\"a,'=1;'\"\"-1\"\"\"", "a,=1;\"-1\"", 1),
        ] {
            for record in [cell.to_owned(), format!("{cell},x")] {
                let mut cells = Vec::new();
                if cell.contains('"') {
                    split_quoted(&record, b',', &mut cells);
                } else {
                    split_plain(&record, b',', &mut cells);
                }
                let (found, copies) = unguard(&record, &mut cells);
                assert_eq!(found, taken, "{cell}");
                let read = copies.as_deref().unwrap_or(&record);
                assert_eq!(cells[0].text(read, &mut String::new()), text, "{cell}");
                assert!(cells.get(1).is_none_or(|cell| cell.text(read, &mut String::new()) == "x"));
            }
        }
    }

    proptest! {
        #[test]
        fn on_valid_records_the_cells_are_those_of_csv_core(
            cells in prop::collection::vec(("[a,\" é\n]{0,6}", any::<bool>()), 1..6)
        ) {
            let record = cells
                .iter()
                .map(|(text, quote)| {
                    let needs = *quote || text.contains([',', '"', '\n']);
                    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
                })
                .collect::<Vec<_>>()
                .join(",");
            prop_assume!(!record.is_empty());
            let mut reader = csv_core::Reader::new();
            let mut fields = [0; 256];
            let mut ends = [0; 16];
            let (_, _, written, count) = reader.read_record(record.as_bytes(), &mut fields, &mut ends);
            let (_, _, more, extra) = reader.read_record(&[], &mut fields[written..], &mut ends[count..]);
            let mut from = 0;
            let mut expected = Vec::new();
            for &end in &ends[..count + extra] {
                expected.push(String::from_utf8_lossy(&fields[from..end]).into_owned());
                from = end;
            }
            prop_assert_eq!(more, 0);
            prop_assert_eq!(texts(&record), expected);
        }
    }
}
