//! Runs as they are read from the journal, with their files and counts.

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::load::error::LoadError;
use crate::load::rights;
use crate::load::rows::count as count_of;

use super::tables::exists;

/// One run as the journal has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RunRecord {
    /// Its id.
    pub(crate) run: String,
    /// The subcommand.
    pub(crate) command: String,
    /// `committed` or `undone`.
    pub(crate) status: String,
    /// When it began, RFC 3339.
    pub(crate) started: String,
    /// When it committed.
    pub(crate) finished: String,
    /// The database's role.
    pub(crate) role: String,
    /// The client's address as the server saw it.
    pub(crate) client: Option<String>,
    /// The client's own name.
    pub(crate) host: Option<String>,
    /// The program's version.
    pub(crate) version: String,
    /// SHA-256 of the schema files.
    pub(crate) schema_sha256: String,
    pub(crate) options: serde_json::Value,
    /// The run that undid this one.
    pub(crate) undone_by: Option<String>,
    /// The run that this one undid.
    pub(crate) undoes: Option<String>,
    /// Whether undo data is kept.
    pub(crate) undoable: bool,
    /// When the undo data was pruned.
    pub(crate) pruned: Option<String>,
    /// Its updated and deleted rows are kept as text; an older muster kept them as JSON.
    #[serde(skip)]
    pub(crate) text_images: bool,
    /// In load order.
    pub(crate) entities: Vec<EntityRecord>,
}

/// One entity of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct EntityRecord {
    /// Its name.
    pub(crate) entity: String,
    /// The table, quoted.
    pub(crate) table: String,
    /// The table's identity, not quoted.
    #[serde(skip)]
    pub(crate) id_column: String,
    /// The table's key, not quoted.
    #[serde(skip)]
    pub(crate) key_column: String,
    /// Records read.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    /// Rows skipped as duplicates.
    pub(crate) duplicates: u64,
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    /// Rows that were there already with the same values.
    pub(crate) unchanged: u64,
    pub(crate) deleted: u64,
    pub(crate) warnings: u64,
    /// Rows whose undo data was removed by `muster runs forget`.
    pub(crate) forgotten: u64,
    /// Its files, in the order given.
    pub(crate) files: Vec<FileRecord>,
}

/// One file of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct FileRecord {
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

const RUN: &str = "SELECT id::text, command, status, to_json(started) #>> '{}', to_json(finished) #>> '{}', role, client, host,
    version, schema_sha256, options::text, undone_by::text, undoes::text, undoable,
    to_json(pruned) #>> '{}', text_images FROM muster.runs";

fn failed(error: crate::db::postgres::Error) -> DbError {
    DbError::of("reading the journal (schema muster)", error)
}

/// All runs, the latest first. A database without a journal has none.
pub(crate) async fn list(client: &Client) -> Result<Vec<RunRecord>, LoadError> {
    if !exists(client, rights::JOURNAL_READ).await? {
        return Ok(Vec::new());
    }
    let sql = format!("{RUN} ORDER BY finished DESC, id DESC");
    let rows = client.query(&sql, &[]).await.map_err(failed)?;
    let mut runs: Vec<RunRecord> = rows.iter().map(run).collect();
    let counts = client.query(ENTITIES, &[&None::<String>]).await.map_err(failed)?;
    let files = client.query(FILES, &[&None::<String>]).await.map_err(failed)?;
    for found in &mut runs {
        fill(found, &counts, &files);
    }
    Ok(runs)
}

/// The one run whose id begins with `prefix`.
pub(crate) async fn find(client: &Client, prefix: &str) -> Result<RunRecord, LoadError> {
    let unknown = || LoadError::NoRun { prefix: prefix.to_owned() };
    let typed = prefix.trim().to_ascii_lowercase();
    if typed.is_empty()
        || !typed.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        || !exists(client, rights::JOURNAL_READ).await?
    {
        return Err(unknown());
    }
    let sql = format!("{RUN} WHERE id::text LIKE $1 || '%' ORDER BY id LIMIT 6");
    let rows = client.query(&sql, &[&typed]).await.map_err(failed)?;
    match rows.as_slice() {
        [] => Err(unknown()),
        [row] => {
            let mut found = run(row);
            let id = Some(found.run.clone());
            let counts = client.query(ENTITIES, &[&id]).await.map_err(failed)?;
            let files = client.query(FILES, &[&id]).await.map_err(failed)?;
            fill(&mut found, &counts, &files);
            Ok(found)
        }
        several => Err(LoadError::SeveralRuns {
            prefix: prefix.to_owned(),
            runs: several.iter().map(|row| row.get(0)).collect(),
        }),
    }
}

const ENTITIES: &str =
    "SELECT run::text, entity, \"table\", id_column, key_column, read, blank, accepted, rejected,
    duplicates, inserted, updated, unchanged, warnings, forgotten, deleted FROM muster.run_counts
    WHERE $1::text IS NULL OR run = $1::text::uuid ORDER BY run, place";

const FILES: &str = "SELECT run::text, entity, path, bytes, sha256, encoding, delimiter FROM muster.run_files
    WHERE $1::text IS NULL OR run = $1::text::uuid ORDER BY run, entity, file";

fn run(row: &Row) -> RunRecord {
    RunRecord {
        run: row.get(0),
        command: row.get(1),
        status: row.get(2),
        started: row.get(3),
        finished: row.get(4),
        role: row.get(5),
        client: row.get(6),
        host: row.get(7),
        version: row.get(8),
        schema_sha256: row.get(9),
        options: serde_json::from_str(row.get(10)).unwrap_or_default(),
        undone_by: row.get(11),
        undoes: row.get(12),
        undoable: row.get(13),
        pruned: row.get(14),
        text_images: row.get(15),
        entities: Vec::new(),
    }
}

fn fill(run: &mut RunRecord, counts: &[Row], files: &[Row]) {
    let own = |row: &&Row| row.get::<_, &str>(0) == run.run;
    run.entities = counts
        .iter()
        .filter(own)
        .map(|row| {
            let count = |at: usize| count_of(row.get(at));
            EntityRecord {
                entity: row.get(1),
                table: row.get(2),
                id_column: row.get(3),
                key_column: row.get(4),
                read: count(5),
                blank: count(6),
                accepted: count(7),
                rejected: count(8),
                duplicates: count(9),
                inserted: count(10),
                updated: count(11),
                unchanged: count(12),
                warnings: count(13),
                forgotten: count(14),
                deleted: count(15),
                files: files
                    .iter()
                    .filter(|file| own(file) && file.get::<_, &str>(1) == row.get::<_, &str>(1))
                    .map(|file| FileRecord {
                        path: file.get(2),
                        bytes: count_of(file.get(3)),
                        sha256: file.get(4),
                        encoding: file.get(5),
                        delimiter: file.get(6),
                    })
                    .collect(),
            }
        })
        .collect();
}
