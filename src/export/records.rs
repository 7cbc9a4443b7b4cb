//! Records for people: the selected rows of one entity in key order, with references resolved to keys. They are read in
//! one transaction that writes nothing. The caller lays them out.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use crate::db::postgres::Client;
use crate::db::{CopyOut, DbError};
use crate::output::json;
use crate::record::RowEncoder;
use crate::rule::text::Text;
use crate::rule::{Rule, list};
use crate::schema::{Entity, Schema, header_key, nearest};

use super::condition::{Condition, normal};
use super::error::ExportError;
use super::job::{self, Job};
use super::json::Json;
use super::options::Filter;
use super::row::fields;
use super::runtime::Interruptible;
use super::snapshot::{self, Snapshot};

/// Masks a sensitive value.
pub(crate) type Mask = fn(&str) -> String;

/// Which records are read.
#[derive(Debug, Clone)]
pub(crate) struct RecordOptions {
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// See [`crate::db::connect()`].
    pub(crate) database_url: Option<String>,
    pub(crate) entity: String,
    /// Only the record with this key.
    pub(crate) key: Option<String>,
    /// Only records with these values.
    pub(crate) filters: Vec<Filter>,
    /// The largest number of records.
    pub(crate) limit: Option<u64>,
    /// How sensitive values are masked; `None` shows them.
    pub(crate) mask: Option<Mask>,
}

/// How many records were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordCount {
    /// How many were passed to the caller.
    pub(crate) shown: u64,
    /// How many there are.
    pub(crate) all: u64,
}

/// What the records of one query have in common.
#[derive(Debug)]
pub(crate) struct Layout {
    job: Job,
    json: Json,
    sensitive: Vec<bool>,
    mask: Option<Mask>,
}

/// One record.
#[derive(Debug)]
pub(crate) struct Record<'r> {
    layout: &'r Layout,
    raw: Vec<u8>,
}

impl Layout {
    fn new(mut job: Job, entity: &Entity, mask: Option<Mask>) -> Self {
        let is_sensitive =
            |name: &str| entity.field(name).is_some_and(|index| entity.fields[index].sensitive);
        let sensitive: Vec<bool> = job.columns.iter().map(|column| is_sensitive(&column.name)).collect();
        for (column, sensitive) in job.columns.iter_mut().zip(&sensitive) {
            if *sensitive && mask.is_some() {
                // A masked value is a text.
                column.rule = Rule::Text(Text::new(false));
            }
        }
        let json = Json::new(&job.columns);
        Self { job, json, sensitive, mask }
    }

    /// The names of the fields, then of the columns that no file sets.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.job.columns.iter().map(|column| column.name.as_str())
    }

    /// Which of the names is the key.
    pub(crate) fn key(&self) -> usize {
        self.job.key
    }

    fn record(&self, raw: &[u8]) -> Record<'_> {
        let Some(mask) = self.mask else { return Record { layout: self, raw: raw.to_vec() } };
        let mut masked = Vec::with_capacity(raw.len());
        for (value, sensitive) in fields(raw).zip(&self.sensitive) {
            match value {
                None => RowEncoder::null(&mut masked),
                Some(value) if *sensitive => {
                    RowEncoder::text(&mut masked, &mask(&RowEncoder::unescape(value)));
                }
                Some(value) => {
                    masked.extend_from_slice(value);
                    masked.push(b'\t');
                }
            }
        }
        RowEncoder::end_row(&mut masked);
        Record { layout: self, raw: masked }
    }
}

impl Record<'_> {
    /// What it has in common with the other records.
    pub(crate) fn layout(&self) -> &Layout {
        self.layout
    }

    /// The values for a person, in the order of [`Layout::names`]; `None` is NULL.
    pub(crate) fn cells(&self) -> impl Iterator<Item = Option<String>> {
        fields(&self.raw).zip(&self.layout.job.columns).map(|(raw, column)| {
            let text = RowEncoder::unescape(raw?);
            Some(match &column.rule {
                Rule::List(_) => list::items(&text).map_or(text, |items| {
                    let shown = |item: Option<String>| item.unwrap_or_else(|| "NULL".to_owned());
                    items.into_iter().map(shown).collect::<Vec<_>>().join(", ")
                }),
                _ => text,
            })
        })
    }

    /// The record as a JSON object, nested by the dots of the names, and a line feed. An array that is not a list is
    /// shown as PostgreSQL prints it.
    pub(crate) fn json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let _no_list = self.layout.json.row(&self.raw, &self.layout.job, &mut out);
        json::escaped(&String::from_utf8_lossy(&out)).into_owned().into_bytes()
    }
}

/// One record that owns its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedRecord {
    pub(crate) key: String,
    /// Every field with its value for a person, then the columns that no file sets; `None` is NULL.
    pub(crate) fields: Vec<(String, Option<String>)>,
    /// As a JSON object and a line feed.
    pub(crate) json: Vec<u8>,
}

