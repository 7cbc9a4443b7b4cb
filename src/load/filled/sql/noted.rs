//! Inserts, updates and deletes that write undo data to the journal in the same statement. Each gives one row: how many
//! rows it wrote, and for how many of them there is undo data, after it has set the search path that triggers get. A name of WITH that is visible where the table is named has
//! a space in it, or a table of that name could not be written.

use crate::load::journal::{Image, Origin, ROW_HASH, canonical, exact_row, restored};

use super::statements::Statements;

/// How many ids a block of inserted rows spans.
const BLOCK: u32 = 4096;

impl Statements<'_> {
    /// An insert (see [`Statements::insert`]) that keeps which row got which id, and a hash of each.
    pub(crate) fn insert_noted(
        &self,
        insert: &str,
        layout_number: usize,
        image: &Image,
        origin: Origin<'_>,
    ) -> String {
        format!(
            "WITH written AS ({insert} RETURNING t.{id}::bigint AS id, t.{key_column} AS key, {hash} AS hash),
             noted AS (
                INSERT INTO muster.inserted (run, entity, first_id, last_id, rows, ids, row_numbers, image, hashes)
                SELECT {origin}, min(w.id), max(w.id), count(*),
                       CASE WHEN max(w.id) - min(w.id) + 1 <> count(*) THEN array_agg(w.id ORDER BY w.id) END,
                       array_agg(s.o ORDER BY w.id), {layout_number}, string_agg(w.hash, ''::bytea ORDER BY w.id)
                FROM written w JOIN {stage} s ON s.l = {layout_number} AND {same}
                GROUP BY w.id / {BLOCK} RETURNING rows)
             SELECT {set}, (SELECT count(*) FROM written), (SELECT coalesce(sum(rows), 0)::bigint FROM noted)",
            set = self.path.set(),
            id = self.id(),
            key_column = self.key_column(),
            hash = image.hash(),
            origin = origin.columns(),
            stage = self.stage(),
            same = self.equals(self.entity.key, "w.key", &self.staged(self.entity.key)),
        )
    }

    /// An update (see [`Statements::update`]) that keeps the old rows. `released`: some of them have released
    /// values before.
    pub(crate) fn update_noted(
        &self,
        update: &str,
        layout_number: usize,
        origin: Origin<'_>,
        released: bool,
    ) -> String {
        let row = self.exact_row();
        let (before, stamp, joined) = if released {
            (format!("coalesce(had.before, {row})"), "coalesce(had.stamp, t.xmin)", self.join_released())
        } else {
            (row, "t.xmin", String::new())
        };
        format!(
            "WITH \"muster old\" AS MATERIALIZED (
                SELECT t.{id}::bigint AS id, s.o, {before} AS before, {stamp} AS stamp
                FROM {stage} s {changed} {table}{joined} WHERE s.l = {layout_number}),
             written AS ({update} RETURNING t.{id}::bigint AS id, {ROW_HASH} AS hash),
             noted AS (
                INSERT INTO muster.updated (run, entity, id, row_number, before, before_xmin, after_hash)
                SELECT {origin}, o.id, o.o, o.before, o.stamp, w.hash FROM \"muster old\" o JOIN written w ON w.id = o.id
                RETURNING 1)
             SELECT {set}, (SELECT count(*) FROM written), (SELECT count(*) FROM noted)",
            set = self.path.set(),
            id = self.id(),
            stage = self.stage(),
            changed = self.join_changed(),
            table = self.join_table(),
            origin = origin.columns(),
        )
    }

    /// A delete (see [`Statements::delete`]) that keeps the rows.
    pub(crate) fn delete_noted(&self, origin: Origin<'_>, last: bool) -> String {
        format!(
            "WITH gone AS ({delete} RETURNING t.{id}::bigint AS id, s.o, {row} AS before, t.xmin AS stamp),
             noted AS (
                INSERT INTO muster.deleted (run, entity, id, row_number, before, before_xmin, last)
                SELECT {origin}, g.id, g.o, g.before, coalesce(back.stood, g.stamp), {last} FROM gone g
                LEFT JOIN muster.restored back ON {back}
                RETURNING 1)
             SELECT {set}, (SELECT count(*) FROM gone), (SELECT count(*) FROM noted)",
            set = self.path.set(),
            delete = self.delete(),
            row = self.exact_row(),
            id = self.id(),
            origin = origin.columns(),
            back = restored(&canonical(&self.entity.table), "g.id", "g.stamp"),
        )
    }
    /// The table's row as the journal keeps it.
    pub(super) fn exact_row(&self) -> String {
        exact_row(self.info.columns.iter().map(|column| (column.name.as_str(), column.base.as_str())))
    }
}
