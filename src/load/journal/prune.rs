//! What is removed from the journal: the undo data of old runs, and everything about a person.

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::load::error::LoadError;
use crate::load::rights;

use super::tables::exists;
use crate::sql::ident;

fn failed(error: crate::db::postgres::Error) -> DbError {
    DbError::of("pruning the journal (schema muster)", error)
}

/// Removes the undo data of runs that committed more than `seconds` ago; they can no longer be undone. Returns the
/// number of these runs. They stay on the list.
/// Errors: the server refuses; then nothing was removed.
pub(crate) async fn prune(client: &Client, seconds: f64) -> Result<u64, LoadError> {
    if !exists(client, rights::JOURNAL_PRUNE).await? {
        return Ok(0);
    }
    client.batch_execute("BEGIN").await.map_err(failed)?;
    let old = "UPDATE muster.runs SET undoable = false, pruned = now()
               WHERE finished < now() - make_interval(secs => $1) AND undoable RETURNING id::text";
    let rows = client.query(old, &[&seconds]).await.map_err(failed)?;
    let runs: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for table in ["inserted", "images", "updated", "deleted", "run_records"] {
        let sql = format!("DELETE FROM muster.{table} WHERE run = ANY ($1::text[]::uuid[])");
        client.execute(&sql, &[&runs]).await.map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)?;
    Ok(runs.len() as u64)
}

/// Removes what the journal has about the person with this e-mail address: the undo data of every row that had it
/// before a run or that has it now. Returns the number of rows.
/// Errors: the server refuses; then nothing was removed.
pub(crate) async fn forget(client: &Client, email: &str) -> Result<u64, LoadError> {
    if !exists(client, rights::JOURNAL_PRUNE).await? {
        return Ok(0);
    }
    // An undo that has begun needs the data: it has locked its run.
    client.batch_execute("BEGIN; SELECT FROM muster.runs FOR SHARE").await.map_err(failed)?;
    let mut forgotten = 0;
    let images = "DELETE FROM muster.updated u WHERE EXISTS (
        SELECT FROM jsonb_each_text(u.before) v WHERE lower(trim(v.value)) = lower(trim($1::text)))
        RETURNING run::text, entity, id";
    let rows = client.query(images, &[&email]).await.map_err(failed)?;
    forgotten += forget_rows(client, &rows).await?;
    let images = "DELETE FROM muster.deleted d WHERE EXISTS (
        SELECT FROM jsonb_each_text(d.before) v WHERE lower(trim(v.value)) = lower(trim($1::text)))
        RETURNING run::text, entity, id";
    let rows = client.query(images, &[&email]).await.map_err(failed)?;
    forgotten += forget_rows(client, &rows).await?;
    let tables = "SELECT DISTINCT ON (c.entity, c.\"table\") c.entity, c.\"table\", c.id_column,
            array(SELECT format('lower(trim(t.%I::text))', a.attname) FROM pg_attribute a
                  JOIN pg_type y ON y.oid = a.atttypid AND y.typcategory = 'S'
                  WHERE a.attrelid = to_regclass(c.\"table\") AND a.attnum > 0 AND NOT a.attisdropped)
        FROM muster.run_counts c WHERE to_regclass(c.\"table\") IS NOT NULL";
    let tables = client.query(tables, &[]).await.map_err(failed)?;
    rights::read(client, &tables.iter().map(|row| row.get(1)).collect::<Vec<_>>()).await?;
    for table in tables {
        let (entity, name, id): (String, String, String) = (table.get(0), table.get(1), table.get(2));
        let texts: Vec<String> = table.get(3);
        let sql = format!(
            "WITH person AS MATERIALIZED (SELECT t.{id}::bigint AS id FROM {name} t
                WHERE lower(trim($1::text)) = ANY (ARRAY[{texts}]::text[])),
             images AS (DELETE FROM muster.updated u USING person p WHERE u.entity = $2 AND u.id = p.id
                RETURNING u.run, u.entity, u.id),
             blocks AS (SELECT b.ctid AS place, b.run, b.entity, b.rows, p.id FROM person p JOIN muster.inserted b
                ON b.entity = $2 AND b.first_id <= p.id AND b.last_id >= p.id
                   AND (b.ids IS NULL OR p.id = ANY (b.ids)))
             SELECT run::text, entity, id FROM images UNION ALL SELECT run::text, entity, id FROM blocks",
            id = ident(&id),
            texts = texts.join(", "),
        );
        let rows = client.query(&sql, &[&email, &entity]).await.map_err(failed)?;
        forgotten += forget_rows(client, &rows).await?;
    }
    forgotten += forget_invites(client, email).await?;
    client.batch_execute("COMMIT").await.map_err(failed)?;
    Ok(forgotten)
}

/// Removes the invites of this address with their mails and links. It stays on the list of addresses to which nothing
/// may be sent, or the next invitation would be.
async fn forget_invites(client: &Client, email: &str) -> Result<u64, LoadError> {
    let there = "SELECT to_regclass('muster.invites') IS NOT NULL";
    if !client.query_one(there, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(0);
    }
    let sql = "DELETE FROM muster.invites WHERE address = lower(trim($1::text))";
    Ok(client.execute(sql, &[&email]).await.map_err(failed)?)
}

/// Takes rows (run, entity, id) out of the blocks of inserted rows, and counts them in their runs.
async fn forget_rows(client: &Client, rows: &[Row]) -> Result<u64, LoadError> {
    for row in rows {
        let (run, entity, id): (&str, &str, i64) = (row.get(0), row.get(1), row.get(2));
        let cut = "WITH cut AS (DELETE FROM muster.inserted b WHERE b.run = $1::text::uuid AND b.entity = $2
                AND b.first_id <= $3 AND b.last_id >= $3 AND (b.ids IS NULL OR $3 = ANY (b.ids)) RETURNING *),
             rest AS (SELECT c.run, c.entity, c.image, r.* FROM cut c CROSS JOIN LATERAL (
                SELECT coalesce(c.ids[n], c.first_id + n - 1) AS id,
                       coalesce(c.row_numbers[n], c.first_row + n - 1) AS row_number,
                       substr(c.hashes, (n * 8 - 7)::integer, 8) AS hash
                FROM generate_series(1, c.rows) n) r WHERE r.id <> $3)
             INSERT INTO muster.inserted (run, entity, first_id, last_id, rows, ids, row_numbers, image, hashes)
             SELECT run, entity, min(id), max(id), count(*), array_agg(id ORDER BY id),
                    array_agg(row_number ORDER BY id), image, string_agg(hash, ''::bytea ORDER BY id)
             FROM rest GROUP BY run, entity, image, id / 4096";
        client.execute(cut, &[&run, &entity, &id]).await.map_err(failed)?;
        let count = "UPDATE muster.run_counts SET forgotten = forgotten + 1
                     WHERE run = $1::text::uuid AND entity = $2";
        client.execute(count, &[&run, &entity]).await.map_err(failed)?;
    }
    Ok(rows.len() as u64)
}
