//! The staging table, and the plan: what is to happen to each staged row, and what follows from it about values in use.

use std::fmt::Write;

use crate::load::layouts::references;
use crate::read::Layout;
use crate::schema::{FieldIndex, OnUpdate};

use super::statements::Statements;

impl Statements<'_> {
    /// Creates the staging table: a row's number, its layout's, its fields.
    pub(crate) fn create_stage(&self) -> String {
        let mut sql =
            format!("CREATE TEMPORARY TABLE {} (o bigint NOT NULL, l smallint NOT NULL", self.stage());
        for (index, field) in self.entity.fields.iter().enumerate() {
            let kind = if field.reference.is_some() { "text" } else { field.rule.sql_type() };
            let _ = write!(sql, ", f{index} {kind}");
            if kind == "text" {
                sql.push_str(" COLLATE \"C\"");
            }
        }
        sql.push_str(") ON COMMIT DROP");
        sql
    }

    /// The COPY into it for rows of a layout.
    pub(crate) fn copy_stage(&self, layout: &Layout) -> String {
        let fields = layout.fields.iter().map(|index| format!("f{index}"));
        let columns: Vec<String> = ["o".to_owned(), "l".to_owned()].into_iter().chain(fields).collect();
        format!("COPY {} ({}) FROM STDIN", self.stage(), columns.join(", "))
    }

    /// Creates the plan: whether the table lacks the row (`fresh`), whether it has it with the same values (`same`), which
    /// of its references lead elsewhere than those of the table's row (`moved`), and where they lead to.
    pub(crate) fn create_plan(&self) -> String {
        format!(
            "CREATE TEMPORARY TABLE {} (o bigint NOT NULL, fresh boolean NOT NULL, same boolean NOT NULL,
                moved bigint NOT NULL{}) ON COMMIT DROP",
            self.plan(),
            self.each_reference(|field| format!(", p{field} bigint")),
        )
    }

    /// Compares the staged rows of a layout with the table, and plans them.
    pub(crate) fn compare(&self, layout_number: usize, layout: &Layout) -> String {
        let (old, new): (Vec<_>, Vec<_>) =
            self.compared(layout).map(|field| (self.stored(field), self.updated(field))).unzip();
        let differs = if old.is_empty() {
            "false".to_owned()
        } else {
            format!("ROW({}) IS DISTINCT FROM ROW({})", old.join(", "), new.join(", "))
        };
        let references = references(layout);
        let moved: Vec<_> = references.iter().map(|&field| self.leads_elsewhere(field)).collect();
        format!(
            "INSERT INTO {plan} SELECT s.o, t.{key} IS NULL, t.{key} IS NOT NULL AND NOT ({differs}{late}), {moved}{leads}
             FROM {stage} s LEFT {table}{parents} WHERE s.l = {layout_number}",
            plan = self.plan(),
            key = self.key_column(),
            late = references.iter().map(|&field| self.comes_later(field)).collect::<String>(),
            moved = if moved.is_empty() { "0".to_owned() } else { moved.join(" | ") },
            leads = self.each_reference(|field| if references.contains(&field) {
                format!(", {}::bigint", self.staged(field))
            } else {
                ", NULL".to_owned()
            }),
            stage = self.stage(),
            table = self.join_table(),
            parents = self.join_parents(layout),
        )
    }

    /// The reference's bit if the table's row has another parent, else 0.
    fn leads_elsewhere(&self, field: FieldIndex) -> String {
        format!(
            "CASE WHEN t.{column} IS NOT NULL AND s.f{field} IS NOT NULL AND {parent} IS DISTINCT FROM t.{column}
                THEN {bit} ELSE 0 END",
            column = self.column(field),
            parent = self.staged(field),
            bit = self.bit(field),
        )
    }

    /// A row also differs if its parent does not exist yet, unless the field stays as it is filled.
    fn comes_later(&self, field: FieldIndex) -> String {
        let stays = match self.entity.fields[field].policy(self.on_empty) {
            OnUpdate::FillEmpty => format!(" AND t.{} IS NULL", self.column(field)),
            OnUpdate::Overwrite | OnUpdate::Keep => String::new(),
        };
        format!(" OR (s.f{field} IS NOT NULL AND {} IS NULL{stays})", self.staged(field))
    }

    fn bit(&self, field: FieldIndex) -> i64 {
        // Fields after the 62nd reference share a bit: then a row may count as moved that was not, never the reverse.
        let at = self.entity.references().position(|(reference, _)| reference == field).unwrap_or(0);
        1 << at.min(62)
    }

    /// How many of the planned rows the table lacks, has with other values, has with the same values.
    pub(crate) fn planned(&self) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT (fresh OR same)),
                    count(*) FILTER (WHERE same) FROM {}",
            self.plan()
        )
    }

    /// The planned rows that the table has with another parent.
    pub(crate) fn moved(&self, field: FieldIndex) -> String {
        format!("SELECT o FROM {} WHERE moved & {} <> 0", self.plan(), self.bit(field))
    }

    /// The planned rows whose value of a unique field another row of the table holds, and the identity of this row.
    pub(crate) fn in_use(&self, field: FieldIndex) -> String {
        format!("SELECT s.o, t.{}::bigint {}", self.id(), self.rivals(field))
    }

    /// From where the staged rows come that need a value which another row `t` holds. A row that the table has with the
    /// same values holds them itself.
    pub(super) fn rivals(&self, field: FieldIndex) -> String {
        format!(
            "FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT plan.same
              JOIN {table} t ON {has_value} WHERE ({has_key}) IS NOT TRUE",
            stage = self.stage(),
            plan = self.plan(),
            table = self.entity.table,
            has_value = self.equals(field, &format!("t.{}", self.column(field)), &self.staged(field)),
            has_key = self.has_key("t"),
        )
    }

    /// Per compared field of a layout, in how many planned rows an update changes it.
    pub(crate) fn changes(&self, layout_number: usize, layout: &Layout) -> String {
        let counts: Vec<_> = self
            .compared(layout)
            .map(|field| format!("count(*) FILTER (WHERE {})", self.differs(field)))
            .collect();
        format!("SELECT {} {}", counts.join(", "), self.changed_rows(layout_number, layout))
    }

    /// Some planned rows in which an update changes a field: key, old value, new value.
    pub(crate) fn samples(
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
            rows = self.changed_rows(layout_number, layout),
            differs = self.differs(field),
        )
    }

    fn changed_rows(&self, layout_number: usize, layout: &Layout) -> String {
        format!(
            "FROM {} s {} {}{} WHERE s.l = {layout_number}",
            self.stage(),
            self.join_changed(),
            self.join_table(),
            self.join_parents(layout),
        )
    }
}
