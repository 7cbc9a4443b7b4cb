//! Values of unique fields that the table has in another form than the field's normal one: in capitals, with spaces, or
//! composed of other characters. An application wrote them. No equality finds them by the normal form, so a second row
//! would be written for the same person.
//!
//! The server says which values are out of the ordinary, in one scan of the column; their normal form is found here, by
//! the field's own rule. A few new rows do not make an import scan a large table; it says so.

use std::collections::{HashMap, HashSet};

use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::db::{CopyOut, DbError};
use crate::load::error::LoadError;
use crate::load::rows::EntityRows;
use crate::load::tables;
use crate::read::slots;
use crate::record::{RowEncoder, RowNumber, Slot};
use crate::rule::Rule;
use crate::schema::{Entity, FieldIndex, Schema};
use crate::settle::{Question, StoredOtherwise};
use crate::sql::{ident, literal};

/// How many values are compared with the rows at a time.
const BATCH: usize = 100_000;

/// A table of up to so many bytes is always scanned, a larger one if it has fewer bytes than this for each new row.
const LARGE: i64 = 1 << 30;
const PER_ROW: i64 = 1 << 20;

/// A value of the table: as it is, and the row's key.
struct Stored {
    value: String,
    key: Vec<u8>,
}

/// Whether the table may be scanned for this number of new rows.
pub(super) async fn is_worth(client: &Client, entity: &Entity, new: i64) -> Result<bool, LoadError> {
    let table = &entity.table;
    let sql = "SELECT coalesce(pg_relation_size(to_regclass($1::text)), 0)";
    let size = client.query_one(sql, &[&table.to_string()]).await;
    let size: i64 = size.map_err(|e| DbError::of(format!("looking at the size of table {table}"), e))?.get(0);
    let is_worth = size <= LARGE.max(new.saturating_mul(PER_ROW));
    if !is_worth {
        tracing::warn!(
            "table {table} is large: whether others wrote a new key there in another form (in capitals, with spaces) is \
             only looked for by `muster check --against-database`"
        );
    }
    Ok(is_worth)
}

/// Finds the rows with a value that another row of the table has in another form, in the fields that are `wanted`.
pub(super) async fn find(
    client: &Client,
    schema: &Schema,
    tables: &[Option<TableInfo>],
    item: &EntityRows<'_>,
    wanted: impl Fn(FieldIndex) -> bool,
) -> Result<Vec<StoredOtherwise>, LoadError> {
    let (entity, mut found) = (&schema.entities[item.entity], Vec::new());
    let Some(info) = &tables[item.entity] else { return Ok(Vec::new()) };
    let key_rule = &entity.fields[entity.key].rule;
    for (slot, at) in slots(entity).into_iter().enumerate().filter(|(_, at)| wanted(*at)) {
        if !item.harvest.files.iter().any(|file| file.layout.fields.contains(&at)) {
            continue;
        }
        let mut batch = HashMap::new();
        scan(client, entity, info, at, |normal, value, key| {
            batch.insert(normal, Stored { value, key: normal_or_raw(key_rule, &key) });
            if batch.len() == BATCH {
                compare(entity, item, at, Slot(slot), &batch, &mut found)?;
                batch.clear();
            }
            Ok(())
        })
        .await?;
        compare(entity, item, at, Slot(slot), &batch, &mut found)?;
        if at == entity.key && !found.is_empty() {
            let question = |(_, key): &(_, Vec<u8>)| Question { entity: item.entity, key: key.clone() };
            let questions: Vec<Question> = found.iter().map(question).collect();
            let held = tables::held(client, schema, tables, &questions).await?;
            found.retain(|row| !held.contains(&question(row)));
        }
    }
    Ok(found.into_iter().map(|(stored, _)| stored).collect())
}

