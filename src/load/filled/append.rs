//! Many new rows for a table that has others: copied straight in, under identifiers taken beforehand.
//!
//! `INSERT … SELECT` would sort them, join them with their parents again, and return the identifier that each got, to be
//! joined once more for the journal. All of that is known already: the plan says which staged rows are new and what
//! their references lead to, and identifiers taken from the table's sequence are in the order in which the rows are
//! sent. The server only has to put the rows into the table.

use crate::db::{CopyIn, CopyOut, DbError, LEAVE};
use crate::fault::{self, Point};
use crate::load::error::LoadError;
use crate::load::journal::{HASH_SIZE, Hasher, InsertedBlocks};
use crate::load::row_copy::{RowWriter, after_id};
use crate::read::Layout;
use crate::record::RowNumber;
use crate::schema::{Field, FieldIndex, OnUpdate};

use super::batch::Batch;
use super::foreign_keys::is_many;
use super::staged::Staged;

/// How many bytes of rows are sorted at a time.
const BATCH: usize = 16 << 20;

/// How many rows are sent, at least, before their undo data is; it waits in memory.
const ROUND: usize = 1 << 20;

/// How many rows a block of the journal has.
const BLOCK: usize = 4096;

/// Marks a reference that leads nowhere; no sequence returns it.
const NOWHERE: i64 = i64::MIN;

/// Whether COPY may put rows with given identities `$2` into `$1`, from a sequence that counts by one and that the role
/// may use; and that sequence. COPY ignores rules and is refused if rows are hidden; what a trigger would change in a
/// row could not be hashed here.
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

/// Takes `$2` identifiers from the sequence `$1`: the first of each stretch, and how many. There is one stretch unless
/// another session takes some meanwhile.
const TAKE: &str = "
    SELECT min(id), count(*) FROM (
        SELECT id, id - row_number() OVER () AS stretch FROM (
            SELECT nextval($1::text::regclass) AS id FROM generate_series(1, $2::bigint)) taken) numbered
    GROUP BY stretch ORDER BY 1";

/// What is known of the new rows.
struct NewRows {
    /// Per staged row: whether it is new.
    new: Vec<bool>,
    /// Per reference of the entity and staged row: the parent's identifier.
    parents: Vec<Vec<i64>>,
}

/// The sequence that gives the identifiers, if `new` new rows can be appended and it is worth it.
pub(super) async fn sequence(rows: &Staged<'_>, new: u64) -> Result<Option<String>, LoadError> {
    if !is_many(new) || fault::slow() {
        return Ok(None);
    }
    // Rows are sent as they were read, so no field may depend on what the table has.
    let entity = rows.statements.entity;
    let overwrites = |field: &Field| field.policy(rows.options.on_empty) == OnUpdate::Overwrite;
    if rows.options.changes || !entity.fields.iter().all(overwrites) {
        return Ok(None);
    }
    // COPY must read a value as the cast from its staged type would.
    let mut as_sent = rows.layouts().flat_map(|(_, layout)| &layout.fields[layout.references..]);
    if !as_sent.all(|&field| rows.statements.is_read_as_cast(field)) {
        return Ok(None);
    }
    let mut images = rows.layouts().map(|(_, layout)| rows.image(layout));
    if rows.options.undoable && !images.all(|image| image.is_known(entity, rows.statements.info)) {
        return Ok(None);
    }
    let row = rows
        .client
        .query_opt(MAY, &[&rows.table(), &entity.system.id])
        .await
        .map_err(|e| DbError::of(rows.doing(), e))?;
    Ok(row.filter(|row| row.get::<_, Option<bool>>(1) == Some(true)).map(|row| row.get(0)))
}

/// Appends the planned new rows, `new` of them. Returns how many the server took.
pub(super) async fn append(rows: &Staged<'_>, new: u64, sequence: &str) -> Result<u64, LoadError> {
    let new_rows = find_new(rows).await?;
    let mut ids = take_ids(rows, new, sequence).await?;
    fault::reach(Point::IdsTaken);
    let mut inserted = 0;
    for (number, layout) in rows.layouts() {
        if rows.options.undoable {
            rows.image(layout).note(rows.client, rows.origin, number).await?;
        }
        inserted += send(rows, number, layout, &new_rows, &mut ids).await?;
    }
    fault::reach(Point::Appended);
    Ok(inserted)
}

