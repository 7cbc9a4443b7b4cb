//! Parquet files that are exported, with types, row group by row group. A group can be encoded and compressed on any
//! thread, without its file; the same groups in the same order give the same bytes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::parquet::write::{BatchedWriter, get_encodings};
use polars::prelude::{
    CompatLevel, Field, ParquetCompression, ParquetWriter, PlSmallStr, PolarsError, Schema, SchemaExt,
    StatisticsOptions,
};
use polars_parquet::write::{
    CompressedPage, Encoding, ParquetType, Version, WriteOptions, ZstdLevel, array_to_columns, compress,
};

pub use super::parquet_rows::{Kind, Rows};

/// Why a file cannot be written.
pub(crate) type ParquetError = PolarsError;

/// A file that is being written.
pub struct ParquetFile<W: Write> {
    writer: BatchedWriter<Shared<W>>,
    target: Arc<Mutex<W>>,
    shape: Arc<Shape>,
}

/// What the groups of a file have in common.
pub struct Shape {
    columns: Vec<(PlSmallStr, Kind)>,
    types: Vec<ParquetType>,
    encodings: Vec<Vec<Encoding>>,
    options: WriteOptions,
}

/// An encoded row group: the pages of each column.
pub struct Group {
    rows: u64,
    pages: Vec<Vec<CompressedPage>>,
}

/// The library does not return its writer, so the writer is shared with it.
struct Shared<W>(Arc<Mutex<W>>);

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
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
        // The fastest level: an export waits for the processor and hardly for the disk.
        let zstd = ParquetCompression::Zstd(ZstdLevel::try_new(1).ok());
        let compression = if gzip { ParquetCompression::Gzip(None) } else { zstd };
        let statistics = StatisticsOptions::default();
        let writer = ParquetWriter::new(Shared(Arc::clone(&target)));
        let writer = writer.with_compression(compression).with_statistics(statistics);
        let mut writer = writer.batched(&schema)?;
        let shape = Shape {
            columns: columns.iter().map(|(name, kind)| ((*name).into(), *kind)).collect(),
            types: writer.parquet_schema().fields().to_vec(),
            encodings: get_encodings(&schema.to_arrow(CompatLevel::newest())).to_vec(),
            options: WriteOptions {
                statistics,
                compression: compression.into(),
                version: Version::V1,
                data_page_size: None,
            },
        };
        Ok(Self { writer, target, shape: Arc::new(shape) })
    }

    /// What its groups have in common.
    pub fn shape(&self) -> Arc<Shape> {
        Arc::clone(&self.shape)
    }

    /// Writes the next group.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&mut self, group: &Group) -> Result<(), ParquetError> {
        if group.rows == 0 { Ok(()) } else { self.writer.write_row_group(group.rows, &group.pages) }
    }

    /// Writes the footer and returns the target.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    ///
    /// # Panics
    ///
    /// Never: the writer that shared the target is gone.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.finish()?;
        drop(self.writer);
        let target = Arc::into_inner(self.target).expect("the writer that shared it is gone");
        Ok(target.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shape {
    /// Rows to be filled, with room for `room` of them.
    #[must_use]
    pub fn rows(&self, room: usize) -> Rows {
        Rows::of(&self.columns, room)
    }

    /// Encodes rows as a group.
    ///
    /// # Errors
    ///
    /// The columns have different numbers of values, or a page cannot be compressed.
    pub fn encode(&self, rows: Rows) -> Result<Group, ParquetError> {
        let table = rows.table()?;
        let mut group = Group { rows: table.height() as u64, pages: Vec::with_capacity(self.types.len()) };
        for batch in table.iter_chunks(CompatLevel::newest(), false) {
            let columns = batch.columns().iter().zip(&self.types).zip(&self.encodings);
            for ((array, kind), encodings) in columns {
                for leaf in array_to_columns(array, kind.clone(), self.options, encodings)? {
                    let pages = leaf.map(|page| Ok(compress(page?, Vec::new(), self.options.compression)?));
                    group.pages.push(pages.collect::<Result<_, ParquetError>>()?);
                }
            }
        }
        Ok(group)
    }
}

/// A file of some groups, each filled by `fill`.
#[cfg(test)]
pub(super) fn written(
    columns: &[(&str, Kind)],
    gzip: bool,
    groups: usize,
    mut fill: impl FnMut(usize, &mut Rows),
) -> Vec<u8> {
    let mut file = ParquetFile::begin(Vec::new(), columns, gzip).unwrap();
    for number in 0..groups {
        let mut rows = file.shape().rows(0);
        fill(number, &mut rows);
        let group = file.shape().encode(rows).unwrap();
        file.write(&group).unwrap();
    }
    file.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars::prelude::{AnyValue, ParquetReader, SerReader, TimeUnit};

    use super::super::parquet_rows::samples::{COLUMNS, fill};
    use super::*;

    #[test]
    fn every_type_is_read_back_with_its_values() {
        let bytes = written(&COLUMNS, false, 1, |_, rows| fill(rows, ""));
        let read = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
        assert_eq!(read.height(), 2);
        for (name, kind) in COLUMNS {
            assert_eq!(*read.column(name).unwrap().dtype(), kind.data_type());
            assert_eq!(read.column(name).unwrap().get(1).unwrap(), AnyValue::Null);
        }
        let first = |name: &str| read.column(name).unwrap().get(0).unwrap();
        assert_eq!((first("b"), first("i")), (AnyValue::Boolean(true), AnyValue::Int64(-7)));
        assert_eq!(first("d"), AnyValue::Date(-1));
        assert!(matches!(first("z"), AnyValue::Datetime(-500_000, TimeUnit::Microseconds, Some(_))));
    }

    #[test]
    fn values_outside_a_type_and_rows_of_unequal_length_are_refused() {
        let file = ParquetFile::begin(Vec::new(), &COLUMNS, false).unwrap();
        let mut rows = file.shape().rows(0);
        assert!(!rows.cell(2, Some("x")) && !rows.cell(3, Some("infinity")) && !rows.cell(5, Some("a")));
        assert!(rows.cell(0, Some("alone")));
        assert!(file.shape().encode(rows).is_err());
    }

    #[test]
    fn a_file_without_rows_has_its_columns() {
        let bytes = written(&COLUMNS, true, 1, |_, _| {});
        let read = ParquetReader::new(Cursor::new(bytes)).finish().unwrap();
        assert_eq!(read.shape(), (0, 6));
    }
}
