//! Compares an export with its manifest, and with the database as it is now.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::db::CopyOut;
use crate::hash::Hasher;
use crate::schema::Schema;
use crate::settings::Limit;

use super::error::ExportError;
use super::folder::Folder;
use super::job;
use super::manifest::{self, EntityEntry, FileEntry, Manifest, RangeEntry, Unopened};
use super::options::ExportOptions;
use super::runtime::Interruptible;
use super::snapshot::Snapshot;

/// How much of a file is hashed at a time.
const PIECE: usize = 1 << 20;

/// One difference from the manifest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Difference {
    /// The file, or the entity and its key range.
    pub(crate) place: String,
    /// What differs.
    pub(crate) problem: String,
}

/// What was compared, and the differences.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Verified {
    /// How many files.
    pub(crate) files: u64,
    /// How many key ranges were compared with the database.
    pub(crate) ranges: u64,
    /// All differences.
    pub(crate) differences: Vec<Difference>,
    /// What the export itself found doubtful.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// The database that an export is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Against<'u> {
    /// Its URL; see [`crate::db::connect()`].
    pub(crate) url: Option<&'u str>,
}

/// Compares the files of an export with its manifest and, with a `database`, each key range with the current rows.
/// Errors: the manifest or the database cannot be read. A file that is missing or changed is a difference.
pub(crate) fn verify(
    folder: &Path,
    schemas: Option<&Path>,
    database: Option<Against<'_>>,
    cancelled: &AtomicBool,
) -> Result<Verified, ExportError> {
    let manifest = Manifest::read(&folder.join(manifest::NAME))?;
    let mut verified = Verified { warnings: manifest.warnings.clone(), ..Verified::default() };
    for entity in &manifest.entities {
        for file in &entity.files {
            verified.files += 1;
            if let Some(problem) = file_problem(folder, file, cancelled)? {
                verified.differences.push(Difference { place: file.name.clone(), problem });
            }
        }
        let in_files: u64 = entity.files.iter().map(|file| file.rows).sum();
        let in_ranges: u64 = entity.ranges.iter().map(|range| range.rows).sum();
        let ranges_differ = entity.changes.is_none() && in_ranges != entity.rows;
        if in_files != entity.rows || ranges_differ {
            let problem = format!(
                "the manifest contradicts itself: {} rows, {in_files} in files, {in_ranges} in ranges",
                entity.rows
            );
            verified.differences.push(Difference { place: entity.entity.clone(), problem });
        }
    }
    additional(folder, &manifest, &mut verified)?;
    if let Some(Against { url }) = database {
        against_database(&manifest, schemas, url, cancelled, &mut verified)?;
    }
    Ok(verified)
}

/// Files that the manifest does not list. Partial files of a killed export are not counted.
fn additional(folder: &Path, manifest: &Manifest, verified: &mut Verified) -> Result<(), ExportError> {
    let failed = |source| ExportError::Read { path: folder.to_owned(), source };
    let listed = manifest.files();
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name != manifest::NAME && !listed.contains(&name) && !Folder::is_unfinished(&name) {
            others.push(name);
        }
    }
    others.sort();
    let problem = "is not in the manifest";
    let differences = others.into_iter().map(|place| Difference { place, problem: problem.to_owned() });
    verified.differences.extend(differences);
    Ok(())
}

