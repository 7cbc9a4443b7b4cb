//! Rows that somebody changed in the target after muster wrote them, for `--protect-edited`.
//!
//! A row's last writer is told by its `xmin`; where an undo put the row back, by the transaction that the
//! journal says it stands for. A row that muster never wrote, or whose provenance was pruned or not kept,
//! is no edited row.

use crate::read::Layout;

use super::journal::{self, IMAGE_HASH};
use super::sql::{Statements, literal, quoted};
use super::stage::DELETED;

/// How many fields go into one call of `jsonb_build_object`, which takes a hundred arguments.
const FIELDS: usize = 40;

impl Statements<'_> {
    /// Staged rows of a layout that would change a row edited in the target: the row, and as a JSON object the
    /// table's values of the fields that differ, by the field's position.
    pub(super) fn edited(&self, layout_number: usize, layout: &Layout) -> Option<String> {
        let fields: Vec<_> = self.compared(layout).collect();
        if fields.is_empty() {
            return None;
        }
        let differs: Vec<_> = fields.iter().map(|&field| format!("({})", self.differs(field))).collect();
        let values: Vec<_> = fields
            .chunks(FIELDS)
            .map(|chunk| {
                let pairs: Vec<_> = chunk
                    .iter()
                    .map(|&field| {
                        let (old, _) = self.readable(field);
                        format!("'{field}', CASE WHEN {} THEN coalesce({old}, '') END", self.differs(field))
                    })
                    .collect();
                format!("jsonb_build_object({})", pairs.join(", "))
            })
            .collect();
        let (values, differs) = (values.join(" || "), differs.join(" OR "));
        Some(self.edited_rows(&layout_number.to_string(), &self.parents(layout), &values, &differs))
    }

    /// Staged rows that would delete a row edited in the target, with an empty JSON object.
    pub(super) fn edited_and_deleted(&self) -> String {
        self.edited_rows(&DELETED.to_string(), "", "'{}'::jsonb", "true")
    }

    fn edited_rows(&self, layout_number: &str, parents: &str, values: &str, differs: &str) -> String {
        format!(
            "WITH own AS MATERIALIZED (
                SELECT r.id, r.xid FROM muster.runs r JOIN muster.run_counts c ON c.run = r.id
                WHERE c.entity = {entity} AND c.\"table\" = {canonical} AND r.status = 'committed'
                  AND r.command <> 'undo'),
             stamps AS MATERIALIZED (
                SELECT r.stamp FROM muster.runs r
                WHERE pg_snapshot_xmax(pg_current_snapshot())::text::numeric - r.xid::text::numeric < 4294967296)
             SELECT s.o, jsonb_strip_nulls({values})::text
             FROM {stage} s JOIN {table} t ON t.{key_column} = {key}{parents}
             LEFT JOIN muster.restored back ON back.\"table\" = {canonical} AND back.id = t.{id} AND back.now = t.xmin
             WHERE s.l = {layout_number} AND ({differs})
               AND coalesce(back.stood, t.xmin) NOT IN (SELECT stamp FROM stamps)
               AND (EXISTS (SELECT FROM muster.updated u JOIN own ON own.id = u.run
                            WHERE u.entity = {entity} AND u.id = t.{id})
                    OR EXISTS (SELECT FROM muster.inserted b JOIN own ON own.id = b.run
                               WHERE b.entity = {entity} AND b.first_id <= t.{id} AND b.last_id >= t.{id}
                                 AND (b.ids IS NULL OR t.{id} = ANY (b.ids))))
               AND {IMAGE_HASH} IS DISTINCT FROM (
                   SELECT u.after_hash FROM muster.updated u JOIN own ON own.id = u.run
                   WHERE u.entity = {entity} AND u.id = t.{id} ORDER BY own.xid DESC LIMIT 1)
             ORDER BY s.o",
            entity = literal(&self.entity.name),
            canonical = journal::canonical(&self.entity.table),
            stage = self.stage(),
            table = self.entity.table,
            key_column = self.column(self.entity.key),
            key = self.staged(self.entity.key),
            id = quoted(&self.entity.system.id),
        )
    }
}
