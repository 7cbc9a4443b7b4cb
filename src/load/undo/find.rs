//! Finds the rows that keep a run from being undone.

use crate::load::error::LoadError;
use crate::load::journal::{Images, JSON_HASH, ROW_HASH, STAMPS, restored, updated_hash};
use crate::load::references::ForeignKey;
use crate::sql::{ident, literal};

use super::blocking::{BlockingRow, Why};
use super::columns::{Column, EQUALITY, equal};
use super::restore::Release;
use super::rows::{RunRows, failed, list};

/// How many rows are named.
const NAMED: usize = 1000;

/// The run's rows that were changed or deleted since.
pub(super) async fn changed(rows: &RunRows<'_>) -> Result<Vec<BlockingRow>, LoadError> {
    let entity = rows.entity;
    let images = Images::of(rows.client, &entity.entity, &rows.table_name, &entity.id_column).await?;
    // The hash comes last, and is only computed if the stamp proves nothing.
    let sql = format!(
        "SELECT coalesce(t.{key}::text, 'with id ' || l.id), t.{id} IS NULL,
                l.fresh AND coalesce((SELECT b.hashes IS NULL FROM muster.inserted b WHERE b.ctid = l.block), true),
                coalesce(
                    (SELECT r.id FROM muster.runs r {STAMPS}
                     AND r.stamp = t.xmin AND r.undoes IS NULL AND r.id <> {run} LIMIT 1),
                    (SELECT r.id FROM muster.updated u
                     JOIN muster.runs r ON r.id = u.run AND r.status = 'committed' AND r.id <> {run}
                     JOIN muster.run_counts c ON c.run = u.run AND c.entity = u.entity AND c.\"table\" = {table_name}
                     WHERE u.entity = {name} AND u.id = l.id AND u.after_hash = {hash_of_r}
                     ORDER BY r.finished DESC LIMIT 1))::text
         FROM {list} l LEFT JOIN {table} t ON t.{id} = l.id
         LEFT JOIN muster.restored back ON {restored}
         WHERE t.{id} IS NULL OR NOT coalesce(CASE
            WHEN {stamped} AND coalesce(back.stood, t.xmin) = (SELECT stamp FROM muster.runs WHERE id = {run})
            THEN true
            WHEN l.fresh THEN (
                SELECT {same} FROM muster.inserted b
                JOIN muster.images i ON i.run = b.run AND i.entity = b.entity AND i.image = b.image
                WHERE b.ctid = l.block)
            ELSE l.after_hash = {hash} END, false)
         ORDER BY l.id",
        key = ident(&entity.key_column),
        id = rows.id,
        list = rows.list,
        table = entity.table,
        hash = if rows.run.text_images { ROW_HASH } else { JSON_HASH },
        hash_of_r = updated_hash("r"),
        table_name = rows.table_name,
        name = rows.name,
        run = rows.run_id,
        restored = restored(&rows.table_name, "l.id", "t.xmin"),
        stamped = rows.stamped,
        same = images.same("l.place"),
    );
    let found = rows.query(&sql, &[]).await?;
    let blocking = found.iter().map(|row| {
        let why = match (row.get(1), row.get(2), row.get(3)) {
            (true, ..) => Why::Deleted,
            (_, Some(true), None) => Why::Unknown,
            (.., by) => Why::Changed(by),
        };
        BlockingRow { entity: entity.entity.clone(), key: row.get(0), why }
    });
    Ok(blocking.collect())
}

/// Rows that the run deleted and that were created again.
pub(super) async fn created_again(rows: &RunRows<'_>) -> Result<Vec<BlockingRow>, LoadError> {
    let entity = rows.entity;
    if entity.deleted == 0 {
        return Ok(Vec::new());
    }
    let found = format!(
        "SELECT format_type(u.atttypid, -1), {EQUALITY} FROM pg_attribute u
         WHERE u.attrelid = $1::text::regclass AND u.attname = $2"
    );
    let found = rows.query(&found, &[&entity.table, &entity.key_column]).await?;
    let kind = found.first().map_or_else(|| "text".to_owned(), |row| row.get(0));
    let equality: Option<Vec<String>> = found.first().and_then(|row| row.get(1));
    let key = format!("t.{}", ident(&entity.key_column));
    let deleted = format!("(d.before ->> {})::{kind}", literal(&entity.key_column));
    let sql = format!(
        "SELECT d.before ->> {key_name} FROM muster.deleted d
         WHERE d.run = {run} AND d.entity = {name}
           AND (EXISTS (SELECT FROM {table} t WHERE {same})
                OR EXISTS (SELECT FROM {table} t WHERE t.{id} = d.id)) ORDER BY d.id",
        key_name = literal(&entity.key_column),
        same = equal(&key, &deleted, equality.as_deref()),
        table = entity.table,
        run = rows.run_id,
        name = rows.name,
        id = rows.id,
    );
    let found = rows.query(&sql, &[]).await?;
    let blocking = found.iter().map(|row| BlockingRow {
        entity: entity.entity.clone(),
        key: row.get::<_, Option<String>>(0).unwrap_or_default(),
        why: Why::CreatedAgain,
    });
    Ok(blocking.collect())
}

