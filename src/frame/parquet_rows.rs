//! Rows for a Parquet file, collected column by column, each value in its column's type.

use std::mem;

use polars::prelude::{
    Column, DataFrame, DataType, IntoSeries, ListBuilderTrait, ListStringChunkedBuilder, NamedFrom,
    PlSmallStr, PolarsError, Series, StringChunkedBuilder, TimeUnit, TimeZone,
};

use super::{day, instant};

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

/// Some rows.
pub struct Rows {
    columns: Vec<(PlSmallStr, ColumnBuilder)>,
}

enum ColumnBuilder {
    Text(Box<StringChunkedBuilder>),
    Boolean(Vec<Option<bool>>),
    Integer(Vec<Option<i64>>),
    Date(Vec<Option<i32>>),
    Instant(Vec<Option<i64>>),
    List(Vec<Option<Vec<Option<String>>>>),
}

impl Rows {
    pub(super) fn of(columns: &[(PlSmallStr, Kind)], rows: usize) -> Self {
        let columns = columns.iter().map(|(name, kind)| (name.clone(), kind.values(name, rows)));
        Self { columns: columns.collect() }
    }

    /// Appends a value, in PostgreSQL's text form, to a column. Returns false if the column's type does not have it
    /// (Parquet's dates have no `infinity`).
    #[must_use]
    #[allow(clippy::match_same_arms)] // Each kind of column has its own type of list: they cannot be one arm.
    pub fn cell(&mut self, column: usize, text: Option<&str>) -> bool {
        let Some((_, values)) = self.columns.get_mut(column) else { return false };
        match (values, text) {
            (ColumnBuilder::Text(all), text) => all.append_option(text),
            (ColumnBuilder::Boolean(all), None) => all.push(None),
            (ColumnBuilder::Date(all), None) => all.push(None),
            (ColumnBuilder::Instant(all), None) => all.push(None),
            (ColumnBuilder::List(all), None) => all.push(None),
            (ColumnBuilder::Boolean(all), Some(text)) => all.push(Some(matches!(text, "true" | "t"))),
            (ColumnBuilder::Integer(all), None) => all.push(None),
            (ColumnBuilder::Integer(all), Some(text)) => match text.parse() {
                Ok(number) => all.push(Some(number)),
                Err(_) => return false,
            },
            (ColumnBuilder::Date(all), Some(text)) => match day::number(text) {
                Some(day) => all.push(Some(day)),
                None => return false,
            },
            (ColumnBuilder::Instant(all), Some(text)) => match instant::microseconds(text) {
                Some(instant) => all.push(Some(instant)),
                None => return false,
            },
            (ColumnBuilder::List(_), Some(_)) => return false,
        }
        true
    }

    /// Appends a list to a column of lists; false if it is not one. An item `None` is NULL.
    #[must_use]
    pub fn list(&mut self, column: usize, items: Vec<Option<String>>) -> bool {
        let Some((_, ColumnBuilder::List(all))) = self.columns.get_mut(column) else { return false };
        all.push(Some(items));
        true
    }

    /// Makes a table of them.
    pub(super) fn table(self) -> Result<DataFrame, PolarsError> {
        let columns = self.columns.into_iter().map(|(name, values)| Ok(values.series(name)?.into()));
        DataFrame::new_infer_height(columns.collect::<Result<Vec<Column>, PolarsError>>()?)
    }
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Date => DataType::Date,
            Self::Instant => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
            Self::List => DataType::List(Box::new(DataType::String)),
        }
    }

    fn values(self, name: &PlSmallStr, rows: usize) -> ColumnBuilder {
        match self {
            Self::Text => ColumnBuilder::Text(Box::new(StringChunkedBuilder::new(name.clone(), rows))),
            Self::Boolean => ColumnBuilder::Boolean(Vec::with_capacity(rows)),
            Self::Integer => ColumnBuilder::Integer(Vec::with_capacity(rows)),
            Self::Date => ColumnBuilder::Date(Vec::with_capacity(rows)),
            Self::Instant => ColumnBuilder::Instant(Vec::with_capacity(rows)),
            Self::List => ColumnBuilder::List(Vec::with_capacity(rows)),
        }
    }
}

impl ColumnBuilder {
    fn series(self, name: PlSmallStr) -> Result<Series, PolarsError> {
        Ok(match self {
            Self::Text(all) => all.finish().into_series(),
            Self::Boolean(all) => Series::new(name, all),
            Self::Integer(all) => Series::new(name, all),
            Self::Date(all) => Series::new(name, all).cast(&Kind::Date.data_type())?,
            Self::Instant(all) => Series::new(name, all).cast(&Kind::Instant.data_type())?,
            Self::List(mut all) => {
                let mut builder = ListStringChunkedBuilder::new(name, all.len(), all.len());
                for items in mem::take(&mut all) {
                    match items {
                        Some(items) => builder.append_trusted_len_iter(items.iter().map(Option::as_deref)),
                        None => builder.append_null(),
                    }
                }
                builder.finish().into_series()
            }
        })
    }
}

/// Shared by the tests of reader and writer: a column of every type, a row of values and a row of NULLs.
#[cfg(test)]
pub(super) mod samples {
    use super::{Kind, Rows};

    pub(in crate::frame) const COLUMNS: [(&str, Kind); 6] = [
        ("t", Kind::Text),
        ("b", Kind::Boolean),
        ("i", Kind::Integer),
        ("d", Kind::Date),
        ("z", Kind::Instant),
        ("l", Kind::List),
    ];

    pub(in crate::frame) fn fill(rows: &mut Rows, text: &str) {
        let row = [text, "true", "-7", "1969-12-31", "1969-12-31 23:59:59.5+00"];
        for (at, cell) in row.into_iter().enumerate() {
            assert!(rows.cell(at, Some(cell)));
        }
        assert!(rows.list(5, vec![Some("a".to_owned()), None, Some("b c".to_owned())]));
        for at in 0..6 {
            assert!(rows.cell(at, None));
        }
    }
}
