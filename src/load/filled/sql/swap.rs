//! Unique values that pass from one row to another while both stay: the rows that hold them release them first.

use std::fmt::Write as _;

use crate::load::layouts::Layouts;
use crate::schema::FieldIndex;
use crate::sql::{literal, temporary};

use super::statements::Statements;

impl Statements<'_> {
    /// The fields whose values may pass from row to row.
    pub(crate) fn passed_on(&self) -> impl Iterator<Item = FieldIndex> + '_ {
        let fields = self.entity.fields.iter().enumerate();
        let unique = fields
            .filter(|(index, field)| field.unique && *index != self.entity.key && field.reference.is_none());
        unique.map(|(index, _)| index).filter(|&index| self.placeholder(index).is_some())
    }

    /// Whether a foreign key of any table follows the values of the field's column, or what may be computed from it: ON UPDATE CASCADE, SET NULL or SET
    /// DEFAULT would carry a released value there, and lose which row was meant.
    pub(crate) fn is_followed(&self, field: FieldIndex) -> String {
        format!(
            "SELECT EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.confrelid
             AND a.attnum = ANY (k.confkey) WHERE k.contype = 'f' AND k.confupdtype IN ('c', 'n', 'd')
               AND k.confrelid = {table}::regclass AND (a.attname = {column} OR a.attgenerated <> ''))",
            table = literal(&self.entity.table.to_string()),
            column = literal(&self.entity.fields[field].column),
        )
    }

    fn placeholder(&self, field: FieldIndex) -> Option<String> {
        let column = self.info.column(&self.entity.fields[field].column)?;
        placeholder(column.not_null, &column.base, &self.id())
    }

    /// The rows of the table that hold a value of a unique field which staged rows need, each with the staged rows that
    /// take it from that one, or (`goes`) delete it before anything is written.
    pub(crate) fn freeing(&self, field: FieldIndex, layouts: &Layouts<'_>, goes: bool) -> String {
        let (id, column) = (self.id(), self.column(field));
        let numbers =
            layouts.distinct.iter().enumerate().filter(|(_, layout)| layout.fields.contains(&field));
        let numbers: Vec<String> = numbers.map(|(number, _)| number.to_string()).collect();
        let mut freeing = format!(
            "SELECT t.{id} AS id, s.o FROM {stage} s {changed} {table}
             WHERE s.l IN ({numbers}) AND t.{column} IS NOT NULL AND {differs} AND {can}",
            stage = self.stage(),
            changed = self.join_changed(),
            table = self.join_table(),
            numbers = numbers.join(", "),
            differs = self.differs(field),
            can = self.placeholder(field).is_some(),
        );
        if goes {
            let _ = write!(freeing, " UNION ALL SELECT t.{id}, s.o {}", self.going());
        }
        format!(
            "WITH \"muster held\" AS MATERIALIZED (SELECT DISTINCT t.{id} AS id {})
             SELECT f.id::bigint, f.o FROM \"muster held\" held JOIN ({freeing}) f ON f.id = held.id ORDER BY 1, 2",
            self.rivals(field)
        )
    }

    fn released(&self) -> String {
        temporary("released", &self.entity.name)
    }

    /// Creates the table of rows that release a value, as they were before.
    pub(crate) fn create_released(&self) -> String {
        format!(
            "CREATE TEMPORARY TABLE {} (o bigint NOT NULL, field int NOT NULL, before jsonb NOT NULL,
                stamp xid NOT NULL) ON COMMIT DROP",
            self.released()
        )
    }

    /// Fills it with the rows of a layout whose value of the field is about to change and is needed by another row.
    pub(crate) fn find_released(&self, field: FieldIndex, layout_number: usize) -> String {
        format!(
            "INSERT INTO {released} SELECT s.o, {field}, {row}, t.xmin
             FROM {stage} s {changed} {table}
             WHERE s.l = {layout_number} AND t.{column} IS NOT NULL AND {differs}
               AND EXISTS (SELECT FROM (
                    SELECT {value} AS value, s.o FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT plan.same
                    ) other WHERE {same} AND other.o <> s.o)",
            released = self.released(),
            stage = self.stage(),
            changed = self.join_changed(),
            table = self.join_table(),
            column = self.column(field),
            differs = self.differs(field),
            row = self.exact_row(),
            value = self.staged(field),
            same = self.equals(field, &format!("t.{}", self.column(field)), "other.value"),
            plan = self.plan(),
        )
    }

    /// Releases the values of a field.
    pub(crate) fn release(&self, field: FieldIndex) -> String {
        format!(
            "UPDATE {table} t SET {column} = {placeholder} FROM {released} had JOIN {stage} s ON s.o = had.o
             WHERE had.field = {field} AND {has_key}",
            table = self.entity.table,
            column = self.column(field),
            placeholder = self.placeholder(field).unwrap_or_else(|| "NULL".to_owned()),
            released = self.released(),
            stage = self.stage(),
            has_key = self.has_key("t"),
        )
    }

    /// Joins to the staged row what the table's row was before it released a value.
    pub(super) fn join_released(&self) -> String {
        format!(
            " LEFT JOIN (SELECT DISTINCT ON (o) o, before, stamp FROM {} ORDER BY o) had ON had.o = s.o",
            self.released()
        )
    }
}

/// The SQL expression that stands in for a released value: NULL, or a text that no row has if the column refuses NULL
/// and is a text. The row is `t`.
pub(crate) fn placeholder(not_null: bool, kind: &str, id: &str) -> Option<String> {
    match (not_null, kind) {
        (false, _) => Some("NULL".to_owned()),
        (true, "text" | "character varying") => Some(format!("'muster let go of ' || t.{id}")),
        (true, _) => None,
    }
}
