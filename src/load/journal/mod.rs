//! The journal: a schema `muster` in the target database, written in the run's own transaction. What is in
//! it was committed, and what was committed is in it.
//!
//! Whether somebody changed a row after muster wrote it is told in two steps. First by the row's `xmin`: it is the
//! run's transaction (or the part of it behind a savepoint, the run's stamp) exactly as long as nobody has written
//! the row since (freezing keeps it, since PostgreSQL 9.4). That is free, and nearly always enough. It says nothing
//! where the row was written anew: touched and left as it was, by an `ALTER TABLE` that writes the whole table, or
//! by a restored dump, after which all numbers are those of the restore. The run's row in `muster.stamps` tells that
//! case: it then has another number than the journal says (`pg_upgrade` keeps them). Nor does it where a number may
//! have come again, four thousand million transactions later.
//!
//! Then a hash of the image that the run left decides, row by row: of an inserted row the columns that muster sent
//! and those that nobody fills, eight bytes in its block (see `image`); of an updated row all its columns. A row
//! that is as it was left counts as unchanged, whoever touched it. What a computed default or a trigger fills (a time, a
//! random number) is outside an inserted row's hash, unless muster sends it: where somebody changed nothing but that,
//! it shows in `xmin` but not in the hash, and the row counts as unchanged. Rows that a run inserted with version 2 of the journal or before have no hash: where
//! `xmin` does not prove them unchanged, undo refuses them and `--protect-edited` takes them for edited.

mod image;
mod prune;
mod runs;
mod written;

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::record::EntityIndex;
use crate::schema::{Entity, Schema, Table};
use crate::sql::literal;

use super::rights;
use super::{LoadError, Written};

pub(crate) use image::{Hasher, Image, Images, SIZE as HASH_SIZE, sent, text};
pub(crate) use prune::{forget, prune};
pub(crate) use runs::{EntityRecord, RunRecord, find, list};
pub(crate) use written::{Origin, note_records};

/// The version of the journal's tables that this program writes.
pub(crate) const VERSION: i32 = 3;

/// What brings a journal from each version to the next.
const UPGRADES: [&str; 2] = [include_str!("from_1_to_2.sql"), include_str!("from_2_to_3.sql")];

/// The hash of an updated row's whole image, the row being `t`.
pub(crate) const IMAGE_HASH: &str = "hashtextextended(to_jsonb(t)::text, 0)";

/// What follows `FROM muster.runs r` to have those whose stamp proves something: it is still what their rows had
/// in `xmin`, which after a restored dump it is not, and its number has not come again.
pub(crate) const STAMPS: &str = "JOIN muster.stamps k ON k.run = r.id AND k.xmin = r.stamp
    WHERE pg_snapshot_xmax(pg_current_snapshot())::text::numeric - r.xid::text::numeric < 4294967296";

/// On what to join `muster.restored back` to a row with this `id` and this `xmin`. What a dump has brought was
/// noted by other transactions than it says.
pub(crate) fn restored(table: &str, id: &str, xmin: &str) -> String {
    format!("back.\"table\" = {table} AND back.id = {id} AND back.now = {xmin} AND back.xmin = back.now")
}

/// What the journal keeps about a run.
#[derive(Debug, Clone)]
pub(crate) struct RunNote {
    /// The subcommand.
    pub(crate) command: String,
    /// When it began, as RFC 3339.
    pub(crate) started: String,
    /// The program's version.
    pub(crate) version: String,
    /// SHA-256 of the schema files.
    pub(crate) schema_sha256: String,
    /// The options as a JSON object, without secrets.
    pub(crate) options: String,
    /// The entities that files were given for.
    pub(crate) entities: Vec<EntityNote>,
}

/// What the journal keeps about an entity of a run.
#[derive(Debug, Clone)]
pub(crate) struct EntityNote {
    /// Its position in load order.
    pub(crate) entity: EntityIndex,
    /// Read, blank, accepted, rejected, duplicates, warnings.
    pub(crate) counts: [u64; 6],
    /// What was written.
    pub(crate) written: Written,
    /// Its files, in the order given.
    pub(crate) files: Vec<FileNote>,
}

/// What the journal keeps about a file.
#[derive(Debug, Clone)]
pub(crate) struct FileNote {
    /// As given.
    pub(crate) path: String,
    /// As stored.
    pub(crate) bytes: u64,
    /// Of the bytes as given.
    pub(crate) sha256: String,
    /// Its name.
    pub(crate) encoding: String,
    /// One character.
    pub(crate) delimiter: String,
}

