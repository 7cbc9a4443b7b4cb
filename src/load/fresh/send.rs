//! The rows on their way into the bare table.

use std::collections::HashMap;
use std::fmt::Write;

use crate::db::DbError;
use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::event::{Event, Listener, Stage};
use crate::fault::{self, Point};
use crate::read::{Harvest, Layout};
use crate::record::{EntityIndex, RowEncoder};
use crate::schema::{Entity, FieldIndex, Schema};
use crate::settle::{EntityVerdict, Fate, NO_PARENT};
use crate::sql::ident;

use super::super::journal::{self, Image};
use super::super::stage::Layouts;
use super::super::{LoadError, number};
use super::Definition;
use super::hashes::Hashes;
use crate::db::CopyIn;

/// The identifiers that the kept rows of an entity got: the first, and for each clean row its distance.
#[derive(Debug, Clone)]
pub(crate) struct Identifiers {
    first: i64,
    ranks: Vec<u32>,
}

impl Identifiers {
    /// The first of them; kept rows have them without a gap, in row order.
    pub(super) fn first(&self) -> i64 {
        self.first
    }

    /// A row's own, or where it is not kept the next one's.
    pub(super) fn of(&self, row: u64) -> i64 {
        let rank = usize::try_from(row).ok().and_then(|row| self.ranks.get(row));
        self.first + rank.map_or(0, |&rank| i64::from(rank))
    }
}

/// What the references of an entity lead to.
enum Parents<'a> {
    /// Rows that this run has just brought in.
    Loaded(&'a Identifiers),
    /// Rows that were there: raw key to identifier.
    There(HashMap<Vec<u8>, i64>),
}

impl Parents<'_> {
    /// What a key leads to; `row` is the parent's number among those of this run.
    fn identifier(&self, key: &[u8], row: u32) -> Option<i64> {
        match self {
            Self::Loaded(identifiers) => (row != NO_PARENT).then(|| identifiers.of(u64::from(row))),
            Self::There(ids) => ids.get(key).copied(),
        }
    }
}

/// One entity's load into its empty table.
pub(crate) struct Fresh<'a> {
    pub(crate) client: &'a Client,
    pub(crate) schema: &'a Schema,
    pub(crate) entity: &'a Entity,
    pub(crate) info: &'a TableInfo,
    pub(crate) harvest: &'a Harvest,
    pub(crate) listener: &'a dyn Listener,
    /// Each row is hashed.
    pub(crate) hashed: bool,
}

