//! A run as it is written to the journal.

use crate::db::DbError;
use crate::db::postgres::{Client, Error};
use crate::load::error::LoadError;
use crate::load::rows::Written;
use crate::record::{EntityIndex, RunId};
use crate::schema::{Entity, Schema};

use super::names::canonical;

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
    /// The entities that have files.
    pub(crate) entities: Vec<EntityNote>,
}

/// What the journal keeps about an entity of a run.
#[derive(Debug, Clone)]
pub(crate) struct EntityNote {
    pub(crate) entity: EntityIndex,
    /// The records of its files.
    pub(crate) records: RecordCounts,
    /// What was written.
    pub(crate) written: Written,
    /// Its files, in the order given.
    pub(crate) files: Vec<FileNote>,
}

/// How many records an entity's files have, and their verdicts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordCounts {
    pub(crate) read: u64,
    pub(crate) blank: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) duplicates: u64,
    pub(crate) warnings: u64,
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
    /// The encoding's name.
    pub(crate) encoding: String,
    /// One character.
    pub(crate) delimiter: String,
}

/// Marks what the run writes from here on: see the table `muster.stamps`.
pub(crate) async fn stamp(client: &Client, run: &RunId) -> Result<(), LoadError> {
    let sql = "INSERT INTO muster.stamps VALUES ($1::text::uuid)";
    client.execute(sql, &[&run.as_str()]).await.map_err(failed)?;
    Ok(())
}

/// Writes a run to the journal, as the last thing before COMMIT.
pub(crate) async fn note(
    client: &Client,
    schema: &Schema,
    run: &RunId,
    note: &RunNote,
    undoable: bool,
) -> Result<(), LoadError> {
    let run = run.as_str();
    client
        .execute(
            "INSERT INTO muster.runs (id, command, started, finished, host, version, schema_sha256, options, undoable, stamp)
             VALUES ($1::text::uuid, $2, $3::text::timestamptz, clock_timestamp(), $4, $5, $6, $7::text::jsonb, $8,
                     (SELECT xmin FROM muster.stamps WHERE run = $1::text::uuid))",
            &[
                &run,
                &note.command,
                &note.started,
                &hostname(),
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

async fn note_counts(client: &Client, run: &str, entity: &Entity, item: &EntityNote) -> Result<u64, Error> {
    let EntityNote { records, written, .. } = item;
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
                &signed(records.read),
                &signed(records.blank),
                &signed(records.accepted),
                &signed(records.rejected),
                &signed(records.duplicates),
                &signed(written.inserted),
                &signed(written.updated),
                &signed(written.unchanged),
                &signed(records.warnings),
                &signed(written.deleted),
            ],
        )
        .await
}

/// A count as PostgreSQL takes it.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// This machine's name; empty if the system does not say it like this. The journal also has the client's address.
pub(crate) fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

fn failed(error: Error) -> DbError {
    DbError::of("writing the journal", error)
}
