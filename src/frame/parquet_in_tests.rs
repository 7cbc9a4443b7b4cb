//! Unit tests of `parquet_in`: what is written is read back, and no damage of a file gets past its error.

use std::io::Write as _;

use polars::prelude::{DataFrame, NamedFrom as _, ParquetCompression, ParquetWriter, Series};

use super::super::parquet_out::{Kind, written};
use super::super::parquet_rows::samples::{COLUMNS, fill};
use super::*;

fn stored(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

#[test]
fn written_rows_are_read_back() {
    let bytes = written(&COLUMNS, false, 1, |_, rows| fill(rows, "\n"));
    let table = ParquetTable::open(stored(&bytes)).unwrap();
    assert_eq!(table.rows, 2);
    assert!(table.columns.iter().all(|column| column.unread.is_none()));
    let mut rows = Vec::new();
    table
        .each(&[0, 1, 2, 3, 4, 5], &|_, _| Ok(()), |row| {
            rows.push(format!("{row:?}"));
            Ok(())
        })
        .unwrap();
    let items = [Some("a".to_owned()), None, Some("b c".to_owned())];
    let first = [
        Datum::Text(b"\n"),
        Datum::Boolean(true),
        Datum::Number("-7"),
        Datum::Civil("1969-12-31"),
        Datum::Instant("1969-12-31 23:59:59.5+00"),
        Datum::List(&items),
    ];
    assert_eq!(rows[0], format!("{first:?}"));
    assert_eq!(rows[1], "[Null, Null, Null, Null, Null, Null]");
}

#[test]
fn the_rows_of_many_batches_and_groups_are_read_in_order() {
    let columns = [("a", Kind::Integer), ("b", Kind::Text)];
    let bytes = written(&columns, true, 2, |group, rows| {
        for number in [0..100_000, 100_000..150_000][group].clone() {
            assert!(rows.cell(0, Some(&number.to_string())) && rows.cell(1, Some("")));
        }
    });
    let table = ParquetTable::open(stored(&bytes)).unwrap();
    assert!(table.metadata.row_groups.len() > 1 && table.metadata.row_groups[0].num_rows() > BATCH);
    let mut next = 0;
    table
        .each(&[0, 1], &|_, _| Ok(()), |row| {
            assert_eq!(row, [Datum::Number(&next.to_string()), Datum::Text(b"")]);
            next += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(next, 150_000);
}

#[test]
fn a_damaged_file_is_an_error_and_not_a_panic() {
    let bytes = written(&[("t", Kind::Text)], false, 1, |_, rows| {
        assert!((0..100).all(|number| rows.cell(0, Some(&number.to_string()))));
    });
    assert!(ParquetTable::open(stored(&bytes[..bytes.len() / 2])).is_err());
    assert!(ParquetTable::open(stored(b"PAR1")).is_err());
    assert!(ParquetTable::open(stored(b"")).is_err());
}

/// Files of every type, with a dictionary, and with the encodings of other programs.
fn sound_files() -> Vec<Vec<u8>> {
    let numbers: Vec<i64> = (0..2_000).collect();
    let texts: Vec<String> = numbers.iter().map(|number| format!("text {}", number % 7)).collect();
    let lists: Vec<Series> = (0..2_000).map(|number| Series::new("".into(), &texts[..number % 3])).collect();
    let columns = [
        Series::new("n".into(), numbers),
        Series::new("t".into(), &texts),
        Series::new("l".into(), lists),
        Series::new("b".into(), [Some(true), None].repeat(1_000)),
    ];
    let table = DataFrame::new_infer_height(columns.map(Column::from).to_vec()).unwrap();
    let mut files = vec![
        written(&COLUMNS, false, 1, |_, rows| fill(rows, "\n")),
        written(&COLUMNS, true, 2, |_, rows| {
            (0..100).for_each(|_| fill(rows, "as long as a text of letters"));
        }),
    ];
    for compression in [ParquetCompression::Uncompressed, ParquetCompression::Snappy] {
        let mut bytes = Vec::new();
        let writer = ParquetWriter::new(&mut bytes).with_compression(compression);
        writer.with_row_group_size(Some(700)).finish(&mut table.clone()).unwrap();
        files.push(bytes);
    }
    files
}

/// How many rows are read of all columns, and how many bytes they have.
fn read(bytes: &[u8]) -> Result<(u64, usize), ParquetInError> {
    let table = ParquetTable::open(stored(bytes))?;
    let wanted: Vec<usize> =
        (0..table.columns.len()).filter(|&at| table.columns[at].unread.is_none()).collect();
    let (mut rows, mut len) = (0, 0);
    let admits =
        |bytes: u64, _: u64| if bytes > 64 << 20 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) };
    table.each(&wanted, &admits, |row| {
        rows += 1;
        len += row.iter().map(|value| format!("{value:?}").len()).sum::<usize>();
        if len > 16 << 20 { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(()) }
    })?;
    assert_eq!(rows, table.rows);
    Ok((rows, len))
}

#[test]
fn no_damage_of_a_file_gets_past_its_error() {
    // What a library prints before it panics would be seen here, and what ends the process ends the test.
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let (mut sound, mut damaged) = (0, 0);
    for file in sound_files() {
        assert!(read(&file).is_ok());
        for turn in 0..120 {
            let mut bytes = file.clone();
            for _ in 0..=random(3) {
                // The footer and the pages' headers are a small part of a file, and most of what can go wrong.
                let at = if turn % 2 == 0 {
                    bytes.len() - 1 - random(bytes.len().min(1_500))
                } else {
                    random(bytes.len())
                };
                match random(4) {
                    0 => bytes[at] ^= 1 << random(8),
                    1 => bytes[at] = [0, 0x7F, 0x80, 0xFF][random(4)],
                    2 => _ = bytes.remove(at),
                    _ => bytes.insert(at, bytes[random(bytes.len())]),
                }
            }
            match read(&bytes) {
                Ok(_) => sound += 1,
                Err(_) => damaged += 1,
            }
        }
    }
    assert!(sound > 20 && damaged > 100, "{sound} sound, {damaged} damaged");
}