/// In which way a file is not what the manifest says.
fn file_problem(
    folder: &Path,
    entry: &FileEntry,
    cancelled: &AtomicBool,
) -> Result<Option<String>, ExportError> {
    let size = |bytes: u64| format!("has {bytes} bytes, the manifest says {}", entry.bytes);
    let mut file = match entry.open(folder) {
        Ok(file) => file,
        Err(Unopened::Name) => {
            return Ok(Some("is not opened: no export gives a file of its folder this name".to_owned()));
        }
        Err(Unopened::Size(bytes)) => return Ok(Some(size(bytes))),
        Err(Unopened::System(error)) => return Ok(Some(format!("cannot be opened: {error}"))),
    };
    let (mut hasher, mut bytes, mut piece) = (Hasher::new(), 0_u64, vec![0; PIECE]);
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Err(ExportError::Interrupted);
        }
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&piece[..read]);
                bytes += read as u64;
            }
            Err(error) => return Ok(Some(format!("cannot be read: {error}"))),
        }
    }
    if bytes != entry.bytes {
        return Ok(Some(size(bytes)));
    }
    Ok((hasher.finish() != entry.sha256).then(|| "differs from the manifest (SHA-256)".to_owned()))
}

fn against_database(
    manifest: &Manifest,
    schemas: Option<&Path>,
    url: Option<&str>,
    cancelled: &AtomicBool,
    verified: &mut Verified,
) -> Result<(), ExportError> {
    let schema = Schema::open(schemas)?;
    if schema.sha256 != manifest.schema_sha256 {
        let problem =
            "the schema is not the one of the export; name the export's schema with --schemas".to_owned();
        return Err(ExportError::Asked(problem));
    }
    let mut entities: Vec<String> = manifest.entities.iter().map(|entity| entity.entity.clone()).collect();
    entities.dedup();
    let asked = &manifest.options;
    let options = ExportOptions {
        entities,
        schemas: None,
        database_url: url.map(str::to_owned),
        out: Path::new("").to_owned(),
        format: asked.format,
        connections: 1,
        columns: asked.columns.clone(),
        filters: asked.filters.clone(),
        system_columns: asked.system_columns,
        compression: None,
        split: None,
        crosswalk: manifest.entities.iter().any(|entity| entity.crosswalk),
        changes_since: None,
        max_deletes: Limit::DELETES,
        last: None,
        spreadsheet: None,
        lock: false,
    };
    let guard = Interruptible::new(1, cancelled)?;
    guard.wait(async {
        let chosen = job::chosen(&schema, &options.entities)?;
        let url = options.database_url.as_deref();
        let snapshot = Snapshot::take(url, "muster verify", false, (&schema, &chosen)).await?;
        let tables = snapshot.tables(&chosen).await?;
        for job in job::plan(&snapshot.schema, &tables, &options)? {
            let same = |entry: &&EntityEntry| {
                entry.entity == job.name
                    && entry.changes.is_none()
                    && entry.crosswalk == (job.stem != job.name)
            };
            let Some(entry) = manifest.entities.iter().find(same) else { continue };
            for range in &entry.ranges {
                verified.ranges += 1;
                if let Some(problem) = range_problem(&snapshot, &job, range).await? {
                    verified.differences.push(Difference { place: place(&job.stem, range), problem });
                }
            }
        }
        Ok(())
    })
}

async fn range_problem(
    snapshot: &Snapshot,
    job: &job::Job,
    entry: &RangeEntry,
) -> Result<Option<String>, ExportError> {
    let doing = format!("reading table {}", job.query.table);
    let mut copy = CopyOut::begin(&snapshot.session.client, &job.query.copy(&entry.range), &doing).await?;
    let (mut rows, mut hasher) = (0_u64, Hasher::new());
    while let Some(row) = copy.next().await? {
        rows += 1;
        hasher.update(&row);
    }
    if rows != entry.rows {
        return Ok(Some(format!("the database has {rows} rows, the manifest says {}", entry.rows)));
    }
    Ok((hasher.finish() != entry.sha256).then(|| "the database has other values".to_owned()))
}

fn place(stem: &str, entry: &RangeEntry) -> String {
    let end = |key: &Option<String>| key.clone().unwrap_or_else(|| "…".to_owned());
    if entry.range.nulls {
        format!("{stem}, rows without a key")
    } else {
        format!("{stem}, keys from {} to {}", end(&entry.range.from), end(&entry.range.to))
    }
}