/// The record with this key, read in the current transaction.
pub(crate) async fn find(
    client: &Client,
    schema: &Schema,
    entity: usize,
    key: &str,
    mask: Option<Mask>,
) -> Result<Option<OwnedRecord>, ExportError> {
    let tables = snapshot::tables(client, schema, &[entity]).await?;
    let rules = &schema.entities[entity];
    let key = Condition { entity, field: rules.key, value: Some(key.to_owned()) };
    let job = job::records(schema, &tables, entity, std::slice::from_ref(&key));
    let mut found = None;
    read(client, &Layout::new(job, rules, mask), Some(1), &mut |record| {
        let names = record.layout().names().map(str::to_owned);
        let fields = names.zip(record.cells()).collect();
        found = Some(OwnedRecord { key: key.value.clone().unwrap_or_default(), fields, json: record.json() });
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Reads the records and passes each to `each`.
/// Errors: see [`ExportError`]; it is also an error if no record has the key. An error of `each` becomes
/// [`ExportError::Printing`].
pub(crate) fn list(
    options: &RecordOptions,
    cancelled: &AtomicBool,
    each: &mut dyn FnMut(&Record<'_>) -> io::Result<()>,
) -> Result<RecordCount, ExportError> {
    let schema = Schema::open(options.schemas.as_deref())?;
    let index = entity(&schema, &options.entity)?;
    let mut conditions = conditions(&schema, index, &options.filters)?;
    if let Some(key) = &options.key {
        conditions.push(condition_of(&schema, index, schema.entities[index].key, key, "KEY")?);
    }
    let guard = Interruptible::new(1, cancelled)?;
    let name = format!("muster {}", options.entity);
    guard.wait(async {
        let url = options.database_url.as_deref();
        let snapshot = Snapshot::take(url, &name, false, (&schema, &[index])).await?;
        let tables = snapshot.tables(&[index]).await?;
        let job = job::records(&snapshot.schema, &tables, index, &conditions);
        let count = job.query.count();
        let layout = Layout::new(job, &schema.entities[index], options.mask);
        let client = &snapshot.session.client;
        let shown = read(client, &layout, options.limit, each).await?;
        if let (Some(key), 0) = (&options.key, shown) {
            let message =
                format!("{}: no record has the key {key}; is this the right database?", options.entity);
            return Err(ExportError::Asked(message));
        }
        let all = if options.limit == Some(shown) {
            let failed = |e| DbError::of(format!("counting the rows of table {}", layout.job.query.table), e);
            let row = client.query_one(&count, &[]).await.map_err(failed)?;
            u64::try_from(row.get::<_, i64>(0)).unwrap_or(shown)
        } else {
            shown
        };
        Ok(RecordCount { shown, all })
    })
}

async fn read(
    client: &Client,
    layout: &Layout,
    limit: Option<u64>,
    each: &mut dyn FnMut(&Record<'_>) -> io::Result<()>,
) -> Result<u64, ExportError> {
    let query = &layout.job.query;
    let doing = format!("reading table {}", query.table);
    let mut copy = CopyOut::begin(client, &query.first(limit), &doing).await?;
    let mut shown = 0;
    while let Some(row) = copy.next().await? {
        each(&layout.record(&row)).map_err(ExportError::Printing)?;
        shown += 1;
    }
    Ok(shown)
}

fn entity(schema: &Schema, name: &str) -> Result<usize, ExportError> {
    schema.entities.iter().position(|entity| entity.name == name).ok_or_else(|| {
        let known: Vec<&str> = schema.entities.iter().map(|entity| entity.name.as_str()).collect();
        ExportError::Asked(format!(
            "the schema has no entity `{name}`; it has {}: name one with --entity",
            known.join(", ")
        ))
    })
}

/// The conditions of filters: a filter names a field of the entity by its name or an alias, or a reference by the first
/// part of its name.
fn conditions(schema: &Schema, index: usize, filters: &[Filter]) -> Result<Vec<Condition>, ExportError> {
    let fields = &schema.entities[index].fields;
    let mut all = Vec::new();
    for filter in filters {
        let asked = header_key(&filter.field);
        let is = |name: &str| header_key(name) == asked;
        let found = fields.iter().position(|field| is(&field.name)).or_else(|| {
            fields.iter().position(|field| {
                let head = field.name.split('.').next().unwrap_or_default();
                field.aliases.iter().any(|alias| is(alias)) || (field.reference.is_some() && is(head))
            })
        });
        let Some(field) = found else {
            let names = fields.iter().map(|field| field.name.as_str());
            let advice = match nearest(&filter.field, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("see `muster schema print {}`", schema.entities[index].name),
            };
            let message = format!(
                "--where {}: {} has no such field; {advice}",
                filter.field, schema.entities[index].name
            );
            return Err(ExportError::Asked(message));
        };
        all.push(condition_of(schema, index, field, &filter.value, &format!("--{}", fields[field].name))?);
    }
    Ok(all)
}

/// The condition that a field has this value, or that a reference leads to the record with this key.
fn condition_of(
    schema: &Schema,
    entity: usize,
    field: usize,
    value: &str,
    said: &str,
) -> Result<Condition, ExportError> {
    let (entity, field) = match schema.entities[entity].fields[field].reference {
        Some(to) => (to.entity, schema.entities[to.entity].key),
        None => (entity, field),
    };
    let value = normal(&schema.entities[entity].fields[field], value)
        .map_err(|why| ExportError::Asked(format!("{said} {value}: {why}")))?;
    Ok(Condition { entity, field, value })
}
