//! Puts the rows of a run back, and deletes those that it inserted.

use crate::load::error::LoadError;
use crate::load::filled::sql::placeholder;
use crate::load::journal::restored;
use crate::sql::{ident, literal};

use super::columns::{Column, EQUALITY, equal};
use super::rows::RunRows;

/// The columns of a table that are unique by themselves, except its id, and per column those that must be written to
/// change it: itself, or what it is computed from. Of each its name, whether it refuses NULL, its type; last [`EQUALITY`].
const UNIQUE: &str = "
    SELECT u.attname::text, format_type(u.atttypid, -1), array_agg(w.attname::text ORDER BY w.attnum),
           array_agg(w.attnotnull ORDER BY w.attnum), array_agg(format_type(w.atttypid, NULL) ORDER BY w.attnum),
           EQUALITY
    FROM pg_attribute u JOIN pg_attribute w ON w.attrelid = u.attrelid AND w.attnum > 0 AND NOT w.attisdropped
      AND w.attgenerated = '' AND w.attidentity <> 'a' AND w.attname <> $2 AND (w.attnum = u.attnum
        OR u.attgenerated <> '' AND EXISTS (
            SELECT FROM pg_attrdef f JOIN pg_depend d ON (d.classid, d.objid, d.objsubid) IN (
                ('pg_attrdef'::regclass, f.oid, 0), ('pg_class'::regclass, f.adrelid, f.adnum))
            WHERE f.adrelid = u.attrelid AND f.adnum = u.attnum AND d.refclassid = 'pg_class'::regclass
              AND d.refobjid = f.adrelid AND d.refobjsubid = w.attnum))
    WHERE u.attrelid = $1::text::regclass AND u.attname <> $2 AND EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = u.attrelid AND i.indisunique AND i.indnkeyatts = 1
          AND i.indkey[0] = u.attnum)
    GROUP BY u.attrelid, u.attnum, u.attname, u.atttypid ORDER BY u.attnum";

/// The end of an insert into `muster.restored`: an earlier entry of the same row is replaced.
const NOTED: &str = "ON CONFLICT (\"table\", id) DO UPDATE SET stood = excluded.stood, now = excluded.now";

/// Puts back the rows that were updated, in the columns that are not as they were. Returns the SQL condition that such a
/// row `t`, with its image `u.before`, still has to be put back; `None` if there is nothing to put back.
pub(super) async fn updated(rows: &RunRows<'_>) -> Result<Option<String>, LoadError> {
    let (entity, run, name, id) = (rows.entity, &rows.run_id, &rows.name, &rows.id);
    if entity.updated == 0 {
        return Ok(None);
    }
    let mut columns = Column::all(rows).await?;
    columns.retain(|column| column.updatable);
    let differs: Vec<_> = columns.iter().map(|column| column.differs(rows, "u.before")).collect();
    if differs.is_empty() {
        return Ok(None);
    }
    let of_run = format!("u.run = {run} AND u.entity = {name} AND t.{id} = u.id");
    let changed: Vec<_> =
        differs.iter().map(|differs| format!("coalesce(bool_or({differs}), false)")).collect();
    let changed = rows
        .query(
            &format!(
                "SELECT ARRAY[{}] FROM muster.updated u JOIN {} t ON {of_run}",
                changed.join(", "),
                entity.table
            ),
            &[],
        )
        .await?;
    let changed: Vec<bool> = changed[0].get(0);
    let released = release(rows).await?;
    let (columns, differs): (Vec<_>, Vec<_>) = columns
        .iter()
        .zip(differs)
        .zip(changed)
        .filter(|((column, _), changed)| *changed || released.contains(&column.ident()))
        .map(|(both, _)| both)
        .unzip();
    if columns.is_empty() {
        return Ok(None);
    }
    let set = |(column, differs): (&&Column, &String)| {
        let (name, value) = (column.ident(), column.value(rows, "u.before"));
        format!("{name} = CASE WHEN {differs} THEN {value} ELSE t.{name} END")
    };
    let sets: Vec<_> = columns.iter().zip(&differs).map(set).collect();
    rows.write(&format!(
        "WITH restored AS (
            UPDATE {table} t SET {sets} FROM muster.updated u {old} WHERE {of_run} RETURNING u.id, u.before_xmin),
         noted AS (
            INSERT INTO muster.restored SELECT {table_name}, r.id, {writer}, pg_current_xact_id()::xid
            FROM restored r LEFT JOIN muster.restored back ON {back} {NOTED})
         SELECT {set}",
        set = rows.path.set(),
        table = entity.table,
        sets = sets.join(", "),
        old = Column::read(&columns, rows, "u.before")?,
        table_name = rows.table_name,
        writer = rows.writer("coalesce(back.stood, r.before_xmin)"),
        back = restored(&rows.table_name, "r.id", "r.before_xmin"),
    ))
    .await?;
    Ok(Some(differs.join(" OR ")))
}

/// A unique column, and the rows of a run that must release their values of it first: rows which the run updated get
/// these values back.
pub(super) struct Release {
    /// What is written instead, as SQL, per column.
    sets: Vec<(String, String)>,
    /// The SQL condition that the row `t`, listed as `l`, is one of these rows.
    pub(super) holds: String,
}

impl Release {
    /// The columns that are written.
    pub(super) fn columns(&self) -> Vec<String> {
        self.sets.iter().map(|(column, _)| column.clone()).collect()
    }