/// Rows to be deleted that others refer to, unless these are deleted, too.
pub(super) async fn referred(rows: &RunRows<'_>) -> Result<Vec<BlockingRow>, LoadError> {
    let entity = rows.entity;
    let keys = ForeignKey::to(rows.client, &entity.table).await.map_err(|e| failed(&rows.run.run, e))?;
    let mut blocking = Vec::new();
    for key in keys {
        let other = rows.run.entities.iter().find(|other| other.table == key.child);
        let going = other.map_or_else(String::new, |other| {
            let id = ident(&other.id_column);
            format!(" AND NOT EXISTS (SELECT FROM {} o WHERE o.fresh AND o.id = c.{id})", list(other))
        });
        let sql = format!(
            "SELECT t.{key}::text FROM {list} l JOIN {parent} t ON t.{id} = l.id
             WHERE l.fresh AND EXISTS (SELECT FROM {child} c WHERE {refers}{going}) ORDER BY l.id LIMIT {NAMED}",
            key = ident(&entity.key_column),
            list = rows.list,
            parent = entity.table,
            id = rows.id,
            child = key.child,
            refers = key.refers(),
        );
        blocking.extend(rows.query(&sql, &[]).await?.iter().map(|row| BlockingRow {
            entity: entity.entity.clone(),
            key: row.get::<_, Option<String>>(0).unwrap_or_default(),
            why: Why::Referred { table: key.child.clone(), constraint: key.constraint.clone() },
        }));
    }
    Ok(blocking)
}

/// Rows with a value that other rows refer to by a foreign key which follows it, if the undo would lose that reference:
/// the value goes through NULL, or ON UPDATE gives the reference up. Asked before anything is put back.
pub(super) async fn followed(rows: &RunRows<'_>) -> Result<Vec<BlockingRow>, LoadError> {
    let (entity, run, name, id) = (rows.entity, &rows.run_id, &rows.name, &rows.id);
    let keys = ForeignKey::to(rows.client, &entity.table).await.map_err(|e| failed(&rows.run.run, e))?;
    let mut blocking = Vec::new();
    if entity.updated == 0 || keys.iter().all(|key| key.on_update().is_none()) {
        return Ok(blocking);
    }
    let (released, columns) = (Release::all(rows).await?, Column::all(rows).await?);
    for (key, on_update) in keys.iter().filter_map(|key| Some((key, key.on_update()?))) {
        let gives_up = on_update != "CASCADE";
        let loses = released
            .iter()
            .filter(|release| (gives_up || release.empties()) && key.depends_on(&release.columns()))
            .map(|release| format!("({})", release.holds));
        let changed = columns.iter().filter(|column| gives_up && key.is_to(&column.name)).map(|column| {
            format!(
                "EXISTS (SELECT FROM muster.updated u WHERE u.run = {run} AND u.entity = {name} AND u.id = t.{id}
                 AND {})",
                column.differs(rows, "u.before")
            )
        });
        let loses: Vec<_> = loses.chain(changed).collect();
        if loses.is_empty() {
            continue;
        }
        let sql = format!(
            "SELECT t.{key}::text FROM {list} l JOIN {table} t ON t.{id} = l.id
             WHERE ({loses}) AND EXISTS (SELECT FROM {child} c WHERE {refers}) ORDER BY l.id LIMIT {NAMED}",
            key = ident(&entity.key_column),
            list = rows.list,
            table = entity.table,
            loses = loses.join(" OR "),
            child = key.child,
            refers = key.refers(),
        );
        blocking.extend(rows.query(&sql, &[]).await?.iter().map(|row| BlockingRow {
            entity: entity.entity.clone(),
            key: row.get(0),
            why: Why::Followed { table: key.child.clone(), constraint: key.constraint.clone(), on_update },
        }));
    }
    Ok(blocking)
}