/// Whether the database has a journal, of the version that this program knows.
///
/// # Errors
///
/// A newer program made it, or the role lacks one of these rights on it.
pub(crate) async fn exists(client: &Client, rights: &[&str]) -> Result<bool, LoadError> {
    rights::journal(client, rights).await?;
    let failed = |e| DbError::of("looking for the journal (schema muster)", e);
    let there = "SELECT to_regclass('muster.version') IS NOT NULL";
    if !client.query_one(there, &[]).await.map_err(failed)?.get::<_, bool>(0) {
        return Ok(false);
    }
    let row = client.query_one("SELECT max(version) FROM muster.version", &[]).await.map_err(failed)?;
    match row.get::<_, Option<i32>>(0) {
        Some(VERSION) => Ok(true),
        Some(found) if found < VERSION => Err(LoadError::JournalOld { found, known: VERSION }),
        other => Err(LoadError::JournalVersion { found: other.unwrap_or(0), known: VERSION }),
    }
}

/// Makes the journal where there is none, and brings an older one up to this version, within the transaction at
/// hand.
pub(crate) async fn ensure(client: &Client) -> Result<(), LoadError> {
    let doing = format!("bringing the journal (schema muster) up to version {VERSION}");
    let (doing, steps) = match exists(client, rights::JOURNAL_IMPORT).await {
        Ok(true) => return Ok(()),
        Ok(false) => ("creating the journal (schema muster)", &[include_str!("tables.sql")][..]),
        Err(LoadError::JournalOld { found: 1, .. }) => (doing.as_str(), &UPGRADES[..]),
        Err(LoadError::JournalOld { found: 2, .. }) => (doing.as_str(), &UPGRADES[1..]),
        Err(error) => return Err(error),
    };
    for sql in steps {
        client.batch_execute(sql).await.map_err(|e| DbError::of(doing, e))?;
    }
    Ok(())
}

/// Marks what the run writes from here on: see the table `muster.stamps`.
pub(crate) async fn stamp(client: &Client, run: &str) -> Result<(), LoadError> {
    let sql = "INSERT INTO muster.stamps VALUES ($1::text::uuid)";
    client.execute(sql, &[&run]).await.map_err(|e| DbError::of("writing the journal", e))?;
    Ok(())
}

/// Notes a run; to be called as the last thing before COMMIT.
pub(crate) async fn note(
    client: &Client,
    schema: &Schema,
    run: &str,
    note: &RunNote,
    undoable: bool,
) -> Result<(), LoadError> {
    let failed = |e| DbError::of("writing the journal", e);
    let host = hostname();
    client
        .execute(
            "INSERT INTO muster.runs (id, command, started, finished, host, version, schema_sha256, options, undoable, stamp)
             VALUES ($1::text::uuid, $2, $3::text::timestamptz, clock_timestamp(), $4, $5, $6, $7::text::jsonb, $8,
                     (SELECT xmin FROM muster.stamps WHERE run = $1::text::uuid))",
            &[
                &run,
                &note.command,
                &note.started,
                &host,
                &note.version,
                &note.schema_sha256,
                &note.options,
                &undoable,
            ],
        )
        .await
        .map_err(failed)?;
    for item in &note.entities {
        let entity = &schema.entities[item.entity];
        note_counts(client, run, entity, item).await.map_err(failed)?;
        for (number, file) in (0_i32..).zip(&item.files) {
            client
                .execute(
                    "INSERT INTO muster.run_files VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8)",
                    &[
                        &run,
                        &entity.name,
                        &number,
                        &file.path,
                        &signed(file.bytes),
                        &file.sha256,
                        &file.encoding,
                        &file.delimiter,
                    ],
                )
                .await
                .map_err(failed)?;
        }
    }
    Ok(())
}

async fn note_counts(
    client: &Client,
    run: &str,
    entity: &Entity,
    item: &EntityNote,
) -> Result<u64, crate::db::postgres::Error> {
    let [read, blank, accepted, rejected, duplicates, warnings] = item.counts.map(signed);
    let sql = format!(
        "INSERT INTO muster.run_counts
             VALUES ($1::text::uuid, $2, $3, {}, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, DEFAULT, $15)",
        canonical(&entity.table),
    );
    client
        .execute(
            &sql,
            &[
                &run,
                &entity.name,
                &i32::try_from(item.entity.0).unwrap_or(i32::MAX),
                &entity.system.id,
                &entity.fields[entity.key].column,
                &read,
                &blank,
                &accepted,
                &rejected,
                &duplicates,
                &signed(item.written.inserted),
                &signed(item.written.updated),
                &signed(item.written.unchanged),
                &warnings,
                &signed(item.written.deleted),
            ],
        )
        .await
}

/// A table's name as the journal has it, with its schema: an SQL expression, none where there is no table.
pub(crate) fn canonical(table: &Table) -> String {
    format!(
        "(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.oid = to_regclass({}))",
        literal(&table.to_string()),
    )
}

/// A count as PostgreSQL takes it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn hostname() -> String {
    // Where the system does not say it like this, the client's address must do.
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |name| name.trim().to_owned())
}
