//! Inserts and updates of planned rows, and deletes.

use crate::load::layouts::DELETED;
use crate::read::Layout;
use crate::sql::{ident, literal};

use super::statements::Statements;

/// Which of the planned rows a statement writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    All,
    /// Those with the numbers from `$1` to `$2`.
    Range,
    /// Those with the numbers in the array `$1`.
    Listed,
}

impl Statements<'_> {
    /// Inserts the rows of a layout in key order; with `planned` only those that the table lacks.
    pub(crate) fn insert(
        &self,
        layout_number: usize,
        layout: &Layout,
        planned: bool,
        which: Which,
    ) -> String {
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for (index, field) in self.entity.fields.iter().enumerate() {
            if layout.fields.contains(&index) {
                columns.push(self.column(index));
                values.push(self.assigned(index, self.inserted(index)));
            } else if let Some(default) = field.when_empty() {
                columns.push(self.column(index));
                values.push(self.assigned(index, format!("{}::{}", literal(default), field.rule.sql_type())));
            }
        }
        for column in [&self.entity.system.created_at, &self.entity.system.updated_at].into_iter().flatten() {
            columns.push(ident(column));
            values.push("now()".to_owned());
        }
        let planned = if planned {
            format!(" JOIN {} plan ON plan.o = s.o AND plan.fresh", self.plan())
        } else {
            String::new()
        };
        format!(
            "INSERT INTO {table} AS t ({columns}) SELECT {values} FROM {stage} s{planned}{parents}
             WHERE s.l = {layout_number}{range} ORDER BY s.f{key}",
            range = which.sql(),
            table = self.entity.table,
            columns = columns.join(", "),
            values = values.join(", "),
            stage = self.stage(),
            parents = self.join_parents(layout),
            key = self.entity.key,
        )
    }

    /// Updates the planned rows of a layout that the table has; `None` if the layout has only the key.
    pub(crate) fn update(&self, layout_number: usize, layout: &Layout, which: Which) -> Option<String> {
        let fields = self.compared(layout);
        let mut sets: Vec<_> = fields
            .map(|field| format!("{} = {}", self.column(field), self.assigned(field, self.updated(field))))
            .collect();
        if sets.is_empty() {
            return None;
        }
        if let Some(column) = &self.entity.system.updated_at {
            sets.push(format!("{} = now()", ident(column)));
        }
        Some(format!(
            "UPDATE {table} t SET {sets} FROM {stage} s {changed}{parents}
             WHERE s.l = {layout_number}{range} AND {has_key}",
            range = which.sql(),
            table = self.entity.table,
            sets = sets.join(", "),
            stage = self.stage(),
            changed = self.join_changed(),
            parents = self.join_parents(layout),
            has_key = self.has_key("t"),
        ))
    }

    /// The FROM clause of the table's rows to be deleted.
    pub(crate) fn going(&self) -> String {
        format!("FROM {} s {} WHERE s.l = {DELETED}", self.stage(), self.join_table())
    }

    /// What follows SELECT to ask whether the table's row `alias` will be deleted.
    pub(crate) fn leaving(&self, alias: &str) -> String {
        format!("FROM {} s WHERE s.l = {DELETED} AND {}", self.stage(), self.has_key(alias))
    }

    /// How many staged rows to be deleted the table does not have.
    pub(crate) fn absent_and_deleted(&self) -> String {
        format!(
            "SELECT count(*) FROM {} s WHERE s.l = {DELETED} AND NOT EXISTS (SELECT FROM {} t WHERE {})",
            self.stage(),
            self.entity.table,
            self.has_key("t"),
        )
    }

    pub(crate) fn delete(&self) -> String {
        format!(
            "DELETE FROM {} t USING {} s WHERE s.l = {DELETED} AND {}",
            self.entity.table,
            self.stage(),
            self.has_key("t"),
        )
    }
}

impl Which {
    fn sql(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Range => " AND s.o BETWEEN $1 AND $2",
            Self::Listed => " AND s.o = ANY ($1::bigint[])",
        }
    }
}
