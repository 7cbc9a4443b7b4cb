//! Many new rows for a table that holds others: straight in by COPY, under identifiers taken beforehand.
//!
//! `INSERT … SELECT` sorts them, joins them with their parents a second time, and gives back what identifier each
//! got, to be joined a third time for the journal. All of that is known already: the plan says which staged rows
//! are new and what their references lead to, and identifiers taken from the table's sequence beforehand are in
//! the order in which the rows are sent. What is left to the server is to put rows into the table.
//!
//! Rows are sent sorted by key within a batch, so that those that follow each other go to the same pages of the
//! key's index.

use std::fmt::Write;

use crate::db::{CopyIn, CopyOut, DbError};
use crate::fault::{self, Point};
use crate::read::Layout;
use crate::record::RowEncoder;
use crate::schema::{Field, FieldIndex, OnUpdate};
use crate::sql::ident;

use super::LoadError;
use super::foreign::is_many;
use super::fresh::{RowWriter, behind_first, copy_statement, hexadecimal};
use super::journal::{HASH_SIZE, Hasher, Image, Origin};
use super::merge::Merge;
use super::sql::Statements;

/// How many bytes of rows are sorted at a time.
const BATCH: usize = 16 << 20;

/// How many rows are sent, at least, before what the journal keeps of them is: it waits in memory.
const ROUND: usize = 1 << 20;

/// How many rows a block of the journal has.
const BLOCK: usize = 4096;

/// Stands for a reference that leads nowhere; no sequence gives it out.
const NOWHERE: i64 = i64::MIN;

/// Whether rows may be put into `$1` by COPY with values of their own for its identity `$2`, which come one after
/// the other from a sequence that the role may use; and that sequence. COPY passes over rules, and does not go where
/// rows are hidden; what a trigger would make of a row could not be hashed here.
const MAY: &str = "
    SELECT q.seqrelid::regclass::text, c.relkind = 'r' AND NOT c.relhasrules AND NOT c.relrowsecurity AND q.seqincrement = 1
       AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
       AND has_sequence_privilege(q.seqrelid, 'USAGE, UPDATE')
       AND has_column_privilege(c.oid, a.attnum, 'INSERT')
       AND (a.attidentity <> ''
            OR pg_get_expr(d.adbin, d.adrelid) = format('nextval(%L::regclass)', q.seqrelid::regclass))
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $2
    JOIN pg_sequence q ON q.seqrelid = pg_get_serial_sequence($1, $2)::regclass
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.oid = to_regclass($1)";

/// Takes `$2` identifiers from the sequence `$1`: the first of each stretch, and how many. There is one stretch,
/// unless somebody else takes some meanwhile.
const TAKE: &str = "
    SELECT min(id), count(*) FROM (
        SELECT id, id - row_number() OVER () AS stretch FROM (
            SELECT nextval($1::text::regclass) AS id FROM generate_series(1, $2::bigint)) taken) numbered
    GROUP BY stretch ORDER BY 1";

/// What is known of the rows to come.
struct Newcomers {
    /// Per staged row: it is one of them.
    new: Vec<bool>,
    /// Per reference of the entity and staged row: the parent's identifier.
    parents: Vec<Vec<i64>>,
}

