//! Statements that look at what was written: rows counted, columns compared by checksums.

use crate::load::journal::{Origin, text};
use crate::read::Layout;
use crate::sql::literal;

use super::statements::Statements;

impl Statements<'_> {
    /// How many of the planned rows the table has as written by this run: new ones, changed ones.
    pub(crate) fn read_back(&self, origin: Origin<'_>) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE plan.fresh), count(*) FILTER (WHERE NOT plan.fresh) {}",
            self.written_rows("NOT plan.same", origin)
        )
    }

    /// The same if the journal has the ids of the new ones: by these, without the joins.
    pub(crate) fn read_back_noted(&self, origin: Origin<'_>) -> String {
        let (table, id) = (&self.entity.table, self.id());
        let stamp = stamp(origin);
        format!(
            "SELECT (SELECT coalesce(sum(CASE WHEN b.ids IS NULL
                        THEN (SELECT count(*) FROM {table} t
                              WHERE t.{id} BETWEEN b.first_id AND b.last_id AND t.xmin = {stamp})
                        ELSE (SELECT count(*) FROM unnest(b.ids) n (id) JOIN {table} t ON t.{id} = n.id
                              WHERE t.xmin = {stamp}) END), 0)::bigint
                     FROM muster.inserted b WHERE b.run = '{run}'::uuid AND b.entity = {entity}),
                    (SELECT count(*) {changed})",
            run = origin.run,
            entity = literal(origin.entity),
            changed = self.written_rows("NOT (plan.fresh OR plan.same)", origin),
        )
    }

    /// The same, whether or not another statement has written them since: after all triggers have run.
    pub(crate) fn still_there(&self) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE plan.fresh), count(*) FILTER (WHERE NOT plan.fresh)
             FROM {plan} plan JOIN {stage} s ON s.o = plan.o {table} WHERE NOT plan.same",
            plan = self.plan(),
            stage = self.stage(),
            table = self.join_table(),
        )
    }

    fn written_rows(&self, which: &str, origin: Origin<'_>) -> String {
        format!(
            "FROM {plan} plan JOIN {stage} s ON s.o = plan.o {table} WHERE {which} AND t.xmin = {stamp}",
            stamp = stamp(origin),
            plan = self.plan(),
            stage = self.stage(),
            table = self.join_table(),
        )
    }

    /// For the rows of a layout: how many the table has, then for each field the checksums of what was sent and of what
    /// the table has, as text.
    pub(crate) fn reconcile(&self, layout_number: usize, layout: &Layout) -> String {
        let key = self.entity.key;
        let sum = |value: String| {
            format!("sum(coalesce(hashtextextended({value} COLLATE \"C\", 0), 1)::numeric)::text")
        };
        let sums: String = layout.fields.iter().fold(String::new(), |all, &field| {
            let sent = if field == key { self.staged(key) } else { self.updated(field) };
            let declared = self.declared(&self.entity.fields[field]);
            let stored = text(&self.entity.fields[field].column);
            format!("{all}, {}, {}", sum(format!("({sent})::{declared}::text")), sum(stored))
        });
        format!(
            "SELECT count(*){sums} FROM {stage} s {table}{parents} WHERE s.l = {layout_number}",
            stage = self.stage(),
            table = self.join_table(),
            parents = self.join_parents(layout),
        )
    }
}

/// What the rows that the run writes have in `xmin`.
fn stamp(origin: Origin<'_>) -> String {
    format!("(SELECT xmin FROM muster.stamps WHERE run = '{}')", origin.run)
}
