//! The statements of the filled-target way that look at what they wrote: inserts and updates that leave
//! provenance and before-images, rows read back, columns reconciled, changes foreseen. Text only, as
//! [`super::sql`].

use crate::read::Layout;
use crate::schema::FieldIndex;
use crate::sql::{ident, literal};

use super::journal::{self, IMAGE_HASH, Image, Origin};
use super::sql::Statements;

/// How many ids a block of inserted rows spans.
const BLOCK: u32 = 4096;

impl Statements<'_> {
    /// An insert (of [`Statements::insert`]) that notes which row got which id, and a hash of each: one row with
    /// the number of rows inserted and the number of rows noted.
    pub(super) fn insert_noted(
        &self,
        insert: &str,
        layout_number: usize,
        image: &Image,
        origin: Origin<'_>,
    ) -> String {
        let key = self.entity.key;
        format!(
            "WITH written AS ({insert} RETURNING t.{id}::bigint AS id, t.{key_column} AS key, {hash} AS hash),
             noted AS (
                INSERT INTO muster.inserted (run, entity, first_id, last_id, rows, ids, row_numbers, image, hashes)
                SELECT {origin}, min(w.id), max(w.id), count(*),
                       CASE WHEN max(w.id) - min(w.id) + 1 <> count(*) THEN array_agg(w.id ORDER BY w.id) END,
                       array_agg(s.o ORDER BY w.id), {layout_number}, string_agg(w.hash, ''::bytea ORDER BY w.id)
                FROM written w JOIN {stage} s ON s.l = {layout_number} AND w.key = {key}
                GROUP BY w.id / {BLOCK} RETURNING rows)
             SELECT (SELECT count(*) FROM written), (SELECT coalesce(sum(rows), 0)::bigint FROM noted)",
            id = ident(&self.entity.system.id),
            key_column = self.column(key),
            hash = image.hash(),
            origin = origin.columns(),
            stage = self.stage(),
            key = self.staged(key),
        )
    }

    /// An update (of [`Statements::update`]) that keeps what the rows were: one row with the number of rows
    /// updated and the number of rows noted. `let_go`: some of them have let go of values already.
    pub(super) fn update_noted(
        &self,
        update: &str,
        layout_number: usize,
        origin: Origin<'_>,
        let_go: bool,
    ) -> String {
        let key = self.entity.key;
        let (before, stamp, joined) = if let_go {
            ("coalesce(had.before, to_jsonb(t))", "coalesce(had.stamp, t.xmin)", self.what_they_were())
        } else {
            ("to_jsonb(t)", "t.xmin", String::new())
        };
        format!(
            "WITH old AS MATERIALIZED (
                SELECT t.{id}::bigint AS id, s.o, {before} AS before, {stamp} AS stamp
                FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same)
                JOIN {table} t ON t.{key_column} = {key}{joined} WHERE s.l = {layout_number}),
             written AS ({update} RETURNING t.{id}::bigint AS id, {IMAGE_HASH} AS hash),
             noted AS (
                INSERT INTO muster.updated (run, entity, id, row_number, before, before_xmin, after_hash)
                SELECT {origin}, o.id, o.o, o.before, o.stamp, w.hash FROM old o JOIN written w ON w.id = o.id
                RETURNING 1)
             SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM noted)",
            id = ident(&self.entity.system.id),
            stage = self.stage(),
            plan = self.plan(),
            table = self.entity.table,
            key_column = self.column(key),
            key = self.staged(key),
            origin = origin.columns(),
        )
    }

    /// How many of the planned rows stand in the table as written by this transaction: fresh ones, others.
    pub(super) fn read_back(&self, origin: Origin<'_>) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE plan.fresh), count(*) FILTER (WHERE NOT plan.fresh) {}",
            self.written_rows("NOT plan.same", origin)
        )
    }

    /// The same where the journal has the ids of the fresh ones: by these, which spares the joins.
    pub(super) fn read_back_noted(&self, origin: Origin<'_>) -> String {
        let (table, id) = (&self.entity.table, ident(&self.entity.system.id));
        let stamp = stamp(origin);
        format!(
            "SELECT (SELECT coalesce(sum(CASE WHEN b.ids IS NULL
                        THEN (SELECT count(*) FROM {table} t
                              WHERE t.{id} BETWEEN b.first_id AND b.last_id AND t.xmin = {stamp})
                        ELSE (SELECT count(*) FROM unnest(b.ids) n (id) JOIN {table} t ON t.{id} = n.id
                              WHERE t.xmin = {stamp}) END), 0)::bigint
                     FROM muster.inserted b WHERE b.run = {run} AND b.entity = {entity}),
                    (SELECT count(*) {changed})",
            run = format_args!("'{}'::uuid", origin.run),
            entity = literal(origin.entity),
            changed = self.written_rows("NOT (plan.fresh OR plan.same)", origin),
        )
    }

    /// The same, whoever wrote them last: what is left of them when all triggers are through.
    pub(super) fn still_there(&self) -> String {
        let key = self.entity.key;
        format!(
            "SELECT count(*) FILTER (WHERE plan.fresh), count(*) FILTER (WHERE NOT plan.fresh)
             FROM {plan} plan JOIN {stage} s ON s.o = plan.o JOIN {table} t ON t.{key_column} = {key}
             WHERE NOT plan.same",
            plan = self.plan(),
            stage = self.stage(),
            table = self.entity.table,
            key_column = self.column(key),
            key = self.staged(key),
        )
    }

    fn written_rows(&self, which: &str, origin: Origin<'_>) -> String {
        let key = self.entity.key;
        format!(
            "FROM {plan} plan JOIN {stage} s ON s.o = plan.o JOIN {table} t ON t.{key_column} = {key}
             WHERE {which} AND t.xmin = {stamp}",
            stamp = stamp(origin),
            plan = self.plan(),
            stage = self.stage(),
            table = self.entity.table,
            key_column = self.column(key),
            key = self.staged(key),
        )
    }

    /// Checksums of what was sent in a layout and of what the table has for it: the number of rows found,
    /// then for each field both sums as text.
    pub(super) fn reconcile(&self, layout_number: usize, layout: &Layout) -> String {
        let key = self.entity.key;
        let sum = |value: String| format!("sum(coalesce(hashtextextended({value}, 0), 1)::numeric)::text");
        let sums: String = layout.fields.iter().fold(String::new(), |all, &field| {
            let sent = if field == key { self.staged(key) } else { self.updated(field) };
            let declared = self.declared(&self.entity.fields[field]);
            let kept = journal::text(&self.entity.fields[field].column);
            format!("{all}, {}, {}", sum(format!("({sent})::{declared}::text")), sum(kept))
        });
        format!(
            "SELECT count(*){sums} FROM {stage} s JOIN {table} t ON t.{key_column} = {key}{parents}
             WHERE s.l = {layout_number}",
            stage = self.stage(),
            table = self.entity.table,
            key_column = self.column(key),
            key = self.staged(key),
            parents = self.parents(layout),
        )
    }

    /// For each field of a layout but the key, in how many planned rows it will change.
    pub(super) fn changes(&self, layout_number: usize, layout: &Layout) -> String {
        let counts: Vec<_> = self
            .compared(layout)
            .map(|field| format!("count(*) FILTER (WHERE {})", self.differs(field)))
            .collect();
        format!("SELECT {} {}", counts.join(", "), self.planned_rows(layout_number, layout))
    }

    /// Some planned rows in which a field will change: key, old value, new value.
    pub(super) fn samples(
        &self,
        layout_number: usize,
        layout: &Layout,
        field: FieldIndex,
        most: u32,
    ) -> String {
        let (old, new) = self.readable(field);
        format!(
            "SELECT s.f{key}::text, {old}, {new} {rows} AND {differs} ORDER BY s.o LIMIT {most}",
            key = self.entity.key,
            rows = self.planned_rows(layout_number, layout),
            differs = self.differs(field),
        )
    }

    /// The fields that are compared with the table's.
    pub(super) fn compared<'l>(&self, layout: &'l Layout) -> impl Iterator<Item = FieldIndex> + use<'l> {
        let key = self.entity.key;
        layout.fields.iter().copied().filter(move |&field| field != key)
    }

    /// Whether an update would change the field.
    pub(super) fn differs(&self, field: FieldIndex) -> String {
        format!("t.{} IS DISTINCT FROM {}", self.column(field), self.updated(field))
    }

    /// The table's value and the one to come, as text; of a reference the keys.
    pub(super) fn readable(&self, field: FieldIndex) -> (String, String) {
        let column = self.column(field);
        if self.entity.fields[field].reference.is_none() {
            return (format!("t.{column}::text"), format!("({})::text", self.updated(field)));
        }
        let parent = self.parent(field);
        let old = format!(
            "(SELECT x.{}::text FROM {} x WHERE x.{} = t.{column})",
            ident(&parent.fields[parent.key].column),
            parent.table,
            ident(&parent.system.id),
        );
        (old, format!("s.f{field}::text"))
    }

    fn planned_rows(&self, layout_number: usize, layout: &Layout) -> String {
        format!(
            "FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same)
             JOIN {table} t ON t.{key_column} = {key}{parents} WHERE s.l = {layout_number}",
            stage = self.stage(),
            plan = self.plan(),
            table = self.entity.table,
            key_column = self.column(self.entity.key),
            key = self.staged(self.entity.key),
            parents = self.parents(layout),
        )
    }
}

/// What a row has in `xmin` that the run wrote.
fn stamp(origin: Origin<'_>) -> String {
    format!("(SELECT xmin FROM muster.stamps WHERE run = '{}')", origin.run)
}