    /// A value is NULL for a while, and which row had it is no longer known then.
    pub(super) fn empties(&self) -> bool {
        self.sets.iter().any(|(_, placeholder)| placeholder == "NULL")
    }

    /// What must be released of the table of a run's rows.
    pub(super) async fn all(rows: &RunRows<'_>) -> Result<Vec<Self>, LoadError> {
        let (table, run, name, id) = (&rows.entity.table, &rows.run_id, &rows.name, &rows.id);
        let mut all = Vec::new();
        if rows.entity.updated == 0 {
            return Ok(all);
        }
        for row in rows.query(&UNIQUE.replace("EQUALITY", EQUALITY), &[table, &rows.entity.id_column]).await?
        {
            let (column, kind): (String, String) = (row.get(0), row.get(1));
            let (written, not_null): (Vec<String>, Vec<bool>) = (row.get(2), row.get(3));
            let kinds: Vec<String> = row.get(4);
            let equality: Option<Vec<String>> = row.get(5);
            let written = written.into_iter().zip(not_null).zip(&kinds);
            let sets: Vec<_> = written
                .filter_map(|((column, not_null), kind)| Some((column, placeholder(not_null, kind, id)?)))
                .collect();
            if sets.is_empty() {
                continue;
            }
            let (column, key) = (ident(&column), literal(&column));
            let taken = if rows.run.text_images {
                equal(&format!("(o.before ->> {key})::{kind}"), &format!("t.{column}"), equality.as_deref())
            } else {
                format!("o.before ->> {key} = t.{column}::text")
            };
            let holds = format!(
                "t.{column} IS NOT NULL
                 AND EXISTS (SELECT FROM muster.updated o WHERE o.run = {run} AND o.entity = {name}
                      AND {taken} AND o.id <> t.{id})
                 AND (l.fresh OR EXISTS (SELECT FROM muster.updated u WHERE u.run = {run} AND u.entity = {name}
                      AND u.id = t.{id} AND u.before ? {key}))"
            );
            all.push(Self { sets, holds });
        }
        Ok(all)
    }
}

/// Has the run's rows release values that rows which it updated get back. Returns the columns that were written.
async fn release(rows: &RunRows<'_>) -> Result<Vec<String>, LoadError> {
    let mut released = Vec::new();
    for Release { sets, holds } in Release::all(rows).await? {
        let written = sets.iter().map(|(column, placeholder)| format!("{} = {placeholder}", ident(column)));
        rows.write_alone(&format!(
            "UPDATE {table} t SET {sets} FROM {list} l WHERE l.id = t.{id} AND {holds}",
            table = rows.entity.table,
            sets = written.collect::<Vec<_>>().join(", "),
            list = rows.list,
            id = rows.id,
        ))
        .await?;
        released.extend(sets.iter().map(|(column, _)| ident(column)));
    }
    Ok(released)
}

/// Inserts rows that were deleted, with the ids that they had: those that were deleted last, or the others. A column
/// that the table did not have then takes its default.
pub(super) async fn deleted(rows: &RunRows<'_>, last: bool) -> Result<(), LoadError> {
    let (entity, run, name) = (rows.entity, &rows.run_id, &rows.name);
    if entity.deleted == 0 {
        return Ok(());
    }
    let kept = format!(
        "SELECT k.key, bool_or(k.value <> 'null') FROM muster.deleted d CROSS JOIN LATERAL jsonb_each(d.before) k
         WHERE d.run = {run} AND d.entity = {name} GROUP BY k.key"
    );
    let kept = rows.query(&kept, &[]).await?;
    let filled = |column: &Column| {
        kept.iter().find(|row| ident(row.get(0)) == column.ident()).map(|row| row.get::<_, bool>(1))
    };
    let mut columns = Column::all(rows).await?;
    columns.retain(|column| column.writable && filled(column).is_some());
    for column in &mut columns {
        column.lossy &= filled(column) == Some(true);
    }
    if columns.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = columns.iter().map(Column::ident).collect();
    let values: Vec<_> = columns.iter().map(|column| column.value(rows, "b.before")).collect();
    let read = Column::read(&columns.iter().collect::<Vec<_>>(), rows, "b.before")?;
    rows.write(&format!(
        "WITH back AS MATERIALIZED (
            SELECT d.id, d.before, d.before_xmin FROM muster.deleted d
            WHERE d.run = {run} AND d.entity = {name} AND d.last = {last}),
         written AS (
            INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM back b {read} ORDER BY b.id),
         noted AS (
            INSERT INTO muster.restored SELECT {table_name}, b.id, {writer}, pg_current_xact_id()::xid FROM back b {NOTED})
         SELECT {set}",
        set = rows.path.set(),
        table = entity.table,
        names = names.join(", "),
        values = values.join(", "),
        table_name = rows.table_name,
        writer = rows.writer("b.before_xmin"),
    ))
    .await
}

/// Deletes the rows that the run inserted.
pub(super) async fn inserted(rows: &RunRows<'_>) -> Result<(), LoadError> {
    let (table, list, id) = (&rows.entity.table, &rows.list, &rows.id);
    rows.write_alone(&format!("DELETE FROM {table} t USING {list} l WHERE l.fresh AND t.{id} = l.id")).await
}
