//! Typed Parquet files, written row by row: row groups of fixed size, so that the same rows give the same bytes
//! and memory stays flat.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    Column, DataFrame, DataType, Field, IntoSeries, ListBuilderTrait, ListStringChunkedBuilder, NamedFrom,
    ParquetCompression, ParquetWriter, PlSmallStr, PolarsError, Schema, Series, StringChunkedBuilder,
    TimeUnit, TimeZone,
};

/// How many rows a row group has.
const GROUP: usize = 1 << 17;
/// Rows of long cells end a group sooner.
const GROUP_BYTES: usize = 64 << 20;

/// What the library says.
pub type ParquetError = PolarsError;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// `true` or `false`.
    Boolean,
    /// 64 bits, signed.
    Integer,
    /// A day.
    Date,
    /// Microseconds in UTC.
    Instant,
    /// A list of UTF-8.
    List,
}

/// A file under way.
pub struct ParquetFile<W: Write> {
    writer: BatchedWriter<Shared<W>>,
    target: Arc<Mutex<W>>,
    columns: Vec<(PlSmallStr, Values)>,
    rows: usize,
    bytes: usize,
}

/// The library does not give its writer back, so it gets a share of it.
struct Shared<W>(Arc<Mutex<W>>);

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

enum Values {
    Text(Box<StringChunkedBuilder>),
    Boolean(Vec<Option<bool>>),
    Integer(Vec<Option<i64>>),
    Date(Vec<Option<i32>>),
    Instant(Vec<Option<i64>>),
    List(Vec<Option<Vec<String>>>),
}

impl<W: Write> ParquetFile<W> {
    /// Begins a file with these columns; its pages are compressed by Zstandard, or by gzip.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn begin(target: W, columns: &[(&str, Kind)], gzip: bool) -> Result<Self, ParquetError> {
        let fields = columns.iter().map(|(name, kind)| Field::new((*name).into(), kind.data_type()));
        let schema: Schema = fields.collect();
        let target = Arc::new(Mutex::new(target));
        let compression = if gzip { ParquetCompression::Gzip(None) } else { ParquetCompression::Zstd(None) };
        let writer = ParquetWriter::new(Shared(Arc::clone(&target))).with_compression(compression);
        let writer = writer.batched(&schema)?;
        let columns = columns.iter().map(|(name, kind)| ((*name).into(), kind.values(name))).collect();
        Ok(Self { writer, target, columns, rows: 0, bytes: 0 })
    }

    /// Sets a cell of the row at hand, in PostgreSQL's text form. False where the column's type has no such
    /// value (`infinity` is no date here).
    #[must_use]
    #[allow(clippy::match_same_arms)] // Each kind of column has a list of its own type: they cannot be one arm.
    pub fn cell(&mut self, column: usize, text: Option<&str>) -> bool {
        self.bytes += text.map_or(0, str::len);
        let Some((_, values)) = self.columns.get_mut(column) else { return false };
        match (values, text) {
            (Values::Text(all), text) => all.append_option(text),
            (Values::Boolean(all), None) => all.push(None),
            (Values::Date(all), None) => all.push(None),
            (Values::Instant(all), None) => all.push(None),
            (Values::List(all), None) => all.push(None),
            (Values::Boolean(all), Some(text)) => all.push(Some(matches!(text, "true" | "t"))),
            (Values::Integer(all), None) => all.push(None),
            (Values::Integer(all), Some(text)) => match text.parse() {
                Ok(number) => all.push(Some(number)),
                Err(_) => return false,
            },
            (Values::Date(all), Some(text)) => match day(text) {
                Some(day) => all.push(Some(day)),
                None => return false,
            },
            (Values::Instant(all), Some(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(instant) => all.push(Some(instant.as_microsecond())),
                Err(_) => return false,
            },
            (Values::List(_), Some(_)) => return false,
        }
        true
    }

    /// Sets a cell of a list column.
    #[must_use]
    pub fn list(&mut self, column: usize, items: &[String]) -> bool {
        self.bytes += items.iter().map(String::len).sum::<usize>();
        let Some((_, Values::List(all))) = self.columns.get_mut(column) else { return false };
        all.push(Some(items.to_vec()));
        true
    }

    /// The row has all its cells.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn end_row(&mut self) -> Result<(), ParquetError> {
        self.rows += 1;
        if self.rows >= GROUP || self.bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// Writes the rest and the footer, and gives the target back.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    ///
    /// # Panics
    ///
    /// Never: nobody else holds the target any more.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.finish()?;
        drop(self.writer);
        let target = Arc::into_inner(self.target).expect("the writer that shared it is gone");
        Ok(target.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let rows = mem::take(&mut self.rows);
        self.bytes = 0;
        let columns: Result<Vec<Column>, ParquetError> =
            self.columns.iter_mut().map(|(name, values)| Ok(values.take(name)?.into())).collect();
        self.writer.write_batch(&DataFrame::new(rows, columns?)?)
    }
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Date => DataType::Date,
            Self::Instant => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::List => DataType::List(Box::new(DataType::String)),
        }
    }

    fn values(self, name: &str) -> Values {
        match self {
            Self::Text => Values::Text(Box::new(StringChunkedBuilder::new(name.into(), 0))),
            Self::Boolean => Values::Boolean(Vec::new()),
            Self::Integer => Values::Integer(Vec::new()),
            Self::Date => Values::Date(Vec::new()),
            Self::Instant => Values::Instant(Vec::new()),
            Self::List => Values::List(Vec::new()),
        }
    }
}

