//! Rows that were edited in the target after muster wrote them.

use crate::load::journal::{Images, STAMPS, canonical, restored, updated_hash};
use crate::load::layouts::DELETED;
use crate::read::Layout;
use crate::sql::literal;

use super::statements::Statements;

/// How many fields go into one call of `jsonb_build_object`, which takes at most a hundred arguments.
const FIELDS: usize = 40;

impl Statements<'_> {
    /// Staged rows of a layout that would change an edited row: the row, and as a JSON object the table's values of the
    /// fields that differ, by the field's position.
    pub(crate) fn edited(&self, layout_number: usize, layout: &Layout, images: &Images) -> Option<String> {
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
        Some(self.edited_rows(
            &layout_number.to_string(),
            &self.join_parents(layout),
            &values,
            &differs,
            images,
        ))
    }

    /// Staged rows that would delete an edited row, with an empty JSON object.
    pub(crate) fn edited_and_deleted(&self, images: &Images) -> String {
        self.edited_rows(&DELETED.to_string(), "", "'{}'::jsonb", "true", images)
    }

    /// The rows are joined and compared before any hash is computed: a table can be much larger than what is staged.
    /// No column of the table can be taken for the row (`t.*`), and no table of the schema for what WITH names.
    fn edited_rows(
        &self,
        layout_number: &str,
        parents: &str,
        values: &str,
        differs: &str,
        images: &Images,
    ) -> String {
        let id = self.id();
        let canonical = canonical(&self.entity.table);
        format!(
            "WITH \"muster own\" AS MATERIALIZED (
                SELECT r.id, r.finished, r.text_images FROM muster.runs r JOIN muster.run_counts c ON c.run = r.id
                WHERE c.entity = {entity} AND c.\"table\" = {canonical} AND r.status = 'committed'
                  AND r.command <> 'undo'),
             \"muster stamps\" AS MATERIALIZED (SELECT r.stamp FROM muster.runs r {STAMPS}),
             candidates AS MATERIALIZED (
                SELECT s.o, jsonb_strip_nulls({values})::text AS found, coalesce(t.*) AS whole
                FROM {stage} s {table}{parents}
                LEFT JOIN muster.restored back ON {back}
                WHERE s.l = {layout_number} AND ({differs})
                  AND coalesce(back.stood, t.xmin) NOT IN (SELECT stamp FROM \"muster stamps\"))
             SELECT c.o, c.found FROM candidates c CROSS JOIN LATERAL (SELECT (c.whole).*) t
             WHERE (SELECT NOT coalesce(last.same, false) FROM (
                       SELECT own.finished, u.after_hash = {hash} AS same
                       FROM muster.updated u JOIN \"muster own\" own ON own.id = u.run WHERE u.entity = {entity} AND u.id = t.{id}::bigint
                       UNION ALL
                       SELECT own.finished, {same} FROM ({block}) b JOIN \"muster own\" own ON own.id = b.run
                       LEFT JOIN muster.images i ON i.run = b.run AND i.entity = b.entity AND i.image = b.image
                   ) last ORDER BY last.finished DESC LIMIT 1)
             ORDER BY c.o",
            entity = literal(&self.entity.name),
            hash = updated_hash("own"),
            stage = self.stage(),
            table = self.join_table(),
            back = restored(&canonical, &format!("t.{id}"), "t.xmin"),
            same = images.same(&format!("coalesce(array_position(b.ids, t.{id}::bigint), t.{id}::bigint - b.first_id + 1)")),
            // Nearly always the last block that begins before the row is the one that has it.
            block = format_args!(
                "SELECT * FROM muster.inserted x
                 WHERE x.entity = {} AND x.first_id <= t.{id}::bigint AND x.last_id >= t.{id}::bigint
                   AND (x.ids IS NULL OR t.{id}::bigint = ANY (x.ids)) AND x.run = ANY (ARRAY(SELECT id FROM \"muster own\"))
                 ORDER BY x.first_id DESC LIMIT 1",
                literal(&self.entity.name),
            ),
        )
    }
}