impl Merge<'_> {
    /// The sequence that gives out the identifiers, where so many new rows can be, and are worth being, put straight
    /// into the table.
    pub(super) async fn appends(&self, rows: u64) -> Result<Option<String>, LoadError> {
        if !is_many(rows) || fault::slow() {
            return Ok(None);
        }
        // What was read must go into a new row as it is, and whoever is referred to must stay.
        let fields = &self.statements.entity.fields;
        let overwrites = |field: &Field| field.policy(self.options.on_empty) == OnUpdate::Overwrite;
        if self.options.changes || !fields.iter().all(overwrites) {
            return Ok(None);
        }
        // A value that an assignment cast would change must not be read in another way.
        let as_sent = self.layouts.distinct.iter().flat_map(|layout| &layout.fields[layout.references..]);
        if !as_sent.into_iter().all(|&field| self.statements.is_read_as_cast(field)) {
            return Ok(None);
        }
        let entity = self.statements.entity;
        let mut images = self.layouts.distinct.iter().map(|layout| self.image(layout));
        if self.options.undoable && !images.all(|image| image.is_known(entity, self.statements.info)) {
            return Ok(None);
        }
        let row = self
            .client
            .query_opt(MAY, &[&entity.table.to_string(), &entity.system.id])
            .await
            .map_err(|e| DbError::of(self.doing(), e))?;
        Ok(row.filter(|row| row.get::<_, Option<bool>>(1) == Some(true)).map(|row| row.get(0)))
    }

    /// Puts the planned new rows in, `rows` of them; gives how many the server took.
    pub(super) async fn append(&self, rows: u64, sequence: &str) -> Result<u64, LoadError> {
        let newcomers = self.newcomers().await?;
        let mut ids = self.take_ids(rows, sequence).await?;
        fault::reach(Point::IdsTaken);
        let mut inserted = 0;
        for (number, layout) in self.layouts.distinct.iter().enumerate() {
            if self.options.undoable {
                self.image(layout).note(self.client, self.origin, number).await?;
            }
            inserted += self.send(number, layout, &newcomers, &mut ids).await?;
        }
        fault::reach(Point::Appended);
        Ok(inserted)
    }

    /// Which staged rows are new, and what their references lead to.
    async fn newcomers(&self) -> Result<Newcomers, LoadError> {
        let references: Vec<FieldIndex> =
            self.statements.entity.references().map(|(field, _)| field).collect();
        let staged = usize::try_from(self.harvest.rows).unwrap_or(usize::MAX);
        let mut newcomers =
            Newcomers { new: vec![false; staged], parents: vec![vec![NOWHERE; staged]; references.len()] };
        let mut open = false;
        let doing = self.doing();
        let mut rows = CopyOut::begin(self.client, &self.statements.new_rows(), &doing).await?;
        while let Some(row) = rows.next().await? {
            let mut cells = row.trim_ascii_end().split(|&byte| byte == b'\t');
            let Some(at) = cells.next().and_then(integer).and_then(|at| usize::try_from(at).ok()) else {
                continue;
            };
            newcomers.new[at] = true;
            for (parents, cell) in newcomers.parents.iter_mut().zip(cells) {
                match integer(cell) {
                    Some(id) => parents[at] = id,
                    None => open = true,
                }
            }
        }
        if !open {
            return Ok(newcomers);
        }
        // Parents that this run has brought in since the plan was made.
        for (parents, &field) in newcomers.parents.iter_mut().zip(&references) {
            let late = self.client.query(&self.statements.late_parents(field), &[]).await;
            for row in late.map_err(|e| DbError::of(&*doing, e))? {
                let at: i64 = row.get(0);
                parents[usize::try_from(at).unwrap_or(usize::MAX)] = row.get(1);
            }
        }
        Ok(newcomers)
    }

    async fn take_ids(
        &self,
        rows: u64,
        sequence: &str,
    ) -> Result<impl Iterator<Item = i64> + use<>, LoadError> {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let taken = self
            .client
            .query(TAKE, &[&sequence, &rows])
            .await
            .map_err(|e| DbError::of(format!("taking identifiers from {sequence}"), e))?;
        let stretches: Vec<(i64, i64)> = taken.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(stretches.into_iter().flat_map(|(first, count)| first..first + count))
    }

    /// Sends the new rows of a layout, a round at a time, and notes them.
    async fn send(
        &self,
        layout_number: usize,
        layout: &Layout,
        newcomers: &Newcomers,
        ids: &mut impl Iterator<Item = i64>,
    ) -> Result<u64, LoadError> {
        let entity = self.statements.entity;
        let (statement, suffix) = copy_statement(entity, self.statements.info, layout);
        let mut round = Round {
            writer: RowWriter::new(entity, layout, suffix),
            hasher: self.options.undoable.then(|| self.image(layout).hasher()),
            newcomers,
            written: Vec::new(),
            batch: Batch::new(layout.fields.iter().position(|&field| field == entity.key)),
        };
        let (mut inserted, mut buffer) = (0, Vec::new());
        let files = &self.layouts.of_file;
        let mut segments =
            self.harvest.segments.iter().filter(|s| files[usize::from(s.file)] == layout_number).peekable();
        while segments.peek().is_some() {
            let mut copy = CopyIn::begin(self.client, &statement, &self.doing()).await?;
            for segment in segments.by_ref() {
                let rows = segment.open(&self.harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
                for (row, bytes) in (segment.first..).zip(rows.iter()) {
                    if newcomers.new[usize::try_from(row).unwrap_or(usize::MAX)] {
                        round.batch.take(row, bytes);
                    }
                }
                if round.batch.bytes.len() >= BATCH {
                    round.flush(&mut copy, ids).await?;
                }
                if round.written.len() >= ROUND {
                    break;
                }
            }
            round.flush(&mut copy, ids).await?;
            fault::reach(Point::AppendHalf);
            inserted += copy.finish().await?;
            self.note_appended(layout_number, &round.written).await?;
            round.written.clear();
        }
        Ok(inserted)
    }

    /// Notes which row of a layout got which identifier, and a hash of each.
    async fn note_appended(&self, layout_number: usize, written: &[Appended]) -> Result<(), LoadError> {
        let sql = "COPY muster.inserted (run, entity, first_id, last_id, rows, row_numbers, image, hashes) FROM STDIN";
        let mut copy = CopyIn::begin(self.client, sql, "writing the journal").await?;
        for block in written.chunks(BLOCK) {
            for stretch in block.chunk_by(|one, next| one.id + 1 == next.id) {
                let (first, last) = (stretch[0].id, stretch[stretch.len() - 1].id);
                let Origin { run, entity } = self.origin;
                let mut line = format!("{run}\t{entity}\t{first}\t{last}\t{}\t{{", stretch.len());
                for (at, Appended { row, .. }) in stretch.iter().enumerate() {
                    let _ = write!(line, "{}{row}", if at == 0 { "" } else { "," });
                }
                let _ = write!(line, "}}\t{layout_number}\t");
                let out = copy.buffer();
                out.extend_from_slice(line.as_bytes());
                hexadecimal(out, &stretch.iter().flat_map(|appended| appended.hash).collect::<Vec<_>>());
                out.extend_from_slice(b"\n");
                copy.flow().await?;
            }
        }
        copy.finish().await?;
        Ok(())
    }

    fn image(&self, layout: &Layout) -> Image {
        Image::of(self.statements.entity, self.statements.info, layout)
    }
}