impl Values {
    /// The values so far as a series; none stay.
    fn take(&mut self, name: &PlSmallStr) -> Result<Series, ParquetError> {
        let name = name.clone();
        Ok(match self {
            Self::Text(all) => {
                mem::replace(&mut **all, StringChunkedBuilder::new(name, 0)).finish().into_series()
            }
            Self::Boolean(all) => Series::new(name, mem::take(all)),
            Self::Integer(all) => Series::new(name, mem::take(all)),
            Self::Date(all) => Series::new(name, mem::take(all)).cast(&Kind::Date.data_type())?,
            Self::Instant(all) => Series::new(name, mem::take(all)).cast(&Kind::Instant.data_type())?,
            Self::List(all) => {
                let mut builder = ListStringChunkedBuilder::new(name, all.len(), all.len());
                for items in mem::take(all) {
                    match items {
                        Some(items) => builder.append_values_iter(items.iter().map(String::as_str)),
                        None => builder.append_null(),
                    }
                }
                builder.finish().into_series()
            }
        })
    }
}

/// Days since 1970-01-01.
fn day(text: &str) -> Option<i32> {
    let date: jiff::civil::Date = text.parse().ok()?;
    let since = date.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).ok()?;
    Some(since.get_days())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::{AnyValue, ParquetReader, SerReader};

    use super::*;

    #[test]
    fn every_type_is_read_back_with_its_values() {
        let columns = [
            ("t", Kind::Text),
            ("b", Kind::Boolean),
            ("i", Kind::Integer),
            ("d", Kind::Date),
            ("z", Kind::Instant),
            ("l", Kind::List),
        ];
        let mut file = ParquetFile::begin(Vec::new(), &columns, false).unwrap();
        let row = [Some(""), Some("true"), Some("-7"), Some("2026-01-31"), Some("2026-01-31 12:00:00.5+00")];
        for (at, cell) in row.into_iter().enumerate() {
            assert!(file.cell(at, cell));
        }
        assert!(file.list(5, &["a".to_owned(), "b c".to_owned()]));
        file.end_row().unwrap();
        for at in 0..6 {
            assert!(file.cell(at, None));
        }
        file.end_row().unwrap();
        assert!(!file.cell(2, Some("x")) && !file.cell(3, Some("infinity")));
        let bytes = file.finish().unwrap();
        let read = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
        assert_eq!(read.height(), 2);
        for (name, kind) in columns {
            assert_eq!(*read.column(name).unwrap().dtype(), kind.data_type());
            assert_eq!(read.column(name).unwrap().get(1).unwrap(), AnyValue::Null);
        }
        let texts: Vec<String> =
            columns.iter().map(|(name, _)| read.column(name).unwrap().get(0).unwrap().to_string()).collect();
        assert_eq!(texts[1..3], ["true", "-7"]);
        assert!(texts[3].contains("2026-01-31") && texts[4].contains("12:00:00.5"), "{texts:?}");
    }
}
