//! Parquet files of other programs: types that this one does not write, and damage.

use polars::prelude::{
    Column, DataFrame, DataType, NamedFrom, ParquetCompression, ParquetWriter, Series, TimeUnit,
};

use crate::support::{Database, Muster};

const ROWS: &str = "entity = \"rows\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
    [[field]]\nname = \"n\"\ntype = \"text\"\nmax_length = 1\n\n[[field]]\nname = \"l\"\ntype = \"list\"\nseparator = \";\"\n";

/// A Parquet file with the keys 1, 2, 3 and these columns.
fn parquet(columns: Vec<Series>) -> Vec<u8> {
    let keys: Column = Series::new("k".into(), ["1", "2", "3"]).into();
    let columns = std::iter::once(keys).chain(columns.into_iter().map(Column::from)).collect();
    let mut table = DataFrame::new_infer_height(columns).unwrap();
    let mut bytes = Vec::new();
    let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Uncompressed);
    writer.finish(&mut table).unwrap();
    bytes
}

#[test]
fn integers_of_any_size_are_read() {
    let lists = [
        Series::new("".into(), [1_u8, 255]),
        Series::new("".into(), [0_u8; 0]),
        Series::new("".into(), [7_u8]),
    ];
    for (numbers, largest) in [
        (Series::new("n".into(), [0_u8, 1, u8::MAX]), u8::MAX.to_string()),
        (Series::new("n".into(), [0_u16, 1, u16::MAX]), u16::MAX.to_string()),
        (Series::new("n".into(), [0_u32, 1, u32::MAX]), u32::MAX.to_string()),
        (Series::new("n".into(), [0_u64, 1, 1 << 62]), (1_u64 << 62).to_string()),
        (Series::new("n".into(), [0_i8, 1, i8::MIN]), i8::MIN.to_string()),
        (Series::new("n".into(), [0_i16, 1, i16::MIN]), i16::MIN.to_string()),
        (Series::new("n".into(), [0_i32, 1, i32::MIN]), i32::MIN.to_string()),
        (Series::new("n".into(), [0_i64, 1, i64::MIN]), i64::MIN.to_string()),
    ] {
        let kind = numbers.dtype().to_string();
        // The last column feeds no field.
        let columns =
            vec![numbers, Series::new("l".into(), &lists[..]), Series::new("x".into(), [1_u8, 2, 3])];
        let muster = Muster::new().file("schemas/rows.toml", ROWS).file("rows.parquet", parquet(columns));
        let args = ["check", "--schemas", "schemas", "rows.parquet", "--out", "out", "--show-values"];
        let run = muster.run(args).exits(3);
        assert_eq!(run.summary("out")["entities"][0]["accepted"], 2, "{kind}{run}");
        // The value that is rejected as too long shows what was read.
        let findings = run.findings("out");
        let values: Vec<_> =
            findings.iter().filter(|found| found["field"] == "n").map(|found| &found["value"]).collect();
        assert_eq!(values, [&largest], "{kind}{run}");
    }
}

#[test]
fn a_time_without_a_zone_is_read_as_utc_with_a_warning() {
    let schema = "entity = \"rows\"\nkey = \"k\"\n\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\n\
        [[field]]\nname = \"at\"\ntype = \"timestamp\"\n";
    for (unit, per_second) in [(TimeUnit::Milliseconds, 1_000), (TimeUnit::Microseconds, 1_000_000)] {
        let ticks =
            [1_782_907_200, 253_402_300_799, -1].map(|second: i64| second * per_second + per_second / 2);
        let times = Series::new("at".into(), ticks).cast(&DataType::Datetime(unit, None)).unwrap();
        let database = Database::new();
        let muster = Muster::on(&database)
            .file("schemas/rows.toml", schema)
            .file("rows.parquet", parquet(vec![times]));
        let run = muster.run(["import", "--schemas", "schemas", "rows.parquet", "--out", "out"]).exits(0);
        let codes: Vec<_> = run.findings("out").iter().map(|finding| finding["code"].clone()).collect();
        assert_eq!(codes, ["assumed-utc"; 3], "{unit:?}{run}");
        assert_eq!(
            database.text(
                "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') FROM rows ORDER BY k"
            ),
            "2026-07-01 12:00:00.500\n9999-12-31 23:59:59.500\n1969-12-31 23:59:59.500",
        );
    }
}

#[test]
fn a_damaged_file_is_named_and_nothing_else_is_printed() {
    let numbers = Series::new("n".into(), [1_i64, 2, 3]);
    let list = |item: &str| Series::new("".into(), [item]);
    let lists = Series::new("l".into(), [list("a"), list("b"), list("c")]);
    let sound = parquet(vec![numbers, lists]);
    let muster = Muster::new().file("schemas/rows.toml", ROWS);
    let length = u32::from_le_bytes(sound[sound.len() - 8..sound.len() - 4].try_into().unwrap());
    let footer = sound.len() - 8 - length as usize..sound.len() - 8;
    // 0x16 is the mark of a number of 64 bits in the footer: how many values, rows or bytes there are.
    let marks = footer.filter(|&at| sound[at] == 0x16 && sound[at + 1] != 0);
    let mut damaged = 0;
    for at in marks.map(|mark| mark + 1) {
        let mut bytes = sound.clone();
        bytes[at] = 0;
        muster.write("rows.parquet", bytes);
        let run = muster.run(["check", "--schemas", "schemas", "rows.parquet", "--out", "out", "--quiet"]);
        let said = run.stderr();
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "byte {at}{run}");
        if said.is_empty() {
            run.exits(0);
        } else {
            damaged += 1;
            assert!(said.starts_with("muster: rows.parquet: is "), "byte {at}{run}");
            run.exits(1);
        }
    }
    assert!(damaged >= 3, "{damaged} files were found to be damaged");
}

