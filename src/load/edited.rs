//! Rows that somebody changed in the target after muster wrote them, for `--protect-edited`.
//!
//! A row's last writer is told by its `xmin`; where an undo put the row back, by the transaction that the
//! journal says it stands for. Where that is no run of muster's, as after a restored dump, the hash of the image
//! that the last of muster's runs left decides; a row that an older muster inserted has none, and counts as edited.
//! A row that muster never wrote, or whose provenance was pruned or not kept, is no edited row.

use crate::read::Layout;
use crate::settle::Facts;
use crate::sql::{ident, literal};

use super::journal::{self, IMAGE_HASH, Images, STAMPS};
use super::sql::Statements;
use super::stage::{DELETED, Layouts};
use super::{Cargo, Load, LoadError, row_number};

/// How many fields go into one call of `jsonb_build_object`, which takes a hundred arguments.
const FIELDS: usize = 40;

impl Load<'_> {
    /// Asks which staged rows would change or delete a row edited in the target.
    pub(super) async fn find_edited(
        &self,
        item: &Cargo<'_>,
        layouts: &Layouts<'_>,
        facts: &mut Facts,
    ) -> Result<(), LoadError> {
        let statements = self.statements(item.entity);
        let doing = format!("looking for edited rows of table {}", statements.entity.table);
        let images = Images::of(
            &self.session.client,
            &statements.entity.name,
            &journal::canonical(&statements.entity.table),
            &statements.entity.system.id,
        )
        .await?;
        for (number_of, layout) in layouts.distinct.iter().enumerate() {
            if let Some(sql) = statements.edited(number_of, layout, &images) {
                let rows = self.query(&sql, &doing).await?;
                facts.take_edited(item.entity, rows.iter().map(|row| (row_number(row.get(0)), row.get(1))));
            }
        }
        if !item.harvest.deletes.is_empty() {
            let rows = self.query(&statements.edited_and_deleted(&images), &doing).await?;
            facts.take_edited(item.entity, rows.iter().map(|row| (row_number(row.get(0)), row.get(1))));
        }
        Ok(())
    }
}

impl Statements<'_> {
    /// Staged rows of a layout that would change a row edited in the target: the row, and as a JSON object the
    /// table's values of the fields that differ, by the field's position.
    pub(super) fn edited(&self, layout_number: usize, layout: &Layout, images: &Images) -> Option<String> {
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
        Some(self.edited_rows(&layout_number.to_string(), &self.parents(layout), &values, &differs, images))
    }

    /// Staged rows that would delete a row edited in the target, with an empty JSON object.
    pub(super) fn edited_and_deleted(&self, images: &Images) -> String {
        self.edited_rows(&DELETED.to_string(), "", "'{}'::jsonb", "true", images)
    }

    /// The rows are joined and compared before any hash is made: a table can be much larger than what is staged.
    fn edited_rows(
        &self,
        layout_number: &str,
        parents: &str,
        values: &str,
        differs: &str,
        images: &Images,
    ) -> String {
        let id = ident(&self.entity.system.id);
        let canonical = journal::canonical(&self.entity.table);
        format!(
            "WITH own AS MATERIALIZED (
                SELECT r.id, r.finished FROM muster.runs r JOIN muster.run_counts c ON c.run = r.id
                WHERE c.entity = {entity} AND c.\"table\" = {canonical} AND r.status = 'committed'
                  AND r.command <> 'undo'),
             stamps AS MATERIALIZED (SELECT r.stamp FROM muster.runs r {STAMPS}),
             candidates AS MATERIALIZED (
                SELECT s.o, jsonb_strip_nulls({values})::text AS found, t
                FROM {stage} s JOIN {table} t ON t.{key_column} = {key}{parents}
                LEFT JOIN muster.restored back ON {back}
                WHERE s.l = {layout_number} AND ({differs})
                  AND coalesce(back.stood, t.xmin) NOT IN (SELECT stamp FROM stamps))
             SELECT c.o, c.found FROM candidates c CROSS JOIN LATERAL (SELECT (c.t).*) t
             WHERE (SELECT NOT coalesce(last.same, false) FROM (
                       SELECT own.finished, u.after_hash = {IMAGE_HASH} AS same
                       FROM muster.updated u JOIN own ON own.id = u.run WHERE u.entity = {entity} AND u.id = t.{id}::bigint
                       UNION ALL
                       SELECT own.finished, {same} FROM ({block}) b JOIN own ON own.id = b.run
                       LEFT JOIN muster.images i ON i.run = b.run AND i.entity = b.entity AND i.image = b.image
                   ) last ORDER BY last.finished DESC LIMIT 1)
             ORDER BY c.o",
            entity = literal(&self.entity.name),
            stage = self.stage(),
            table = self.entity.table,
            key_column = self.column(self.entity.key),
            key = self.staged(self.entity.key),
            back = journal::restored(&canonical, &format!("t.{id}"), "t.xmin"),
            same = images.same(&format!("coalesce(array_position(b.ids, t.{id}::bigint), t.{id}::bigint - b.first_id + 1)")),
            // The last block that begins before a row is nearly always the one that has it.
            block = format_args!(
                "SELECT * FROM muster.inserted x
                 WHERE x.entity = {} AND x.first_id <= t.{id}::bigint AND x.last_id >= t.{id}::bigint
                   AND (x.ids IS NULL OR t.{id}::bigint = ANY (x.ids)) AND x.run = ANY (ARRAY(SELECT id FROM own))
                 ORDER BY x.first_id DESC LIMIT 1",
                literal(&self.entity.name),
            ),
        )
    }
}
