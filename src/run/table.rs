//! A Parquet file as an input: its rows are written as CSV into a temporary file without a name, each value as the
//! field that it feeds is written, and read from there like any other. So every rule and every report holds, and
//! the records that go back are CSV.
//!
//! A record's lines are its own number, since the file has none; its bytes are those of the temporary table.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::frame::parquet_in::{Datum, ParquetColumn, ParquetInError, ParquetTable};
use crate::output::Csv;
use crate::rule::Rule;
use crate::rule::list::apart;
use crate::schema::{Entity, FieldIndex, Schema};
use crate::source::{Look, LookOptions, Source, look_at_columns};

use super::RunError;
use super::table_error::TableError;

/// A Parquet file that has been written as CSV.
pub(super) struct Table {
    /// The rows, below a header.
    pub(crate) source: Source,
    pub(crate) look: Look,
    pub(crate) facts: Facts,
}

/// What the file itself says of its rows.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// How many there are: reading must find as many.
    pub(crate) rows: u64,
    /// Bytes of the longest.
    pub(crate) longest: u64,
    /// The fields that have columns of instants.
    pub(crate) zoned: Vec<FieldIndex>,
}

/// Writes a Parquet file as CSV and looks at it.
pub(super) fn open(
    original: &Source,
    schema: &Schema,
    entity: Option<usize>,
    options: &LookOptions<'_>,
    spool: &Path,
) -> Result<Table, RunError> {
    let name = original.name().to_owned();
    let fault = |error: ParquetInError| TableError::File {
        name: name.clone(),
        fault: error.to_string(),
        source: error.cause(),
    };
    let copy = |source: io::Error| TableError::Copy {
        name: name.clone(),
        folder: spool.display().to_string(),
        source,
    };
    let file = original.file().map_err(copy)?;
    let table = ParquetTable::open(file).map_err(fault)?;
    let read: Vec<usize> =
        (0..table.columns.len()).filter(|&at| table.columns[at].unread.is_none()).collect();
    let columns: Vec<&ParquetColumn> = read.iter().map(|&at| &table.columns[at]).collect();
    let mut line = Vec::new();
    Csv::EXACT.line(&mut line, columns.iter().map(|column| Some(&column.name)));
    let names = columns.iter().map(|column| column.name.clone()).collect();
    // An ignored column of another type is left out; one that feeds a field must not be.
    let all: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    let whole = look_at_columns(original, schema, entity, options, all, 0)?;
    let rules = &schema.entities[whole.entity];
    fits(&name, &table, &whole, rules)?;
    let look = look_at_columns(original, schema, Some(whole.entity), options, names, line.len() as u64)?;
    let mut out = Out::begin(spool).map_err(copy)?;
    out.line(&line).map_err(copy)?;
    let writer = Writer { look: &look, entity: rules };
    let mut longest = 0;
    let written = table.each(&read, |row| {
        line.clear();
        writer.row(row, &mut line);
        longest = longest.max(line.len() as u64);
        out.line(&line)
    });
    written.map_err(|error| match error {
        ParquetInError::Taken(source) => copy(source),
        other => fault(other),
    })?;
    let (file, len) = out.finish().map_err(copy)?;
    let source = Source::of_table(name.clone(), file, len);
    let zoned = columns.iter().zip(&look.mapping.columns).filter(|(column, _)| column.is_zoned);
    let zoned = zoned.filter_map(|(_, field)| *field).collect();
    Ok(Table { source, look, facts: Facts { rows: table.rows, longest, zoned } })
}

/// Whether every column that feeds a field is of a type that the field can take.
fn fits(name: &str, table: &ParquetTable, look: &Look, entity: &Entity) -> Result<(), TableError> {
    for (column, field) in table.columns.iter().zip(&look.mapping.columns) {
        let Some(field) = field.map(|field| &entity.fields[field]) else { continue };
        let (name, label) = (name.to_owned(), column.name.clone());
        if let Some(kind) = &column.unread {
            return Err(TableError::Kind { name, column: label, kind: kind.clone() });
        }
        if column.is_list && !matches!(field.rule, Rule::List(_)) {
            return Err(TableError::List { name, column: label, field: field.name.clone() });
        }
    }
    Ok(())
}

struct Writer<'a> {
    look: &'a Look,
    entity: &'a Entity,
}

impl Writer<'_> {
    fn row(&self, row: &[Datum<'_>], line: &mut Vec<u8>) {
        for (at, datum) in row.iter().enumerate() {
            let field = self.look.mapping.columns[at];
            let rule = field.map(|field| &self.entity.fields[field].rule);
            cell(datum, rule, line);
            Csv::EXACT.delimit(line);
        }
        Csv::EXACT.end_line(line);
        if line.len() == 1 {
            // A line with nothing on it would be no record.
            line.splice(..0, *b"\"\"");
        }
    }
}

fn cell(datum: &Datum<'_>, rule: Option<&Rule>, line: &mut Vec<u8>) {
    let mut as_written = |normal: &str, rule: &Rule| {
        let written = rule.written(normal);
        Csv::EXACT.cell(line, written.as_deref().unwrap_or(normal).as_bytes());
    };
    match (datum, rule) {
        (Datum::Null, _) => {}
        (Datum::Number(text), Some(rule @ Rule::Decimal(_)))
        | (Datum::Civil(text), Some(rule @ Rule::Date(_)))
        | (Datum::Instant(text), Some(rule @ Rule::Timestamp(_))) => as_written(text, rule),
        (Datum::Text(text), _) => Csv::EXACT.cell(line, text),
        (Datum::Boolean(value), _) => Csv::EXACT.cell(line, if *value { b"true" } else { b"false" }),
        (Datum::Number(text) | Datum::Civil(text) | Datum::Instant(text), _) => {
            Csv::EXACT.cell(line, text.as_bytes());
        }
        (Datum::List(items), rule) => {
            let separator = match rule {
                Some(Rule::List(list)) => list.separator(),
                _ => ',',
            };
            let items: Vec<&str> = items.iter().flatten().map(String::as_str).collect();
            let cell = if items.iter().any(|item| item.contains(separator)) {
                apart(&items, separator)
            } else {
                items.join(&separator.to_string())
            };
            Csv::EXACT.cell(line, cell.as_bytes());
        }
    }
}

/// The temporary file.
struct Out {
    file: BufWriter<File>,
    len: u64,
}

impl Out {
    fn begin(folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        Ok(Self { file: BufWriter::with_capacity(1 << 18, file), len: 0 })
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        self.len += line.len() as u64;
        self.file.write_all(line)
    }

    fn finish(self) -> io::Result<(File, u64)> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok((file, self.len))
    }
}
