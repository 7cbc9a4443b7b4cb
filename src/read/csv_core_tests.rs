//! Whole valid files are read as csv-core reads them.

use proptest::prelude::*;

use super::blocks::{Blocks, DataStart};
use super::cells::{split_plain, split_quoted};
use super::split::{Grammar, Shape};
use super::units::Narrow;

/// The cells of a whole file, as reading splits it.
fn cells(file: &[u8], block_size: usize) -> Vec<Vec<String>> {
    let grammar = Grammar { delimiter: b',', columns: 3, horizon: 1 << 16, by_record: false, by_line: false };
    let start = DataStart { offset: 0, line: 1, header: None };
    let mut blocks = Blocks::new(&file, Narrow, grammar, start, block_size);
    let mut records = Vec::new();
    while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
        for span in &block.spans {
            let start = span.start as usize;
            let bytes = &block.bytes[start..start + usize::try_from(span.len).unwrap()];
            let text = std::str::from_utf8(bytes).unwrap();
            let text = text.strip_suffix('\n').unwrap_or(text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let mut cells = Vec::new();
            match span.shape {
                Shape::Plain => split_plain(text, b',', &mut cells),
                Shape::Quoted => split_quoted(text, b',', &mut cells),
                other => panic!("{other:?} in a valid file: {text:?}"),
            };
            records.push(cells.iter().map(|cell| cell.text(text, &mut String::new()).to_owned()).collect());
        }
    }
    records
}

/// The cells of a whole file, as csv-core splits it.
fn of_csv_core(file: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv_core::Reader::new();
    let (mut fields, mut ends) = (vec![0; file.len() + 64], [0; 64]);
    let (mut records, mut rest) = (Vec::new(), file);
    loop {
        let (mut written, mut count) = (0, 0);
        let whole = loop {
            let (result, read, more, found) =
                reader.read_record(rest, &mut fields[written..], &mut ends[count..]);
            rest = &rest[read..];
            written += more;
            count += found;
            match result {
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::Record => break true,
                csv_core::ReadRecordResult::End => break false,
                full => panic!("{full:?}"),
            }
        };
        if !whole {
            return records;
        }
        let starts = std::iter::once(0).chain(ends);
        let cell = |(from, to): (usize, &usize)| String::from_utf8(fields[from..*to].to_vec()).unwrap();
        records.push(starts.zip(&ends[..count]).map(cell).collect());
    }
}

proptest! {
    /// The files have well-placed quotes, line breaks in cells, blank lines and any line ends, and are cut into
    /// blocks of any size.
    #[test]
    fn all_cells_of_a_valid_file_are_those_of_csv_core(
        rows in prop::collection::vec(
            (prop::array::uniform3(("[a,\" é\r\n]{0,8}", any::<bool>())), 0..4_usize, 0..8_usize), 0..24),
        size in 16_usize..200,
        ended: bool,
    ) {
        let mut file = String::new();
        let mut last = 0;
        for (cells, line_end, blank) in &rows {
            let written = cells.each_ref().map(|(text, quote)| {
                let needs = *quote || text.contains([',', '"', '\n', '\r']);
                if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
            });
            let line_end = ["\n", "\r\n", "\r", "\n"][*line_end];
            file.push_str(&written.join(","));
            last = file.len();
            file.push_str(line_end);
            if *blank == 0 {
                file.push_str(line_end);
            }
        }
        if !ended {
            file.truncate(last);
        }
        // A record of delimiters alone is a blank line here.
        let filled = |records: Vec<Vec<String>>| -> Vec<Vec<String>> {
            records.into_iter().filter(|cells| cells.iter().any(|cell| !cell.is_empty())).collect()
        };
        let file = file.as_bytes();
        prop_assert_eq!(filled(cells(file, size)), filled(of_csv_core(file)), "{:?}", file);
    }
}
