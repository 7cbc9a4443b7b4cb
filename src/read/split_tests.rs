//! What the scanner promises about single records.

use super::*;
use crate::read::units::{Narrow, Wide};

fn scan(bytes: &[u8]) -> (usize, Shape, u32) {
    let grammar = Grammar { delimiter: b';', columns: 3, horizon: 1 << 16, by_record: false, by_line: false };
    match scan_record(Narrow, &grammar, bytes, 0, true) {
        Scan::Record(Scanned { end, lines, shape }) => (end, shape, lines),
        other => panic!("{other:?}"),
    }
}

#[test]
fn quotes_are_told_apart_by_their_place() {
    for (record, shape) in [
        (&b"a;b;c\n"[..], Shape::Plain),
        (b"a;\"b\";c\n", Shape::Quoted),
        (b"a;\"b;\"\"c\"\"\";c\n", Shape::Quoted),
        (b"\"\";\"\";\"\"", Shape::Quoted),
        (b"a;b\"c;d\n", Shape::StrayQuote(3)),
        (b"a;\"b\"c;d\n", Shape::StrayQuote(4)),
        (b"a; \"b\";d\n", Shape::StrayQuote(3)),
        (b"a;\"b;c\n", Shape::UnclosedQuote(2)),
        (b"a;\"b;c", Shape::UnclosedQuote(2)),
        (b"\"a\";\"b;c\n", Shape::UnclosedQuote(4)),
    ] {
        let (end, found, lines) = scan(record);
        assert_eq!((found, end, lines), (shape, record.len(), 1), "{}", String::from_utf8_lossy(record));
    }
}

#[test]
fn utf16_is_split_by_code_units() {
    for big_endian in [false, true] {
        let text = "a;\"b\nĊ\";c\r\nd;e;f";
        let bytes: Vec<u8> = text
            .encode_utf16()
            .flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
            .collect();
        let grammar =
            Grammar { delimiter: b';', columns: 3, horizon: 1 << 16, by_record: false, by_line: false };
        let Scan::Record(first) = scan_record(Wide { big_endian }, &grammar, &bytes, 0, true) else {
            panic!("incomplete")
        };
        assert_eq!((first.end, first.lines, first.shape), (22, 2, Shape::Quoted));
        let Scan::Record(second) = scan_record(Wide { big_endian }, &grammar, &bytes, 22, true) else {
            panic!("incomplete")
        };
        assert_eq!((second.end, second.shape), (bytes.len(), Shape::Plain));
    }
}