/// A file whose footer is this, after the bytes of its pages.
fn with_footer(pages: &[u8], footer: &[u8]) -> Vec<u8> {
    let len = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [&b"PAR1"[..], pages, footer, &len, b"PAR1"].concat()
}

#[test]
fn a_parquet_file_that_says_it_needs_all_memory_is_damaged() {
    let muster = Muster::new().file("schemas/rows.toml", ROWS);
    let number = |mut number: u64| {
        let mut bytes = Vec::new();
        while number > 0x7F {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        [bytes, vec![number.to_le_bytes()[0]]].concat()
    };
    // Fields of Thrift's compact protocol: the distance to the number of the field before it, and the type.
    let root = |children: u64| [&[0x48, 1, b'r', 0x15][..], &number(children << 1), &[0]].concat();
    let key = [0x15, 12, 0x25, 0, 0x18, 1, b'k', 0x25, 0, 0];
    let group = [0x35, 2, 0x18, 1, b'g', 0x15, 2, 0];
    let schema =
        |elements: &[u8], count: u64| [&[0x15, 2, 0x19, 0xFC][..], &number(count), elements].concat();
    let rest = |rows: u64| [&[0x16][..], &number(rows << 1), &[0x19, 0x0C, 0]].concat();
    let deep = 100_000;
    let groups = [root(1), group.repeat(deep), key.to_vec()].concat();
    let flat = [root(1), key.to_vec()].concat();
    // One column of `rows` values: a dictionary page and a page of values.
    let column = |dictionary: u64, size: u64, values: u64, rows: u64| {
        let page = |kind: u8, size: u64, field: u8, values: u64, bytes: &[u8]| {
            let len = number((bytes.len() as u64) << 1);
            let header =
                [&[0x15, kind << 1, 0x15][..], &number(size << 1), &[0x15], &len, &[field, 0x15]].concat();
            let end: &[u8] = if kind == 2 { &[0x15, 0, 0, 0] } else { &[0x15, 16, 0x15, 6, 0x15, 6, 0, 0] };
            [&header, &number(values << 1), end, bytes].concat()
        };
        let text = [&5_000_u32.to_le_bytes()[..], &[b'a'; 5_000]].concat();
        let run = [&[1][..], &number(rows << 1), &[0]].concat();
        let pages =
            [page(2, text.len() as u64, 0x4C, dictionary, &text), page(0, size, 0x2C, values, &run)].concat();
        let metadata = [
            &[0x15, 12, 0x19, 0x25, 0, 16, 0x19, 0x18, 1, b'k', 0x15, 0, 0x16][..],
            &number(values << 1),
            &[0x16, 200, 1, 0x16],
            &number((pages.len() as u64) << 1),
            &[0x26, 80, 0x26, 8, 0],
        ]
        .concat();
        let groups = [
            &[0x19, 0x1C, 0x19, 0x1C, 0x26, 8, 0x1C][..],
            &metadata,
            &[0, 0x16, 0, 0x16],
            &number(rows << 1),
        ];
        let footer = [schema(&flat, 2), vec![0x16], number(rows << 1), groups.concat(), vec![0, 0]].concat();
        with_footer(&pages, &footer)
    };
    muster.write("rows.parquet", column(1, 4, 3, 3));
    let run = muster.run(["check", "--schemas", "schemas", "rows.parquet", "--out", "out"]).exits(3);
    assert_eq!(run.summary("out")["entities"][0]["read"], 3, "{run}");
    for (what, file, said) in [
        (
            "a list of row groups",
            with_footer(
                b"",
                &[schema(&flat, 2), vec![0x16, 2, 0x19, 0xFC], number(1 << 31), vec![0]].concat(),
            ),
            "is damaged",
        ),
        ("the schema", with_footer(b"", &[schema(&flat, (1 << 31) - 1), rest(1)].concat()), "is damaged"),
        (
            "groups in groups",
            with_footer(b"", &[schema(&groups, deep as u64 + 2), rest(0)].concat()),
            "is damaged",
        ),
        ("a dictionary", column((1 << 31) - 1, 4, 3, 3), "is damaged"),
        ("a page", column(1, (1 << 31) - 1, 3, 3), "is damaged"),
        ("fewer values than rows", column(1, 4, 2, 3), "is damaged"),
        ("rows", column(1, 4, (1 << 27) - 1, (1 << 27) - 1), "bytes hold more than 67"),
    ] {
        muster.write("rows.parquet", file);
        let run = muster.run(["check", "--schemas", "schemas", "rows.parquet", "--out", "out"]);
        let stderr = run.stderr();
        assert!(stderr.starts_with("muster: rows.parquet: ") && stderr.contains(said), "{what}{run}");
        assert_eq!(stderr.lines().filter(|line| !line.starts_with("  because: ")).count(), 1, "{what}{run}");
        run.exits(1);
    }
}
