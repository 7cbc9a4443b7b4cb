//! The cells of one record. The splitter has said where the record ends and how its quotes stand; here they
//! are only taken off.

use memchr::memchr;

/// One cell's place in its record's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The first byte of its text, inside the quotes if it has any.
    pub start: u32,
    /// One past the last byte of its text.
    pub end: u32,
    /// Quotes inside are doubled.
    pub doubled: bool,
}

impl Cell {
    /// The cell's text; `buffer` is used where doubled quotes must be taken back.
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

/// Takes doubled quotes back. Apart, so that the common cell's text is found without a call.
fn halve_quotes(raw: &str, buffer: &mut String) {
    buffer.clear();
    let mut rest = raw;
    while let Some(at) = rest.find("\"\"") {
        buffer.push_str(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    buffer.push_str(rest);
}

/// Takes the guard of `export --for-spreadsheet` off: one apostrophe before a sign that would begin a formula,
/// or before further apostrophes and such a sign. Returns from how many cells.
pub(crate) fn unguard(record: &str, cells: &mut [Cell]) -> u64 {
    let mut taken = 0;
    for cell in cells {
        let text = &record.as_bytes()[cell.start as usize..cell.end as usize];
        if text.first() != Some(&b'\'') {
            continue;
        }
        let sign = text.iter().find(|&&byte| byte != b'\'');
        if matches!(sign, Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
            cell.start += 1;
            taken += 1;
        }
    }
    taken
}

/// Finds the cells of a record without quotes. `record` has no line end.
#[inline]
pub(crate) fn split_plain(record: &str, delimiter: u8, cells: &mut Vec<Cell>) {
    cells.clear();
    let bytes = record.as_bytes();
    let mut start = 0;
    for at in memchr::memchr_iter(delimiter, bytes) {
        cells.push(Cell { start: small(start), end: small(at), doubled: false });
        start = at + 1;
    }
    cells.push(Cell { start: small(start), end: small(bytes.len()), doubled: false });
}

/// Finds the cells of a record whose quotes all stand where they belong. `record` has no line end.
pub(crate) fn split_quoted(record: &str, delimiter: u8, cells: &mut Vec<Cell>) {
    cells.clear();
    let bytes = record.as_bytes();
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
            cells.push(Cell { start: small(start), end: small(close), doubled });
            at = close + 1;
        } else {
            let end = at + memchr(delimiter, &bytes[at..]).unwrap_or(bytes.len() - at);
            cells.push(Cell { start: small(at), end: small(end), doubled: false });
            at = end;
        }
        if bytes.get(at) != Some(&delimiter) {
            return;
        }
        at += 1;
    }
}

/// Offsets within a record: the splitter's horizon keeps it far below 4 GiB.
fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a record is smaller than 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(record: &str) -> Vec<String> {
        let mut cells = Vec::new();
        if record.contains('"') {
            split_quoted(record, b',', &mut cells);
        } else {
            split_plain(record, b',', &mut cells);
        }
        cells.iter().map(|cell| cell.text(record, &mut String::new()).to_owned()).collect()
    }

    #[test]
    fn quotes_are_taken_off_and_doubled_ones_halved() {
        assert_eq!(texts("a,,\"b,c\",\"d\"\"e\"\"\",\"\""), ["a", "", "b,c", "d\"e\"", ""]);
        assert_eq!(texts(""), [""]);
        assert_eq!(texts(","), ["", ""]);
    }

    #[test]
    fn one_apostrophe_before_a_formula_is_taken_off_and_no_other() {
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
        ] {
            let mut cells = Vec::new();
            if cell.contains('"') {
                split_quoted(cell, b',', &mut cells);
            } else {
                split_plain(cell, b',', &mut cells);
            }
            assert_eq!(unguard(cell, &mut cells), taken, "{cell}");
            assert_eq!(cells[0].text(cell, &mut String::new()), text, "{cell}");
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
