//! The names and parts that all statements are made of.

use std::fmt::Write;

use crate::db::SearchPath;
use crate::db::catalog::TableInfo;
use crate::load::layouts::references;
use crate::read::Layout;
use crate::schema::{Entity, Field, FieldIndex, OnUpdate, Schema};
use crate::sql::{ident, literal, temporary};

/// Builds the statements for one entity's table.
#[derive(Clone, Copy)]
pub(crate) struct Statements<'a> {
    /// What the owner's triggers get.
    pub(crate) path: &'a SearchPath,
    /// All entities: references lead to others.
    pub(crate) schema: &'a Schema,
    /// Whose table it is.
    pub(crate) entity: &'a Entity,
    /// The table as it is.
    pub(crate) info: &'a TableInfo,
    /// The tables of all entities.
    pub(crate) tables: &'a [Option<TableInfo>],
    /// What an empty cell does to a filled field unless the field says otherwise.
    pub(crate) on_empty: OnUpdate,
}

impl Statements<'_> {
    /// The staging table's name. It is temporary: no other session can read it, and a killed one leaves none.
    pub(crate) fn stage(&self) -> String {
        temporary("stage", &self.entity.name)
    }

    /// The name of the table that says what is to happen to each staged row.
    pub(crate) fn plan(&self) -> String {
        temporary("plan", &self.entity.name)
    }

    /// A statement that writes to the table as one for which triggers get the connection's own search path; see
    /// [`SearchPath::counted`]. Rules do not take a statement that is part of another.
    pub(crate) fn in_path(&self, writing: &str) -> Option<String> {
        (!self.info.has_rules).then(|| self.path.counted(writing))
    }

    /// The table's identity.
    pub(crate) fn id(&self) -> String {
        ident(&self.entity.system.id)
    }

    pub(crate) fn column(&self, field: FieldIndex) -> String {
        ident(&self.entity.fields[field].column)
    }

    /// The table's key column.
    pub(crate) fn key_column(&self) -> String {
        self.column(self.entity.key)
    }

    /// The condition that the table's row `alias` has the key of the staged row.
    pub(crate) fn has_key(&self, alias: &str) -> String {
        self.equals(self.entity.key, &format!("{alias}.{}", self.key_column()), &self.staged(self.entity.key))
    }

    /// The condition that `column`, a field's, has a value of the field's type, by the column's own equality.
    pub(super) fn equals(&self, field: FieldIndex, column: &str, value: &str) -> String {
        let field = &self.entity.fields[field];
        match self.info.column(&field.column) {
            Some(found) if field.reference.is_none() => found.equals(column, value, field.rule.sql_type()),
            _ => format!("{column} = {value}"),
        }
    }

    /// The condition that the row `alias` of a reference's table is the one that the staged row refers to.
    pub(super) fn is_parent(&self, field: FieldIndex, alias: &str) -> String {
        let reference = self.entity.fields[field].reference.expect("only asked of references");
        let info = self.tables[reference.entity].as_ref().expect("begin created the missing tables");
        let parent = self.parent(field);
        info.has_text(alias, &parent.fields[parent.key].column, &format!("s.f{field}"))
    }

    /// The staged rows whose value of a lenient field others have, too: the row, and the first that has it.
    pub(crate) fn alike(&self, field: FieldIndex) -> Option<String> {
        let kind = self.entity.fields[field].rule.sql_type();
        let value = self.info.column(&self.entity.fields[field].column)?.alike(&self.staged(field), kind)?;
        Some(format!(
            "SELECT o, first FROM (
                SELECT s.o, min(s.o) OVER alike AS first, count(*) OVER alike AS rows FROM {} s
                WHERE s.f{field} IS NOT NULL WINDOW alike AS (PARTITION BY {value})) found WHERE rows > 1",
            self.stage()
        ))
    }

    /// Joins the table's row to the staged one.
    pub(crate) fn join_table(&self) -> String {
        format!("JOIN {} t ON {}", self.entity.table, self.has_key("t"))
    }

    /// Joins the plan to the staged rows: those that an update changes.
    pub(super) fn join_changed(&self) -> String {
        format!("JOIN {} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same)", self.plan())
    }

    /// Joins the parents of a layout's references to the staged rows.
    pub(super) fn join_parents(&self, layout: &Layout) -> String {
        references(layout).iter().fold(String::new(), |mut all, &field| {
            let (parent, alias) = (self.parent(field), format!("p{field}"));
            let _ = write!(all, " LEFT JOIN {} {alias} ON {}", parent.table, self.is_parent(field, &alias));
            all
        })
    }

    /// The entity that a reference leads to.
    pub(crate) fn parent(&self, field: FieldIndex) -> &Entity {
        let reference = self.entity.fields[field].reference.expect("only asked of references");
        &self.schema.entities[reference.entity]
    }

    /// A part for each reference of the entity, one after the other.
    pub(super) fn each_reference(&self, part: impl Fn(FieldIndex) -> String) -> String {
        self.entity.references().map(|(field, _)| part(field)).collect()
    }

    /// A column's type as declared.
    pub(super) fn declared(&self, field: &Field) -> &str {
        self.info.column(&field.column).map_or_else(|| field.rule.sql_type(), |column| &column.declared)
    }

    /// A staged value, of the field's type; NULL for an empty cell. Of a reference the identity that it leads to.
    pub(super) fn staged(&self, index: FieldIndex) -> String {
        if self.entity.fields[index].reference.is_some() {
            return format!("p{index}.{}", ident(&self.parent(index).system.id));
        }
        format!("s.f{index}")
    }

    /// The table's value, of the field's type.
    pub(super) fn stored(&self, index: FieldIndex) -> String {
        let (field, column) = (&self.entity.fields[index], format!("t.{}", self.column(index)));
        match self.info.column(&field.column) {
            Some(info) if field.reference.is_none() => info.plain(&column, field.rule.sql_type()),
            _ => column,
        }
    }

    /// A value of the field's type as the column is given it.
    pub(super) fn assigned(&self, index: FieldIndex, value: String) -> String {
        match self.info.column(&self.entity.fields[index].column) {
            Some(info) => info.assigned(value),
            None => value,
        }
    }

    /// The value of a field in a new row, of the field's type.
    pub(super) fn inserted(&self, index: FieldIndex) -> String {
        let field = &self.entity.fields[index];
        let staged = self.staged(index);
        match field.when_empty() {
            Some(default) if field.policy(self.on_empty) != OnUpdate::Overwrite => {
                format!("COALESCE({staged}, {}::{})", literal(default), field.rule.sql_type())
            }
            _ => staged,
        }
    }

    /// The new value of a field in a row that the table has, of the field's type.
    pub(super) fn updated(&self, index: FieldIndex) -> String {
        let field = &self.entity.fields[index];
        let old = self.stored(index);
        match field.policy(self.on_empty) {
            OnUpdate::Overwrite => self.inserted(index),
            OnUpdate::Keep => format!("COALESCE({}, {old})", self.staged(index)),
            OnUpdate::FillEmpty => {
                let empty = if field.rule.sql_type() == "text[]" {
                    format!("CASE WHEN {old} = '{{}}' THEN NULL ELSE {old} END")
                } else {
                    old
                };
                format!("COALESCE({empty}, {})", self.inserted(index))
            }
        }
    }

    /// The fields of a layout that are compared with the table's: all but the key.
    pub(crate) fn compared<'l>(&self, layout: &'l Layout) -> impl Iterator<Item = FieldIndex> + use<'l> {
        let key = self.entity.key;
        layout.fields.iter().copied().filter(move |&field| field != key)
    }

    /// The condition that an update changes the field.
    pub(super) fn differs(&self, field: FieldIndex) -> String {
        format!("{} IS DISTINCT FROM {}", self.stored(field), self.updated(field))
    }

    /// A field's value in the table and its new one, as text; of a reference the keys.
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
}
