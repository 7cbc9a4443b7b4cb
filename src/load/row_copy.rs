//! Spooled rows as COPY into a target table takes them: with their identifiers and those of their parents.

use std::fmt::Write;

use bytes::BytesMut;

use crate::db::catalog::TableInfo;
use crate::read::Layout;
use crate::record::RowEncoder;
use crate::schema::{Entity, FieldIndex};
use crate::sql::ident;

/// The fields that are sent for rows of a layout: its own, then those whose value only the schema has.
pub(super) fn sent_fields(entity: &Entity, layout: &Layout) -> Vec<FieldIndex> {
    let defaults = (0..entity.fields.len())
        .filter(|index| !layout.fields.contains(index) && entity.fields[*index].when_empty().is_some());
    layout.fields.iter().copied().chain(defaults).collect()
}

/// Puts the rows of a layout together: identifier, parents' identifiers, the spooled fields, and the end that all rows
/// share: defaults of columns that the file does not have and only the schema knows, and the record's times.
pub(super) struct RowWriter<'a> {
    layout: &'a Layout,
    /// For each reference of the layout its position among the entity's references.
    references: Vec<usize>,
    end: Vec<u8>,
    /// The COPY that takes the rows.
    pub(super) statement: String,
}

impl<'a> RowWriter<'a> {
    pub(super) fn new(entity: &Entity, info: &TableInfo, layout: &'a Layout) -> Self {
        let mut columns = ident(&entity.system.id);
        let mut end = Vec::new();
        for index in sent_fields(entity, layout) {
            let field = &entity.fields[index];
            let _ = write!(columns, ", {}", ident(&field.column));
            if let Some(default) = field.when_empty().filter(|_| !layout.fields.contains(&index)) {
                end.push(b'\t');
                RowEncoder::text(&mut end, default);
                end.pop();
            }
        }
        for column in [&entity.system.created_at, &entity.system.updated_at].into_iter().flatten() {
            if info.column(column).is_some_and(|column| !column.filled) {
                let _ = write!(columns, ", {}", ident(column));
                end.extend_from_slice(b"\tnow");
            }
        }
        end.push(b'\n');
        let all: Vec<_> = entity.references().map(|(field, _)| field).collect();
        let position =
            |field: &FieldIndex| all.iter().position(|f| f == field).expect("a reference of the entity");
        let references = layout.fields[..layout.references].iter().map(position).collect();
        let statement = format!("COPY {} ({columns}) FROM STDIN", entity.table);
        Self { layout, references, end, statement }
    }

    /// Writes one row. `parent` gives the identifier that a reference, by its position, leads to by its key.
    pub(super) fn write(
        &self,
        out: &mut BytesMut,
        id: i64,
        bytes: &[u8],
        parent: impl Fn(usize, &[u8]) -> Option<i64>,
    ) {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(id).as_bytes());
        let mut rest = bytes;
        for &reference in &self.references {
            let end = memchr::memchr2(b'\t', b'\n', rest).unwrap_or(rest.len());
            let key = &rest[..end];
            out.extend_from_slice(b"\t");
            match if key == b"\\N" { None } else { parent(reference, key) } {
                Some(id) => out.extend_from_slice(digits.format(id).as_bytes()),
                None => out.extend_from_slice(b"\\N"),
            }
            rest = &rest[(end + 1).min(rest.len())..];
        }
        if self.layout.fields.len() > self.references.len() {
            out.extend_from_slice(b"\t");
            out.extend_from_slice(rest.strip_suffix(b"\n").unwrap_or(rest));
        }
        out.extend_from_slice(&self.end);
    }
}

/// An encoded row's fields after the identifier.
pub(super) fn after_id(row: &[u8]) -> &[u8] {
    memchr::memchr(b'\t', row).map_or(&[], |end| &row[end + 1..])
}
