//! Puts the rows of a run back, and deletes those that it inserted.

use crate::load::error::LoadError;
use crate::load::filled::sql::placeholder;
use crate::load::journal::restored;
use crate::load::rows::count;
use crate::sql::{ident, literal};

use super::rows::{RunRows, failed};

/// The columns of a table that are unique by themselves, except its id: name, whether they refuse NULL, type.
const UNIQUE: &str = "SELECT DISTINCT a.attname::text, a.attnotnull, t.typname::text
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE i.indrelid = $1::text::regclass AND i.indisunique AND i.indnkeyatts = 1 AND a.attname::text <> $2 ORDER BY 1";

/// The columns of a table that can be written.
const COLUMNS: &str =
    "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0
       AND NOT a.attisdropped AND a.attgenerated = ''";

/// The end of an insert into `muster.restored`: an earlier entry of the same row is replaced.
const NOTED: &str = "ON CONFLICT (\"table\", id) DO UPDATE SET stood = excluded.stood, now = excluded.now";

/// Puts back the rows that were updated.
pub(super) async fn updated(rows: &RunRows<'_>) -> Result<u64, LoadError> {
    release(rows).await?;
    let entity = rows.entity;
    let columns = format!("{COLUMNS} AND a.attidentity <> 'a' AND a.attname <> $2");
    let columns = rows.query(&columns, &[&entity.table, &entity.id_column]).await?;
    // A column that the table did not have then keeps its value.
    let sets: Vec<String> = columns
        .iter()
        .map(|row| (ident(row.get(0)), literal(row.get(0))))
        .map(|(column, name)| {
            format!("{column} = CASE WHEN u.before ? {name} THEN old.{column} ELSE t.{column} END")
        })
        .collect();
    counted(
        rows,
        &format!(
            "WITH restored AS (
                UPDATE {table} t SET {sets} FROM muster.updated u, jsonb_populate_record(NULL::{table}, u.before) old
                WHERE u.run = {run} AND u.entity = {name} AND t.{id} = u.id
                RETURNING u.id, u.before_xmin),
             noted AS (
                INSERT INTO muster.restored SELECT {table_name}, r.id, {writer}, pg_current_xact_id()::xid
                FROM restored r LEFT JOIN muster.restored back ON {back} {NOTED})
             SELECT count(*) FROM restored",
            table = entity.table,
            sets = sets.join(", "),
            run = rows.run_id,
            name = rows.name,
            id = rows.id,
            table_name = rows.table_name,
            writer = rows.writer("coalesce(back.stood, r.before_xmin)"),
            back = restored(&rows.table_name, "r.id", "r.before_xmin"),
        ),
    )
    .await
}

/// Has the run's rows release values that rows which it updated get back.
async fn release(rows: &RunRows<'_>) -> Result<(), LoadError> {
    let (table, run, name, id) = (&rows.entity.table, &rows.run_id, &rows.name, &rows.id);
    for row in rows.query(UNIQUE, &[table, &rows.entity.id_column]).await? {
        let (column, kind): (String, String) = (row.get(0), row.get(2));
        let kind = if kind == "varchar" { "character varying" } else { &kind };
        let Some(placeholder) = placeholder(row.get(1), kind, id) else { continue };
        let (column, key) = (ident(&column), literal(&column));
        rows.execute(&format!(
            "UPDATE {table} t SET {column} = {placeholder} FROM {list} l
             WHERE l.id = t.{id} AND t.{column} IS NOT NULL
               AND EXISTS (SELECT FROM muster.updated o WHERE o.run = {run} AND o.entity = {name}
                    AND o.before ->> {key} = t.{column}::text AND o.id <> t.{id})
               AND (l.fresh OR EXISTS (SELECT FROM muster.updated u WHERE u.run = {run} AND u.entity = {name}
                    AND u.id = t.{id} AND u.before ? {key}))",
            list = rows.list,
        ))
        .await?;
    }
    Ok(())
}

/// Inserts rows that were deleted, with the ids that they had: those that were deleted last, or the others. A column
/// that the table did not have then takes its default.
pub(super) async fn deleted(rows: &RunRows<'_>, last: bool) -> Result<u64, LoadError> {
    let entity = rows.entity;
    if entity.deleted == 0 {
        return Ok(0);
    }
    let columns = format!(
        "{COLUMNS} AND EXISTS (SELECT FROM muster.deleted d WHERE d.run = $2::text::uuid AND d.entity = $3
                               AND d.before ? a.attname::text)"
    );
    let columns = rows.query(&columns, &[&entity.table, &rows.run.run, &entity.entity]).await?;
    if columns.is_empty() {
        return Ok(0);
    }
    let columns: Vec<String> = columns.iter().map(|row| ident(row.get(0))).collect();
    let values: Vec<_> = columns.iter().map(|column| format!("old.{column}")).collect();
    counted(
        rows,
        &format!(
            "WITH back AS MATERIALIZED (
                SELECT d.id, d.before, d.before_xmin FROM muster.deleted d
                WHERE d.run = {run} AND d.entity = {name} AND d.last = {last}),
             written AS (
                INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
                SELECT {values} FROM back b CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, b.before) old
                ORDER BY b.id RETURNING 1),
             noted AS (
                INSERT INTO muster.restored SELECT {table_name}, b.id, {writer}, pg_current_xact_id()::xid FROM back b
                {NOTED})
             SELECT count(*) FROM written",
            run = rows.run_id,
            name = rows.name,
            table = entity.table,
            columns = columns.join(", "),
            values = values.join(", "),
            table_name = rows.table_name,
            writer = rows.writer("b.before_xmin"),
        ),
    )
    .await
}

/// Deletes the rows that the run inserted.
pub(super) async fn inserted(rows: &RunRows<'_>) -> Result<u64, LoadError> {
    let (table, list, id) = (&rows.entity.table, &rows.list, &rows.id);
    let sql = format!("DELETE FROM {table} t USING {list} l WHERE l.fresh AND t.{id} = l.id");
    Ok(rows.client.execute(&sql, &[]).await.map_err(|e| failed(&rows.run.run, e))?)
}

async fn counted(rows: &RunRows<'_>, sql: &str) -> Result<u64, LoadError> {
    let row = rows.client.query_one(sql, &[]).await.map_err(|e| failed(&rows.run.run, e))?;
    Ok(count(row.get(0)))
}
