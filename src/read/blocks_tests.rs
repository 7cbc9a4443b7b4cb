//! What the blocks of whole files promise: their spans tile the file, and one bad quote costs one record.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::read::units::Narrow;

/// A span in the file: start, end, line, lines, shape.
type Absolute = (u64, u64, u64, u32, Shape);

fn header() -> RepeatedHeader {
    let names = ["a", "b", "c"].map(str::to_owned);
    RepeatedHeader::new(&names, crate::source::Encoding::Utf8, b',')
}

/// All spans, the number of blank lines, and how many bytes the blocks cover.
fn spans(data: &[u8], block_size: usize, horizon: usize) -> (Vec<Absolute>, u64, u64) {
    let grammar = Grammar { delimiter: b',', columns: 3, horizon, by_record: false, by_line: false };
    let start = DataStart { offset: 0, line: 1, header: Some(header()) };
    let mut blocks = Blocks::new(&data, Narrow, grammar, start, block_size);
    let mut all = Vec::new();
    let (mut blank, mut covered) = (0, 0);
    while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
        blank += block.blank;
        assert_eq!(block.start.offset, covered, "blocks follow one another");
        covered += block.covered();
        for span in &block.spans {
            let start = block.start.offset + u64::from(span.start);
            let line = block.start.line + u64::from(span.line);
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
    // The next quote closes it, but other text follows that quote.
    assert_eq!(texts("1,\"x,3\n4,\"y\",6\n7,8,9\n"), ["1,\"x,3\n", "4,\"y\",6\n", "7,8,9\n"]);
    // Another planted quote closes it properly, but the lines between are records by themselves.
    assert_eq!(texts("1,2,\"x\n4,5,6\n7,\"\"\n"), ["1,2,\"x\n", "4,5,6\n", "7,\"\"\n"]);
    assert_eq!(texts("1,\"Jansen, P\"\",3\n4,\"y z\",6\n"), ["1,\"Jansen, P\"\",3\n", "4,\"y z\",6\n"]);
}

#[test]
fn a_quoted_cell_may_contain_line_ends() {
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
    let source = &b"1,2,3\na,b,c\n4,5,6\n"[..];
    let grammar = Grammar { delimiter: b',', columns: 3, horizon: 1 << 16, by_record: false, by_line: false };
    let start = DataStart { offset: 0, line: 2, header: Some(header()) };
    let block = Blocks::new(&source, Narrow, grammar, start, 1 << 16);
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
            // Only blank lines are between records, and those of delimiters alone.
            let gap = &data[usize::try_from(at).unwrap()..usize::try_from(start).unwrap()];
            prop_assert!(gap.iter().all(|b| matches!(b, b'\n' | b'\r' | b',')));
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
