//! Values of unique fields that pass from one row to another while both stay, as in a file of changes: two users
//! who have exchanged their numbers. The server looks at each row as it writes it, so the old holders first let go
//! of their values, all at once; what they were is kept for the journal. An undo does the same.
//!
//! NULL stands in for a value that was let go of; where the column refuses that and is a text, a text that
//! nobody has. What the server does not take either is in use, as in any other import.

use std::fmt::Write as _;

use crate::db::postgres::{Client, Error};
use crate::schema::FieldIndex;
use crate::sql::{ident, literal};

use super::LoadError;
use super::journal::EntityRecord;
use super::merge::Merge;
use super::refused::is_about_data;
use super::sql::Statements;
use super::stage::{DELETED, Layouts};

impl Merge<'_> {
    /// Has rows that stay let go of values which others bring. Whether there are any.
    pub(super) async fn let_go(&self) -> Result<bool, LoadError> {
        let statements = &self.statements;
        let fields: Vec<_> = statements.passed_on().collect();
        if !self.options.changes || fields.is_empty() {
            return Ok(false);
        }
        self.execute(&statements.create_let_go()).await?;
        let mut rows = 0;
        for &field in &fields {
            for (number, layout) in self.layouts.distinct.iter().enumerate() {
                if layout.fields.contains(&field) {
                    rows += self.execute(&statements.find_let_go(field, number)).await?;
                }
            }
        }
        for &field in fields.iter().filter(|_| rows > 0) {
            match self.execute(&statements.let_go(field)).await {
                Err(LoadError::Database(error)) if is_about_data(&error) => {
                    return Err(LoadError::NotLetGo { table: statements.entity.table.to_string(), error });
                }
                done => done?,
            };
        }
        Ok(rows > 0)
    }
}

impl Statements<'_> {
    /// The fields whose values may pass from row to row.
    fn passed_on(&self) -> impl Iterator<Item = FieldIndex> + '_ {
        let fields = self.entity.fields.iter().enumerate();
        let unique = fields
            .filter(|(index, field)| field.unique && *index != self.entity.key && field.reference.is_none());
        unique.map(|(index, _)| index).filter(|&index| self.nothing(index).is_some())
    }

    /// What stands in a field that has let go of its value; none where nothing can.
    fn nothing(&self, field: FieldIndex) -> Option<String> {
        let column = self.info.column(&self.entity.fields[field].column)?;
        stand_in(column.not_null, &column.base, &ident(&self.entity.system.id))
    }

    /// Staged rows whose value of a unique field another row of the table holds, each with the staged rows that
    /// take it off that one, or (`goes`) delete it before anything is written.
    pub(super) fn in_use_and_freed(&self, field: FieldIndex, layouts: &Layouts<'_>, goes: bool) -> String {
        let (table, key, id) = (&self.entity.table, self.entity.key, ident(&self.entity.system.id));
        let (stage, plan, column) = (self.stage(), self.plan(), self.column(field));
        let (key_column, staged_key, value) = (self.column(key), self.staged(key), self.updated(field));
        let numbers =
            layouts.distinct.iter().enumerate().filter(|(_, layout)| layout.fields.contains(&field));
        let numbers: Vec<String> = numbers.map(|(number, _)| number.to_string()).collect();
        let mut freeing = format!(
            "SELECT s.o, t.{id} AS id FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same)
             JOIN {table} t ON t.{key_column} = {staged_key}
             WHERE s.l IN ({}) AND t.{column} IS NOT NULL AND t.{column} IS DISTINCT FROM {value} AND {can}",
            numbers.join(", "),
            can = self.nothing(field).is_some(),
        );
        if goes {
            let _ = write!(
                freeing,
                " UNION ALL SELECT s.o, t.{id} FROM {stage} s JOIN {table} t ON t.{key_column} = {staged_key}
                 WHERE s.l = {DELETED}"
            );
        }
        format!(
            "WITH freeing AS MATERIALIZED ({freeing})
             SELECT s.o, array_remove(array_agg(f.o ORDER BY f.o), NULL) {} GROUP BY s.o",
            self.rivals(field, &format!(" LEFT JOIN freeing f ON f.id = t.{id}"))
        )
    }

    fn gone(&self) -> String {
        ident(&format!("muster let go {}", self.entity.name))
    }

    /// Makes the table of rows that let go of a value, with what they were.
    fn create_let_go(&self) -> String {
        format!(
            "CREATE TEMPORARY TABLE {} (o bigint NOT NULL, field int NOT NULL, before jsonb NOT NULL,
                stamp xid NOT NULL) ON COMMIT DROP",
            self.gone()
        )
    }

    /// Fills it: those of a layout whose value of the field is about to change, and which another row brings.
    fn find_let_go(&self, field: FieldIndex, layout_number: usize) -> String {
        format!(
            "INSERT INTO {gone} SELECT s.o, {field}, to_jsonb(t), t.xmin
             FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same)
             JOIN {table} t ON t.{key_column} = {key}
             WHERE s.l = {layout_number} AND t.{column} IS NOT NULL AND t.{column} IS DISTINCT FROM {updated}
               AND EXISTS (SELECT FROM (
                    SELECT {value} AS value, s.o FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT plan.same
                    ) other WHERE other.value = t.{column} AND other.o <> s.o)",
            gone = self.gone(),
            stage = self.stage(),
            plan = self.plan(),
            table = self.entity.table,
            key_column = self.column(self.entity.key),
            key = self.staged(self.entity.key),
            column = self.column(field),
            updated = self.updated(field),
            value = self.staged(field),
        )
    }

    fn let_go(&self, field: FieldIndex) -> String {
        format!(
            "UPDATE {table} t SET {column} = {nothing} FROM {gone} had JOIN {stage} s ON s.o = had.o
             WHERE had.field = {field} AND t.{key_column} = {key}",
            table = self.entity.table,
            column = self.column(field),
            nothing = self.nothing(field).unwrap_or_else(|| "NULL".to_owned()),
            gone = self.gone(),
            stage = self.stage(),
            key_column = self.column(self.entity.key),
            key = self.staged(self.entity.key),
        )
    }

    /// Joined to a staged row: what the table's row was before it let go of something.
    pub(super) fn what_they_were(&self) -> String {
        format!(
            " LEFT JOIN (SELECT DISTINCT ON (o) o, before, stamp FROM {} ORDER BY o) had ON had.o = s.o",
            self.gone()
        )
    }
}