/// What the journal keeps of a row.
struct Appended {
    id: i64,
    row: u64,
    hash: [u8; HASH_SIZE],
}

impl Statements<'_> {
    /// The COPY of the planned new rows: number, and what each reference of the entity leads to.
    fn new_rows(&self) -> String {
        let parents = self.each_reference(|field| format!(", p{field}"));
        format!("COPY (SELECT o{parents} FROM {} WHERE fresh) TO STDOUT", self.plan())
    }

    /// New rows whose parent was not there when the plan was made, and is now: number, parent's identifier.
    fn late_parents(&self, field: FieldIndex) -> String {
        let parent = self.parent(field);
        format!(
            "SELECT plan.o, p.{id}::bigint FROM {plan} plan JOIN {stage} s ON s.o = plan.o
             JOIN {table} p ON p.{key} = s.f{field} WHERE plan.fresh AND plan.p{field} IS NULL",
            id = ident(&parent.system.id),
            plan = self.plan(),
            stage = self.stage(),
            table = parent.table,
            key = ident(&parent.fields[parent.key].column),
        )
    }

    /// Whether the column's input function makes of a cell what a cast from the staged type makes of it.
    fn is_read_as_cast(&self, field: FieldIndex) -> bool {
        let field = &self.entity.fields[field];
        let wanted = field.rule.sql_type();
        // As the catalog calls it.
        let wanted = if wanted == "timestamptz" { "timestamp with time zone" } else { wanted };
        wanted == "text" || self.info.column(&field.column).is_some_and(|column| column.base == wanted)
    }
}

/// Rows on their way.
struct Round<'a> {
    writer: RowWriter<'a>,
    /// Where they are noted.
    hasher: Option<Hasher>,
    newcomers: &'a Newcomers,
    written: Vec<Appended>,
    batch: Batch,
}

impl Round<'_> {
    async fn flush(
        &mut self,
        copy: &mut CopyIn,
        ids: &mut impl Iterator<Item = i64>,
    ) -> Result<(), LoadError> {
        for (row, bytes) in self.batch.sorted() {
            // As many were taken as the plan has rows.
            let Some(id) = ids.next() else { break };
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            let parent = |slot: usize, _: &[u8]| {
                Some(self.newcomers.parents[slot][at]).filter(|&parent| parent != NOWHERE)
            };
            let out = copy.buffer();
            let start = out.len();
            self.writer.write(out, id, bytes, parent);
            if let Some(hasher) = &mut self.hasher {
                self.written.push(Appended { id, row, hash: hasher.hash(behind_first(&out[start..])) });
            }
            copy.flow().await?;
        }
        self.batch.clear();
        Ok(())
    }
}

/// Rows to be sorted by key.
struct Batch {
    key: Option<usize>,
    bytes: Vec<u8>,
    rows: Vec<Queued>,
}

/// A row of a batch: the beginning of its key, where it stands, its number.
struct Queued {
    prefix: u64,
    start: usize,
    end: usize,
    row: u64,
}

impl Batch {
    fn new(key: Option<usize>) -> Self {
        Self { key, bytes: Vec::new(), rows: Vec::new() }
    }

    fn take(&mut self, row: u64, bytes: &[u8]) {
        let key = self.key.and_then(|position| RowEncoder::field(bytes, position)).unwrap_or_default();
        let mut prefix = [0; 8];
        let len = key.len().min(prefix.len());
        prefix[..len].copy_from_slice(&key[..len]);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.rows.push(Queued { prefix: u64::from_be_bytes(prefix), start, end: self.bytes.len(), row });
    }

    /// By the beginnings of their keys: neighbours in the index, more is not needed.
    fn sorted(&mut self) -> impl Iterator<Item = (u64, &[u8])> {
        self.rows.sort_unstable_by_key(|queued| (queued.prefix, queued.row));
        self.rows.iter().map(|queued| (queued.row, &self.bytes[queued.start..queued.end]))
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }
}

fn integer(cell: &[u8]) -> Option<i64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}
