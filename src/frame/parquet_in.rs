//! Parquet files that are imported, read some thousand rows at a time. Each value becomes a text and keeps its kind,
//! because only the field that it feeds knows how such a value is written as text.

use std::error::Error;
use std::fs::File;

use polars::prelude::{ArrowDataType, Column, DataType, ParquetReader, PolarsError, SerReader, TimeUnit};

use crate::panics;

use super::{day, instant};

/// How many rows are in memory at a time.
const BATCH: usize = 1 << 16;

/// Why a Parquet file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParquetInError {
    /// The library cannot read it.
    #[error("is not a Parquet file that can be read; transfer or write it again")]
    Damaged(#[from] PolarsError),
    /// The library panicked, or the file contradicts itself.
    #[error("is damaged; transfer or write it again")]
    Broken,
    /// The receiver of the rows failed.
    #[error("its rows cannot be taken")]
    Taken(#[source] std::io::Error),
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
    /// How many rows each row group has.
    groups: Vec<usize>,
}

impl ParquetTable {
    /// Reads the footer.
    /// Errors: it is not a Parquet file, or is damaged.
    pub(crate) fn open(file: File) -> Result<Self, ParquetInError> {
        careful(|| {
            let mut reader = ParquetReader::new(file.try_clone().map_err(PolarsError::from)?);
            let metadata = reader.get_metadata()?;
            let rows = metadata.num_rows as u64;
            // The type that has the method cannot be named here.
            #[allow(clippy::redundant_closure_for_method_calls)]
            let groups: Vec<usize> = metadata.row_groups.iter().map(|group| group.num_rows()).collect();
            let sum = groups.iter().try_fold(0_u64, |sum, &rows| sum.checked_add(rows as u64));
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
            Ok(Self { file, columns, rows, groups })
        })
    }

    /// Calls `each` for every row with the values of the `wanted` columns, in their order.
    /// Errors: the file is damaged, or `each` failed.
    pub(crate) fn each(
        &self,
        wanted: &[usize],
        mut each: impl FnMut(&[Datum<'_>]) -> std::io::Result<()>,
    ) -> Result<(), ParquetInError> {
        let mut start = 0;
        for &rows in &self.groups {
            let mut done = 0;
            while done < rows {
                let part = BATCH.min(rows - done);
                let columns = careful(|| {
                    let reader = ParquetReader::new(self.file.try_clone().map_err(PolarsError::from)?);
                    let reader = reader.with_projection(Some(wanted.to_vec()));
                    let table = reader.with_slice(Some((start + done, part))).finish()?;
                    // A damaged file can have columns of other lengths than the table says.
                    if table.width() != wanted.len() || table.columns().iter().any(|all| all.len() != part) {
                        return Err(ParquetInError::Broken);
                    }
                    table.columns().iter().map(ColumnValues::of).collect::<Result<Vec<_>, _>>()
                })?;
                for row in 0..part {
                    let values: Vec<Datum<'_>> = columns.iter().map(|values| values.get(row)).collect();
                    each(&values).map_err(ParquetInError::Taken)?;
                }
                done += part;
            }
            start += rows;
        }
        Ok(())
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
    List(Vec<Option<Vec<Option<String>>>>),
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
            DataType::List(_) => {
                let lists = column.list()?;
                let items = |row| lists.get_as_series(row).map(|items| texts(&items.into())).transpose();
                Self::List((0..lists.len()).map(items).collect::<Result<_, _>>()?)
            }
            DataType::Null => Self::Null,
            _ => Self::Number(texts(column)?),
        })
    }

    fn get(&self, row: usize) -> Datum<'_> {
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
            Self::List(all) => all[row].as_deref().map_or(Datum::Null, Datum::List),
            Self::Null => Datum::Null,
        }
    }
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
mod tests {
    use std::io::Write as _;

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
            .each(&[0, 1, 2, 3, 4, 5], |row| {
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
        assert!(table.groups.len() > 1 && table.groups[0] > BATCH);
        let mut next = 0;
        table
            .each(&[0, 1], |row| {
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
}