/// What stands in for a value of a column; none where nothing can. A `t` is the table's row.
fn stand_in(not_null: bool, kind: &str, id: &str) -> Option<String> {
    match (not_null, kind) {
        (false, _) => Some("NULL".to_owned()),
        (true, "text" | "character varying") => Some(format!("'muster let go of ' || t.{id}")),
        (true, _) => None,
    }
}

/// The columns of a table that are unique by themselves, but for its id: name, whether they refuse NULL, type.
const UNIQUE: &str = "SELECT DISTINCT a.attname::text, a.attnotnull, t.typname::text
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE i.indrelid = $1::text::regclass AND i.indisunique AND i.indnkeyatts = 1 AND a.attname::text <> $2 ORDER BY 1";

/// Has the rows of a run that is undone, those in `list`, let go of values which rows that it updated get back.
pub(super) async fn before_undo(
    client: &Client,
    entity: &EntityRecord,
    list: &str,
    run: &str,
) -> Result<(), Error> {
    let (table, id, name) = (&entity.table, ident(&entity.id_column), literal(&entity.entity));
    for row in client.query(UNIQUE, &[table, &entity.id_column]).await? {
        let (column, kind): (String, String) = (row.get(0), row.get(2));
        let kind = if kind == "varchar" { "character varying" } else { &kind };
        let Some(nothing) = stand_in(row.get(1), kind, &id) else { continue };
        let (column, key) = (ident(&column), literal(&column));
        let sql = format!(
            "UPDATE {table} t SET {column} = {nothing} FROM {list} l
             WHERE l.id = t.{id} AND t.{column} IS NOT NULL
               AND EXISTS (SELECT FROM muster.updated o WHERE o.run = {run} AND o.entity = {name}
                    AND o.before ->> {key} = t.{column}::text AND o.id <> t.{id})
               AND (l.fresh OR EXISTS (SELECT FROM muster.updated u WHERE u.run = {run} AND u.entity = {name}
                    AND u.id = t.{id} AND u.before ? {key}))"
        );
        client.execute(&sql, &[]).await?;
    }
    Ok(())
}
