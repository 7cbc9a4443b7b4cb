//! Parquet files that are imported, read some thousand rows at a time. Each value becomes a text and keeps its kind,
//! because only the field that it feeds knows how such a value is written as text.

use std::error::Error;
use std::fs::File;
use std::io;
use std::sync::Arc;

use polars::prelude::{ArrowDataType, Column, DataType, ParquetReader, PolarsError, SerReader, TimeUnit};
use polars_io::mmap::ReaderBytes;
use polars_parquet::read::FileMetadata;

use crate::panics;

use super::pages::{self, PageFault};
use super::{day, footer, instant};

/// How many rows are in memory at a time.
const BATCH: usize = 1 << 16;
/// The largest list of texts, in bytes.
const LONGEST_LIST: usize = 128 << 20;

/// Why a Parquet file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParquetInError {
    /// The library cannot read it.
    #[error("is not a Parquet file that can be read; transfer or write it again")]
    Damaged(#[from] PolarsError),
    /// The library panicked, or the file contradicts itself.
    #[error("is damaged; transfer or write it again")]
    Broken,
    /// The receiver of the rows failed, or wants no more of them.
    #[error("its rows cannot be taken")]
    Taken(#[source] io::Error),
}

impl ParquetInError {
    /// What the library says.
    pub(crate) fn cause(self) -> Option<Box<dyn Error + Send + Sync>> {
        match self {
            Self::Damaged(error) => Some(error.into()),
            Self::Taken(error) => Some(error.into()),
            Self::Broken => None,
        }
    }
}

impl From<PageFault> for ParquetInError {
    fn from(fault: PageFault) -> Self {
        match fault {
            PageFault::Broken => Self::Broken,
            PageFault::Library(error) => Self::Damaged(error),
            PageFault::Refused(error) => Self::Taken(error),
        }
    }
}

/// A value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Datum<'v> {
    /// NULL.
    Null,
    /// A text, which is not known to be UTF-8 if the file declares bytes.
    Text(&'v [u8]),
    /// `true` or `false`.
    Boolean(bool),
    /// A number in decimal digits, never with an exponent.
    Number(&'v str),
    /// A calendar date as ISO 8601 writes it, or a date and time without an offset.
    Civil(&'v str),
    /// An instant as PostgreSQL prints it in UTC.
    Instant(&'v str),
    /// The items of a list.
    List(&'v [Option<String>]),
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct ParquetColumn {
    pub(crate) name: String,
    /// Its type, if values of this type cannot be read.
    pub(crate) unread: Option<String>,
    /// Whether its values are lists.
    pub(crate) is_list: bool,
    /// Whether its values are times with a zone, and so instants.
    pub(crate) is_zoned: bool,
}

/// A Parquet file that has been opened.
#[derive(Debug)]
pub(crate) struct ParquetTable {
    file: File,
    /// In the file's order; structs are one column.
    pub(crate) columns: Vec<ParquetColumn>,
    /// How many rows there are.
    pub(crate) rows: u64,
    metadata: Arc<FileMetadata>,
}

impl ParquetTable {
    /// Reads the footer.
    /// Errors: it is not a Parquet file, or is damaged.
    pub(crate) fn open(file: File) -> Result<Self, ParquetInError> {
        if !footer::is_sound(&file).map_err(PolarsError::from)? {
            return Err(ParquetInError::Broken);
        }
        careful(|| {
            let mut reader = ParquetReader::new(file.try_clone().map_err(PolarsError::from)?);
            let metadata = Arc::clone(reader.get_metadata()?);
            let rows = metadata.num_rows as u64;
            let mut groups = metadata.row_groups.iter();
            let sum = groups.try_fold(0_u64, |sum, group| sum.checked_add(group.num_rows() as u64));
            if sum != Some(rows) {
                return Err(ParquetInError::Broken);
            }
            let schema = reader.schema()?;
            let columns = schema.iter().map(|(name, field)| ParquetColumn {
                name: name.to_string(),
                unread: (!is_read(&field.dtype)).then(|| format!("{:?}", field.dtype)),
                is_list: matches!(field.dtype, ArrowDataType::LargeList(_) | ArrowDataType::List(_)),
                is_zoned: matches!(field.dtype, ArrowDataType::Timestamp(_, Some(_))),
            });
            let columns = columns.collect();
            Ok(Self { file, columns, rows, metadata })
        })
    }

    /// Calls `each` for every row with the values of the `wanted` columns, in their order. Before that it looks through
    /// their pages, and asks `admits` for each row group how many bytes so many stored ones may hold.
    /// Errors: the file is damaged, `admits` refused a group, or `each` failed.
    pub(crate) fn each(
        &self,
        wanted: &[usize],
        admits: &dyn Fn(u64, u64) -> io::Result<()>,
        mut each: impl FnMut(&[Datum<'_>]) -> io::Result<()>,
    ) -> Result<(), ParquetInError> {
        let names: Vec<&str> = wanted.iter().map(|&at| self.columns[at].name.as_str()).collect();
        careful(|| {
            let mut file = self.file.try_clone().map_err(PolarsError::from)?;
            Ok(pages::check(&ReaderBytes::from(&mut file), &self.metadata, &names, admits)?)
        })?;
        let mut start = 0;
        for group in &self.metadata.row_groups {
            let rows = group.num_rows();
            let mut done = 0;
            while done < rows {
                let part = BATCH.min(rows - done);
                let columns = careful(|| self.batch(wanted, start + done, part))?;
                let is_list = |at: &usize| matches!(columns[*at], ColumnValues::List(_));
                let listed: Vec<usize> = (0..columns.len()).filter(is_list).collect();
                let mut lists = vec![None; columns.len()];
                for row in 0..part {
                    for &at in &listed {
                        if let ColumnValues::List(column) = &columns[at] {
                            lists[at] = careful(|| list(column, row))?;
                        }
                    }
                    let values =
                        columns.iter().zip(&lists).map(|(values, items)| values.get(row, items.as_deref()));
                    let values: Vec<Datum<'_>> = values.collect();
                    each(&values).map_err(ParquetInError::Taken)?;
                }
                done += part;
            }
            start += rows;
        }
        Ok(())
    }

    /// The values of `part` rows.
    fn batch(
        &self,
        wanted: &[usize],
        start: usize,
        part: usize,
    ) -> Result<Vec<ColumnValues>, ParquetInError> {
        let reader = ParquetReader::new(self.file.try_clone().map_err(PolarsError::from)?);
        let reader = reader.with_projection(Some(wanted.to_vec()));
        let table = reader.with_slice(Some((start, part))).finish()?;
        // A damaged file can have columns of other lengths than the table says.
        if table.width() != wanted.len() || table.columns().iter().any(|all| all.len() != part) {
            return Err(ParquetInError::Broken);
        }
        table.columns().iter().map(ColumnValues::of).collect()
    }
}

/// Turns a panic of the library, which a damaged file can cause, into an error.
fn careful<T>(read: impl FnOnce() -> Result<T, ParquetInError>) -> Result<T, ParquetInError> {
    panics::contained_in_pool(read).unwrap_or(Err(ParquetInError::Broken))
}

/// Whether values of a type can be read. The library panics on types that it was built without.
fn is_read(kind: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    match kind {
        A::Null
        | A::Boolean
        | A::Utf8
        | A::LargeUtf8
        | A::Utf8View
        | A::Binary
        | A::LargeBinary
        | A::BinaryView
        | A::Int8
        | A::Int16
        | A::Int32
        | A::Int64
        | A::UInt8
        | A::UInt16
        | A::UInt32
        | A::UInt64
        | A::Float32
        | A::Float64
        | A::Date32
        | A::Date64
        | A::Timestamp(..) => true,
        A::List(inner) | A::LargeList(inner) => {
            !matches!(inner.dtype, A::List(_) | A::LargeList(_) | A::BinaryView | A::Binary | A::LargeBinary)
                && is_read(&inner.dtype)
        }
        _ => false,
    }
}

/// The values of a column in a batch of rows.
enum ColumnValues {
    Text(Column),
    Bytes(Column),
    Boolean(Vec<Option<bool>>),
    Number(Vec<Option<String>>),
    Civil(Vec<Option<String>>),
    Instant(Vec<Option<String>>),
    /// Its items become texts row by row: a short page can hold many long ones.
    List(Column),
    Null,
}

impl ColumnValues {
    fn of(column: &Column) -> Result<Self, ParquetInError> {
        Ok(match column.dtype() {
            DataType::String => Self::Text(column.rechunk()),
            DataType::Binary => Self::Bytes(column.rechunk()),
            DataType::Boolean => Self::Boolean(column.bool()?.iter().collect()),
            DataType::Date | DataType::Datetime(_, None) => Self::Civil(texts(column)?),
            DataType::Datetime(_, Some(_)) => Self::Instant(texts(column)?),
            DataType::List(_) => Self::List(column.rechunk()),
            DataType::Null => Self::Null,
            _ => Self::Number(texts(column)?),
        })
    }

    /// The value of a row, whose `items` are known if it is a list.
    fn get<'v>(&'v self, row: usize, items: Option<&'v [Option<String>]>) -> Datum<'v> {
        match self {
            Self::Text(column) => column
                .str()
                .ok()
                .and_then(|all| all.get(row))
                .map_or(Datum::Null, |text| Datum::Text(text.as_bytes())),
            Self::Bytes(column) => {
                column.binary().ok().and_then(|all| all.get(row)).map_or(Datum::Null, Datum::Text)
            }
            Self::Boolean(all) => all[row].map_or(Datum::Null, Datum::Boolean),
            Self::Number(all) => all[row].as_deref().map_or(Datum::Null, Datum::Number),
            Self::Civil(all) => all[row].as_deref().map_or(Datum::Null, Datum::Civil),
            Self::Instant(all) => all[row].as_deref().map_or(Datum::Null, Datum::Instant),
            Self::List(_) => items.map_or(Datum::Null, Datum::List),
            Self::Null => Datum::Null,
        }
    }
}

/// The items of a row of a column of lists.
fn list(column: &Column, row: usize) -> Result<Option<Vec<Option<String>>>, ParquetInError> {
    let Some(items) = column.list()?.get_as_series(row) else { return Ok(None) };
    let items = Column::from(items);
    if let Ok(all) = items.str()
        && all.iter().flatten().map(str::len).sum::<usize>() > LONGEST_LIST
    {
        return Err(ParquetInError::Broken);
    }
    texts(&items).map(Some)
}

/// The values of a column as texts.
fn texts(column: &Column) -> Result<Vec<Option<String>>, ParquetInError> {
    let wide = |column: &Column| -> Result<Vec<Option<String>>, ParquetInError> {
        let numbers = column.cast(&DataType::Int64)?;
        Ok(numbers.i64()?.iter().map(|value| value.map(|value| value.to_string())).collect())
    };
    Ok(match column.dtype() {
        DataType::String => column.str()?.iter().map(|value| value.map(str::to_owned)).collect(),
        DataType::Boolean => {
            column.bool()?.iter().map(|value| value.map(|value| value.to_string())).collect()
        }
        DataType::UInt64 => column.u64()?.iter().map(|value| value.map(|value| value.to_string())).collect(),
        DataType::Float32 => column.f32()?.iter().map(|value| value.map(|value| value.to_string())).collect(),
        DataType::Float64 => column.f64()?.iter().map(|value| value.map(|value| value.to_string())).collect(),
        DataType::Null => vec![None; column.len()],
        DataType::Date => {
            let days = column.cast(&DataType::Int32)?;
            days.i32()?.iter().map(|number| number.map(day::written)).collect()
        }
        DataType::Datetime(unit, zone) => {
            let per_second = match unit {
                TimeUnit::Nanoseconds => 1_000_000_000,
                TimeUnit::Microseconds => 1_000_000,
                TimeUnit::Milliseconds => 1_000,
            };
            let is_instant = zone.is_some();
            let ticks = column.cast(&DataType::Int64)?;
            ticks
                .i64()?
                .iter()
                .map(|tick| tick.map(|tick| instant::written(tick, per_second, is_instant)))
                .collect()
        }
        _ => wide(column)?,
    })
}

#[cfg(test)]
#[path = "parquet_in_tests.rs"]
mod tests;