impl Fresh<'_> {
    /// Loads the kept rows. `loaded` holds, per entity, the identifiers that earlier ones got in this way.
    pub(crate) async fn run(
        &self,
        verdict: &EntityVerdict,
        loaded: &HashMap<EntityIndex, Identifiers>,
    ) -> Result<(u64, Identifiers, Hashes), LoadError> {
        let name = self.entity.name.as_str();
        let parents = loaded.keys().map(|&entity| &self.schema.entities[entity].table);
        let locked: Vec<_> = parents.chain([&self.entity.table]).map(ToString::to_string).collect();
        let definition = Definition::read(self.client, &self.entity.table, &locked).await?;
        let identifiers = self.reserve(verdict).await?;
        fault::reach(Point::Reserved);
        let parents = self.parents(verdict, loaded).await?;
        definition.take_down(self.client, &self.entity.table).await?;
        fault::reach(Point::TakenDown);
        self.listener.on(Event::Started { stage: Stage::Send, entity: name, total: Some(verdict.accepted) });
        let (sent, hashes) = self.send(verdict, &identifiers, &parents).await?;
        fault::reach(Point::Copied);
        self.listener.on(Event::Finished);
        self.listener.on(Event::Started { stage: Stage::Upsert, entity: name, total: None });
        self.execute("SET LOCAL maintenance_work_mem = '256MB'").await?;
        definition.put_back(self.client, &self.entity.table).await?;
        fault::reach(Point::PutBack);
        self.execute("SET LOCAL maintenance_work_mem TO DEFAULT").await?;
        self.execute(&format!("ANALYZE {}", self.entity.table)).await?;
        fault::reach(Point::Analyzed);
        self.listener.on(Event::Finished);
        Ok((sent, identifiers, hashes))
    }

    /// Reserves one identifier for each kept row, with one call, under the table's lock.
    async fn reserve(&self, verdict: &EntityVerdict) -> Result<Identifiers, LoadError> {
        let mut ranks = Vec::with_capacity(verdict.fates.len());
        let mut rank = 0;
        for fate in &verdict.fates {
            ranks.push(rank);
            rank += u32::from(*fate == Fate::Kept);
        }
        if rank == 0 {
            return Ok(Identifiers { first: 0, ranks });
        }
        let sql = "SELECT first, setval(seq, first + $3 - 1) FROM (
                       SELECT pg_get_serial_sequence($1, $2)::regclass AS seq,
                              nextval(pg_get_serial_sequence($1, $2)) AS first) s";
        let (table, column) = (self.entity.table.to_string(), self.entity.system.id.clone());
        let row = self
            .client
            .query_one(sql, &[&table, &column, &i64::from(rank)])
            .await
            .map_err(|e| DbError::of(format!("reserving identifiers for table {table}"), e))?;
        Ok(Identifiers { first: row.get(0), ranks })
    }

    /// For each reference, what its keys lead to.
    async fn parents<'l>(
        &self,
        verdict: &EntityVerdict,
        loaded: &'l HashMap<EntityIndex, Identifiers>,
    ) -> Result<Vec<Parents<'l>>, LoadError> {
        let mut all = Vec::new();
        for (field, reference) in self.entity.references() {
            all.push(match loaded.get(&EntityIndex(reference.entity)) {
                Some(identifiers) => Parents::Loaded(identifiers),
                None => Parents::There(self.look_up(field, reference.entity, verdict).await?),
            });
        }
        Ok(all)
    }

    async fn look_up(
        &self,
        field: FieldIndex,
        parent: usize,
        verdict: &EntityVerdict,
    ) -> Result<HashMap<Vec<u8>, i64>, LoadError> {
        let mut keys: HashMap<Vec<u8>, i64> = HashMap::new();
        let mut buffer = Vec::new();
        for segment in &self.harvest.segments {
            let layout = self.harvest.layout(segment.file);
            let Some(position) = layout.fields.iter().position(|&f| f == field) else { continue };
            let rows = segment.open(&self.harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
            for (bytes, fate) in rows.iter().zip(fates(verdict, segment.first)) {
                if let Some(key) = RowEncoder::field(bytes, position).filter(|_| *fate == Fate::Kept)
                    && !keys.contains_key(key)
                {
                    keys.insert(key.to_vec(), 0);
                }
            }
        }
        let parent = &self.schema.entities[parent];
        let sql = format!(
            "SELECT k.n, t.{id}::bigint FROM unnest($1::text[]) WITH ORDINALITY k (key, n)
             JOIN {table} t ON t.{column} = k.key",
            id = ident(&parent.system.id),
            table = parent.table,
            column = ident(&parent.fields[parent.key].column),
        );
        let asked: Vec<Vec<u8>> = keys.keys().cloned().collect();
        for batch in asked.chunks(20_000) {
            let texts: Vec<String> = batch.iter().map(|raw| RowEncoder::unescape(raw)).collect();
            let rows = self.client.query(&sql, &[&texts]).await;
            for row in
                rows.map_err(|e| DbError::of(format!("looking up keys of table {}", parent.table), e))?
            {
                let at = usize::try_from(number(row.get(0))).unwrap_or(0);
                if let Some(id) = batch.get(at.wrapping_sub(1)).and_then(|key| keys.get_mut(key)) {
                    *id = row.get(1);
                }
            }
        }
        Ok(keys)
    }

    async fn send(
        &self,
        verdict: &EntityVerdict,
        identifiers: &Identifiers,
        parents: &[Parents<'_>],
    ) -> Result<(u64, Hashes), LoadError> {
        let layouts = Layouts::of(self.harvest);
        let mut hashes = Hashes::new(self.harvest);
        let doing = format!("loading table {}", self.entity.table);
        let mut sent = 0;
        for (number, layout) in layouts.distinct.iter().enumerate() {
            let (statement, suffix) = copy_statement(self.entity, self.info, layout);
            let mut copy = CopyIn::begin(self.client, &statement, &doing).await?;
            let mut buffer = Vec::new();
            let writer = RowWriter::new(self.entity, layout, suffix);
            let image = Image::of(self.entity, self.info, layout);
            let is_hashed = self.hashed && image.is_known(self.entity, self.info);
            let mut hasher = is_hashed.then(|| image.hasher());
            let segments = self.harvest.segments.iter().enumerate();
            for (place, segment) in segments.filter(|(_, s)| layouts.of_file[usize::from(s.file)] == number) {
                let rows = segment.open(&self.harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
                let mut kept = 0;
                let mut hashed = Vec::new();
                for (ordinal, bytes) in (segment.first..).zip(rows.iter()) {
                    let at = usize::try_from(ordinal).unwrap_or(usize::MAX);
                    if verdict.fates[at] != Fate::Kept {
                        continue;
                    }
                    let id = identifiers.of(ordinal);
                    let out = copy.buffer();
                    let start = out.len();
                    writer.write(out, id, bytes, |slot, key| {
                        parents[slot].identifier(key, verdict.parents[slot][at])
                    });
                    if let Some(hasher) = &mut hasher {
                        hashed.extend_from_slice(&hasher.hash(behind_first(&out[start..])));
                    }
                    copy.flow().await?;
                    kept += 1;
                }
                if is_hashed {
                    hashes.put(place, hashed).map_err(LoadError::Spool)?;
                }
                self.listener.on(Event::Advanced { by: kept, rows: kept });
                if segment.first == 0 {
                    fault::reach(Point::CopyHalf);
                }
            }
            sent += copy.finish().await?;
        }
        Ok((sent, hashes))
    }

    async fn execute(&self, sql: &str) -> Result<(), LoadError> {
        let doing = format!("loading table {}", self.entity.table);
        Ok(self.client.batch_execute(sql).await.map_err(|e| DbError::of(doing, e))?)
    }
}

/// The COPY for a layout of an entity's rows with their identifiers, and the constant end of its rows: defaults of
/// columns that the file does not have, where only the schema knows them.
pub(in crate::load) fn copy_statement(
    entity: &Entity,
    info: &TableInfo,
    layout: &Layout,
) -> (String, Vec<u8>) {
    let mut columns = ident(&entity.system.id);
    let mut suffix = Vec::new();
    for index in journal::sent(entity, layout) {
        let field = &entity.fields[index];
        let _ = write!(columns, ", {}", ident(&field.column));
        if let Some(default) = field.when_empty().filter(|_| !layout.fields.contains(&index)) {
            suffix.push(b'\t');
            RowEncoder::text(&mut suffix, default);
            suffix.pop();
        }
    }
    for column in [&entity.system.created_at, &entity.system.updated_at].into_iter().flatten() {
        if info.column(column).is_some_and(|column| !column.filled) {
            let _ = write!(columns, ", {}", ident(column));
            suffix.extend_from_slice(b"\tnow");
        }
    }
    (format!("COPY {} ({columns}) FROM STDIN", entity.table), suffix)
}

/// Puts rows together: identifier, parents' identifiers, the spooled fields, the constant end.
pub(in crate::load) struct RowWriter<'a> {
    layout: &'a Layout,
    /// For each reference of the layout its number among the entity's references.
    slots: Vec<usize>,
    suffix: Vec<u8>,
}

impl<'a> RowWriter<'a> {
    pub(in crate::load) fn new(entity: &Entity, layout: &'a Layout, suffix: Vec<u8>) -> Self {
        let all: Vec<_> = entity.references().map(|(field, _)| field).collect();
        let slot =
            |field: &FieldIndex| all.iter().position(|f| f == field).expect("a reference of the entity");
        let slots = layout.fields[..layout.references].iter().map(slot).collect();
        Self { layout, slots, suffix }
    }

    /// Writes one row. `parent` is asked for the identifier that a reference, by its number, leads to by its key.
    pub(in crate::load) fn write(
        &self,
        out: &mut bytes::BytesMut,
        id: i64,
        bytes: &[u8],
        parent: impl Fn(usize, &[u8]) -> Option<i64>,
    ) {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(id).as_bytes());
        let mut rest = bytes;
        for &slot in &self.slots {
            let end = memchr::memchr2(b'\t', b'\n', rest).unwrap_or(rest.len());
            let key = &rest[..end];
            out.extend_from_slice(b"\t");
            match if key == b"\\N" { None } else { parent(slot, key) } {
                Some(id) => out.extend_from_slice(digits.format(id).as_bytes()),
                None => out.extend_from_slice(b"\\N"),
            }
            rest = &rest[(end + 1).min(rest.len())..];
        }
        if self.layout.fields.len() > self.slots.len() {
            out.extend_from_slice(b"\t");
            out.extend_from_slice(rest.strip_suffix(b"\n").unwrap_or(rest));
        }
        out.extend_from_slice(&self.suffix);
        out.extend_from_slice(b"\n");
    }
}

/// An encoded row's fields behind the first one.
pub(in crate::load) fn behind_first(row: &[u8]) -> &[u8] {
    memchr::memchr(b'\t', row).map_or(&[], |end| &row[end + 1..])
}

/// The fates from a row on.
fn fates(verdict: &EntityVerdict, first: u64) -> &[Fate] {
    &verdict.fates[usize::try_from(first).unwrap_or(usize::MAX)..]
}
