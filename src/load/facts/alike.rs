//! Values of a unique field that differ and that its column takes for the same, such as `a` and `A`, or 1 and 1.0: among
//! the rows of the files, asked by arrays.

use crate::db::DbError;
use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::load::repertoire::Repertoire;
use crate::load::rows::{EntityRows, row_number};
use crate::read::Harvest;
use crate::record::{RowEncoder, RowNumber};
use crate::schema::{Entity, FieldIndex};

/// The unique fields whose columns take some different values for the same.
pub(in crate::load) fn lenient(entity: &Entity, info: &TableInfo) -> impl Iterator<Item = FieldIndex> {
    entity.unique_fields().filter(|&index| {
        let field = &entity.fields[index];
        let lenient = info.column(&field.column).is_some_and(|column| column.lenient);
        field.reference.is_none() && (lenient || field.rule.sql_type() == "numeric")
    })
}

/// The rows whose value of a lenient field others have, too: the row, and the first that has it.
pub(super) async fn find(
    client: &Client,
    entity: &Entity,
    info: &TableInfo,
    item: &EntityRows<'_>,
    field: FieldIndex,
    repertoire: &Repertoire,
) -> Result<Vec<(RowNumber, RowNumber)>, LoadError> {
    let kind = entity.fields[field].rule.sql_type();
    let value = format!("k.value::{kind}");
    let column = info.column(&entity.fields[field].column);
    let Some(value) = column.and_then(|column| column.alike(&value, kind)) else { return Ok(Vec::new()) };
    let (numbers, values) = values(item.harvest, field, repertoire)?;
    let sql = format!(
        "SELECT n, first FROM (
            SELECT k.n, min(k.n) OVER alike AS first, count(*) OVER alike AS rows
            FROM unnest($1::bigint[], $2::text[]) k (n, value)
            WINDOW alike AS (PARTITION BY {value})) found WHERE rows > 1"
    );
    let rows = client.query(&sql, &[&numbers, &values]).await;
    let doing = || format!("comparing values as table {} does", entity.table);
    let rows = rows.map_err(|e| DbError::of(doing(), e))?;
    Ok(rows.iter().map(|row| (row_number(row.get(0)), row_number(row.get(1)))).collect())
}

/// The values of a field that the database can hold, each with its row's number.
pub(super) fn values(
    harvest: &Harvest,
    field: FieldIndex,
    repertoire: &Repertoire,
) -> Result<(Vec<i64>, Vec<String>), LoadError> {
    let (mut numbers, mut values, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    for segment in &harvest.segments {
        let layout = harvest.layout(segment.file);
        let Some(position) = layout.fields.iter().position(|&own| own == field) else { continue };
        let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (row, bytes) in (segment.first..).zip(rows.iter()) {
            let value = RowEncoder::field(bytes, position).filter(|value| repertoire.has(value));
            if let Some(value) = value {
                numbers.push(i64::try_from(row).unwrap_or(i64::MAX));
                values.push(RowEncoder::unescape(value));
            }
        }
    }
    Ok((numbers, values))
}