/// Which staged rows are new, and what their references lead to.
async fn find_new(rows: &Staged<'_>) -> Result<NewRows, LoadError> {
    let references: Vec<FieldIndex> = rows.statements.entity.references().map(|(field, _)| field).collect();
    let staged = usize::try_from(rows.harvest.rows).unwrap_or(usize::MAX);
    let mut found =
        NewRows { new: vec![false; staged], parents: vec![vec![NOWHERE; staged]; references.len()] };
    let mut open = false;
    let doing = rows.doing();
    let mut copy = CopyOut::begin(rows.client, &rows.statements.new_rows(), &doing).await?;
    while let Some(row) = copy.next().await? {
        let mut cells = row.trim_ascii_end().split(|&byte| byte == b'\t');
        let Some(at) = cells.next().and_then(integer).and_then(|at| usize::try_from(at).ok()) else {
            continue;
        };
        found.new[at] = true;
        for (parents, cell) in found.parents.iter_mut().zip(cells) {
            match integer(cell) {
                Some(id) => parents[at] = id,
                None => open = true,
            }
        }
    }
    if !open {
        return Ok(found);
    }
    // Parents that this run has written since the plan was made.
    for (parents, &field) in found.parents.iter_mut().zip(&references) {
        let late = rows.client.query(&rows.statements.late_parents(field), &[]).await;
        for row in late.map_err(|e| DbError::of(&*doing, e))? {
            let at: i64 = row.get(0);
            parents[usize::try_from(at).unwrap_or(usize::MAX)] = row.get(1);
        }
    }
    Ok(found)
}

async fn take_ids(
    rows: &Staged<'_>,
    new: u64,
    sequence: &str,
) -> Result<impl Iterator<Item = i64> + use<>, LoadError> {
    let new = i64::try_from(new).unwrap_or(i64::MAX);
    let taken = rows
        .client
        .query(TAKE, &[&sequence, &new])
        .await
        .map_err(|e| DbError::of(format!("taking identifiers from {sequence}"), e))?;
    let stretches: Vec<(i64, i64)> = taken.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(stretches.into_iter().flat_map(|(first, count)| first..first + count))
}

/// Sends the new rows of a layout, a round at a time, and their undo data after each round.
async fn send(
    rows: &Staged<'_>,
    number: usize,
    layout: &Layout,
    new_rows: &NewRows,
    ids: &mut impl Iterator<Item = i64>,
) -> Result<u64, LoadError> {
    let entity = rows.statements.entity;
    let mut round = Round {
        writer: RowWriter::new(entity, rows.statements.info, layout),
        hasher: rows.options.undoable.then(|| rows.image(layout).hasher()),
        new_rows,
        written: Vec::new(),
        batch: Batch::new(layout, entity.key),
    };
    let (mut inserted, mut buffer) = (0, Vec::new());
    let harvest = rows.harvest;
    let mut segments =
        harvest.segments.iter().filter(|segment| rows.layouts.of_segment(segment) == number).peekable();
    while segments.peek().is_some() {
        rows.one(&rows.statements.path.enter()).await?;
        let mut copy = CopyIn::begin(rows.client, &round.writer.statement, &rows.doing()).await?;
        for segment in segments.by_ref() {
            let opened = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
            for (row, bytes) in (segment.first..).map(RowNumber).zip(opened.iter()) {
                if new_rows.new[row] {
                    round.batch.push(row, bytes);
                }
            }
            if round.batch.len() >= BATCH {
                round.flush(&mut copy, ids).await?;
            }
            if round.written.len() >= ROUND {
                break;
            }
        }
        round.flush(&mut copy, ids).await?;
        fault::reach(Point::AppendHalf);
        inserted += copy.finish().await?;
        rows.execute(LEAVE).await?;
        if rows.options.undoable {
            note(rows, number, &round.written).await?;
            round.written.clear();
        }
    }
    Ok(inserted)
}

/// Writes to the journal which row of a layout got which identifier, and a hash of each.
async fn note(rows: &Staged<'_>, number: usize, written: &[Appended]) -> Result<(), LoadError> {
    let mut blocks = InsertedBlocks::begin(rows.client, rows.origin).await?;
    let mut hashes = Vec::with_capacity(BLOCK * HASH_SIZE);
    for block in written.chunks(BLOCK) {
        for stretch in block.chunk_by(|one, next| one.id + 1 == next.id) {
            hashes.clear();
            hashes.extend(stretch.iter().flat_map(|appended| appended.hash));
            let numbers = stretch.iter().map(|appended| appended.row);
            blocks.numbered(stretch[0].id, numbers, number, &hashes).await?;
        }
    }
    blocks.finish().await
}

/// The undo data of an appended row.
struct Appended {
    id: i64,
    row: RowNumber,
    hash: [u8; HASH_SIZE],
}

/// Rows that are being sent.
struct Round<'a> {
    writer: RowWriter<'a>,
    /// If undo data is kept.
    hasher: Option<Hasher>,
    new_rows: &'a NewRows,
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
            let parent = |reference: usize, _: &[u8]| {
                Some(self.new_rows.parents[reference][row]).filter(|&parent| parent != NOWHERE)
            };
            let out = copy.buffer();
            let start = out.len();
            self.writer.write(out, id, bytes, parent);
            if let Some(hasher) = &mut self.hasher {
                self.written.push(Appended { id, row, hash: hasher.hash(after_id(&out[start..])) });
            }
            copy.flow().await?;
        }
        self.batch.clear();
        Ok(())
    }
}

fn integer(cell: &[u8]) -> Option<i64> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}
