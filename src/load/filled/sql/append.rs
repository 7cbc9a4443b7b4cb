//! What appending new rows by COPY asks about them.

use crate::schema::FieldIndex;
use crate::sql::ident;

use super::statements::Statements;

impl Statements<'_> {
    /// A COPY of the planned new rows: number, and what each reference of the entity leads to.
    pub(crate) fn new_rows(&self) -> String {
        let parents = self.each_reference(|field| format!(", p{field}"));
        format!("COPY (SELECT o{parents} FROM {} WHERE fresh) TO STDOUT", self.plan())
    }

    /// New rows whose parent did not exist when the plan was made and now does: number, parent's identifier.
    pub(crate) fn late_parents(&self, field: FieldIndex) -> String {
        let parent = self.parent(field);
        format!(
            "SELECT plan.o, p.{id}::bigint FROM {plan} plan JOIN {stage} s ON s.o = plan.o
             JOIN {table} p ON {is_parent} WHERE plan.fresh AND plan.p{field} IS NULL",
            id = ident(&parent.system.id),
            plan = self.plan(),
            stage = self.stage(),
            table = parent.table,
            is_parent = self.is_parent(field, "p"),
        )
    }

    /// Locks the parents of a layout's staged rows in the way that foreign keys do.
    pub(crate) fn lock_parents(&self, layout_number: usize, field: FieldIndex) -> String {
        let parent = self.parent(field);
        format!(
            "SELECT count(*) FROM (
                SELECT p.{id} FROM {table} p
                WHERE EXISTS (SELECT FROM {stage} s WHERE s.l = {layout_number} AND {is_parent})
                ORDER BY p.{id} FOR KEY SHARE OF p) locked",
            id = ident(&parent.system.id),
            table = parent.table,
            stage = self.stage(),
            is_parent = self.is_parent(field, "p"),
        )
    }

    /// Whether the column's input function gives the same value for a cell as a cast from the staged type.
    pub(crate) fn is_read_as_cast(&self, field: FieldIndex) -> bool {
        let field = &self.entity.fields[field];
        let wanted = field.rule.sql_type();
        // The catalog's name.
        let wanted = if wanted == "timestamptz" { "timestamp with time zone" } else { wanted };
        wanted == "text" || self.info.column(&field.column).is_some_and(|column| column.base == wanted)
    }
}