/// Those of the `wanted` keys that the table has in another form, each with this form.
pub(super) async fn keys(
    client: &Client,
    entity: &Entity,
    info: &TableInfo,
    wanted: &HashSet<&[u8]>,
) -> Result<HashMap<Vec<u8>, String>, LoadError> {
    let mut found = HashMap::new();
    scan(client, entity, info, entity.key, |normal, value, _| {
        if wanted.contains(normal.as_slice()) {
            found.insert(normal, value);
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Calls `each` with the values of a field that the table has in another form: the normal form, the value, the row's
/// key.
async fn scan(
    client: &Client,
    entity: &Entity,
    info: &TableInfo,
    at: FieldIndex,
    mut each: impl FnMut(Vec<u8>, String, String) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let field = &entity.fields[at];
    let is_text = field.reference.is_none() && field.rule.sql_type() == "text";
    let is_free = info.column(&field.column).is_some_and(|column| column.labels.is_empty());
    if !(is_text && is_free) {
        return Ok(());
    }
    let sql = format!(
        "COPY (SELECT t.{column}::text, t.{key}::text FROM {table} t
         WHERE t.{column}::text COLLATE \"C\" !~ {ordinary}) TO STDOUT",
        column = ident(&field.column),
        key = ident(&entity.fields[entity.key].column),
        table = entity.table,
        ordinary = literal(ordinary(&field.rule)),
    );
    let doing = format!("looking at the keys of table {}", entity.table);
    let mut copy = CopyOut::begin(client, &sql, &doing).await?;
    while let Some(row) = copy.next().await? {
        let Some(value) = RowEncoder::field(&row, 0).map(RowEncoder::unescape) else { continue };
        if let Some(normal) = normal(&field.rule, &value) {
            let key = RowEncoder::field(&row, 1).map(RowEncoder::unescape).unwrap_or_default();
            each(normal, value, key)?;
        }
    }
    Ok(())
}

/// Adds the rows whose value of the field is one of these, each with its key.
fn compare(
    entity: &Entity,
    item: &EntityRows<'_>,
    field: FieldIndex,
    slot: Slot,
    batch: &HashMap<Vec<u8>, Stored>,
    found: &mut Vec<(StoredOtherwise, Vec<u8>)>,
) -> Result<(), LoadError> {
    let mut buffer = Vec::new();
    for segment in item.harvest.segments.iter().filter(|_| !batch.is_empty()) {
        let layout = item.harvest.layout(segment.file);
        let position = |wanted: FieldIndex| layout.fields.iter().position(|&own| own == wanted);
        let (Some(value), Some(key)) = (position(field), position(entity.key)) else { continue };
        let rows = segment.open(&item.harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (row, bytes) in (segment.first..).zip(rows.iter()) {
            let stored = RowEncoder::field(bytes, value).and_then(|value| batch.get(value));
            let (Some(Stored { value, key: its_key }), Some(key)) = (stored, RowEncoder::field(bytes, key))
            else {
                continue;
            };
            // A lenient key column takes both for the same row.
            if field == entity.key || !key.eq_ignore_ascii_case(its_key) {
                found.push((
                    StoredOtherwise { row: RowNumber(row), slot, stored: value.clone() },
                    key.to_vec(),
                ));
            }
        }
    }
    Ok(())
}

/// A regular expression that only matches values in normal form; not all of them need to match.
fn ordinary(rule: &Rule) -> &'static str {
    match rule {
        Rule::Email(_) => "^[!-@^-~]+$",
        Rule::Phone(_) => r"^\+[0-9]+$",
        Rule::Iban(_) | Rule::Bic(_) | Rule::Vat(_) | Rule::Country(_) => "^[0-9A-Z]+$",
        _ => "^[!-~]+( [!-~]+)*$",
    }
}

/// The normal form of a value that is not in it, as rows have it.
fn normal(rule: &Rule, value: &str) -> Option<Vec<u8>> {
    let (normal, _) = rule.normal_form(value).ok()?;
    (!normal.is_empty() && normal != value).then(|| raw(&normal))
}

fn normal_or_raw(rule: &Rule, value: &str) -> Vec<u8> {
    normal(rule, value).unwrap_or_else(|| raw(value))
}

fn raw(value: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 1);
    RowEncoder::text(&mut out, value);
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::rule::{email::Email, text::Text};

    #[test]
    fn what_counts_as_ordinary_is_in_normal_form() {
        let values = [
            "a",
            "A1",
            "a b",
            "a  b",
            " a",
            "a ",
            "jan@x.nl",
            "Jan@X.nl",
            "jan@x.nl ",
            "é",
            "e\u{301}",
            "a\u{a0}",
        ];
        for rule in [Rule::Email(Email), Rule::Text(Text::new(false))] {
            let ordinary = Regex::new(ordinary(&rule)).unwrap();
            for value in values.into_iter().filter(|value| ordinary.is_match(value)) {
                assert!(normal(&rule, value).is_none(), "{value:?} counts as ordinary");
            }
            assert!(["a", "1@x.nl"].iter().any(|value| ordinary.is_match(value)));
        }
    }
}
