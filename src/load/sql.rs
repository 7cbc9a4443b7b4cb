//! The statements of the filled-target way, as text. What they join and compare is decided here, nothing is
//! sent from here.

use std::fmt::Write;

use crate::db::catalog::TableInfo;
use crate::read::Layout;
use crate::schema::{Entity, Field, FieldIndex, OnUpdate, Schema};
use crate::sql::{ident, literal};

/// Builds the statements for one entity's table.
#[derive(Clone, Copy)]
pub(crate) struct Statements<'a> {
    /// All entities: references lead to others.
    pub(crate) schema: &'a Schema,
    /// Whose table it is.
    pub(crate) entity: &'a Entity,
    /// The table as it is.
    pub(crate) info: &'a TableInfo,
    /// What an empty cell does to a filled field unless the field says otherwise.
    pub(crate) on_empty: OnUpdate,
}

fn range(ranged: bool) -> &'static str {
    if ranged { " AND s.o BETWEEN $1 AND $2" } else { "" }
}

impl Statements<'_> {
    /// The staging table's name. It is temporary: no other session can read it, and a killed one leaves none.
    pub(crate) fn stage(&self) -> String {
        ident(&format!("muster stage {}", self.entity.name))
    }

    /// The table of rows to be written, by number.
    pub(super) fn plan(&self) -> String {
        ident(&format!("muster plan {}", self.entity.name))
    }

    /// Makes the staging table: a row's number, its layout, and its fields.
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

    /// The COPY for rows of a layout.
    pub(crate) fn copy_stage(&self, layout: &Layout) -> String {
        let fields: String = layout.fields.iter().fold(String::new(), |mut all, index| {
            let _ = write!(all, ", f{index}");
            all
        });
        format!("COPY {} (o, l{fields}) FROM STDIN", self.stage())
    }

    /// Rows whose value of a unique field another row of the table holds.
    /// Asked once they are planned: a row that the table has as it is holds its values itself.
    pub(crate) fn in_use(&self, field: FieldIndex) -> String {
        format!("SELECT s.o {}", self.rivals(field, ""))
    }

    /// From where the staged rows `s` come that want what a row `t` holds; `joined` is joined to both.
    pub(super) fn rivals(&self, field: FieldIndex, joined: &str) -> String {
        let key = self.entity.key;
        format!(
            "FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT plan.same
              JOIN {table} t ON t.{column} = {value}{joined} WHERE t.{key_column} IS DISTINCT FROM {key}",
            stage = self.stage(),
            plan = self.plan(),
            table = self.entity.table,
            column = self.column(field),
            value = self.staged(field),
            key_column = self.column(key),
            key = self.staged(key),
        )
    }

    /// Rows that the table holds with a reference to another record than theirs, once they are planned.
    pub(crate) fn moved(&self, field: FieldIndex) -> String {
        format!("SELECT o FROM {} WHERE moved & {} <> 0", self.plan(), self.bit(field))
    }

    /// Makes the table of what is to happen to each staged row: whether the table lacks it, whether the table
    /// has it as it is, which of its references lead elsewhere than those of the table's row, and where to.
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
        let key = self.entity.key;
        let (old, new): (Vec<_>, Vec<_>) = layout
            .fields
            .iter()
            .filter(|&&field| field != key)
            .map(|&field| (format!("t.{}", self.column(field)), self.updated(field)))
            .unzip();
        let differs = if old.is_empty() {
            "false".to_owned()
        } else {
            format!("ROW({}) IS DISTINCT FROM ROW({})", old.join(", "), new.join(", "))
        };
        let references = &layout.fields[..layout.references];
        let moved: Vec<_> = references.iter().map(|&field| self.leads_elsewhere(field)).collect();
        format!(
            "INSERT INTO {plan} SELECT s.o, t.{key_column} IS NULL,
                t.{key_column} IS NOT NULL AND NOT ({differs}{late}), {moved}{leads}
             FROM {stage} s LEFT JOIN {table} t ON t.{key_column} = {key}{parents} WHERE s.l = {layout_number}",
            key_column = self.column(key),
            late = references.iter().map(|&field| self.comes_later(field)).collect::<String>(),
            moved = if moved.is_empty() { "0".to_owned() } else { moved.join(" | ") },
            leads = self.each_reference(|field| if references.contains(&field) {
                format!(", {}::bigint", self.staged(field))
            } else {
                ", NULL".to_owned()
            }),
            stage = self.stage(),
            table = self.entity.table,
            key = self.staged(key),
            parents = self.parents(layout),
            plan = self.plan(),
        )
    }

    /// Something for each reference of the entity, one after the other.
    pub(super) fn each_reference(&self, part: impl Fn(FieldIndex) -> String) -> String {
        self.entity.references().map(|(field, _)| part(field)).collect()
    }

    /// A reference's bit where the table's row has another one.
    fn leads_elsewhere(&self, field: FieldIndex) -> String {
        format!(
            "CASE WHEN t.{column} IS NOT NULL AND s.f{field} IS NOT NULL AND {parent} IS DISTINCT FROM t.{column}
                THEN {bit} ELSE 0 END",
            column = self.column(field),
            parent = self.staged(field),
            bit = self.bit(field),
        )
    }

    /// Also different: a reference to a record that is not there yet, unless the field stays as it is filled.
    fn comes_later(&self, field: FieldIndex) -> String {
        let stays = match self.entity.fields[field].policy(self.on_empty) {
            OnUpdate::FillEmpty => format!(" AND t.{} IS NULL", self.column(field)),
            OnUpdate::Overwrite | OnUpdate::Keep => String::new(),
        };
        format!(" OR (s.f{field} IS NOT NULL AND {} IS NULL{stays})", self.staged(field))
    }

    fn bit(&self, field: FieldIndex) -> i64 {
        // A field beyond the 62nd reference shares a bit: never seen, and still only the safe side.
        let at = self.entity.references().position(|(reference, _)| reference == field).unwrap_or(0);
        1 << at.min(62)
    }

    /// Inserts the planned rows of a layout that the table does not have, in key order; `ranged` limits it to
    /// the row numbers from `$1` to `$2`.
    pub(crate) fn insert(
        &self,
        layout_number: usize,
        layout: &Layout,
        planned: bool,
        ranged: bool,
    ) -> String {
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for (index, field) in self.entity.fields.iter().enumerate() {
            if layout.fields.contains(&index) {
                columns.push(self.column(index));
                values.push(self.incoming(index));
            } else if let Some(default) = field.when_empty() {
                columns.push(self.column(index));
                values.push(format!("{}::{}", literal(default), self.declared(field)));
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
            range = range(ranged),
            table = self.entity.table,
            columns = columns.join(", "),
            values = values.join(", "),
            stage = self.stage(),
            parents = self.parents(layout),
            key = self.entity.key,
        )
    }

    /// Updates the planned rows of a layout that the table has; `None` where the layout has only the key.
    /// `ranged` as for [`Statements::insert`].
    pub(crate) fn update(&self, layout_number: usize, layout: &Layout, ranged: bool) -> Option<String> {
        let key = self.entity.key;
        let mut sets: Vec<_> = layout
            .fields
            .iter()
            .filter(|&&field| field != key)
            .map(|&field| format!("{} = {}", self.column(field), self.updated(field)))
            .collect();
        if sets.is_empty() {
            return None;
        }
        if let Some(column) = &self.entity.system.updated_at {
            sets.push(format!("{} = now()", ident(column)));
        }
        Some(format!(
            "UPDATE {table} t SET {sets} FROM {stage} s JOIN {plan} plan ON plan.o = s.o AND NOT (plan.fresh OR plan.same){parents}
             WHERE s.l = {layout_number}{range} AND t.{key_column} = {key}",
            range = range(ranged),
            table = self.entity.table,
            sets = sets.join(", "),
            stage = self.stage(),
            plan = self.plan(),
            parents = self.parents(layout),
            key_column = self.column(key),
            key = self.staged(key),
        ))
    }

    /// How many of the planned rows the table lacks, has otherwise, has as they are.
    pub(crate) fn planned(&self) -> String {
        format!(
            "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT (fresh OR same)),
                    count(*) FILTER (WHERE same) FROM {}",
            self.plan()
        )
    }

    pub(super) fn parents(&self, layout: &Layout) -> String {
        layout.fields[..layout.references].iter().fold(String::new(), |mut all, &field| {
            let parent = self.parent(field);
            let _ = write!(
                all,
                " LEFT JOIN {} p{field} ON p{field}.{} = s.f{field}",
                parent.table,
                ident(&parent.fields[parent.key].column),
            );
            all
        })
    }

    pub(super) fn parent(&self, field: FieldIndex) -> &Entity {
        let reference = self.entity.fields[field].reference.expect("only asked of references");
        &self.schema.entities[reference.entity]
    }

    pub(super) fn column(&self, field: FieldIndex) -> String {
        ident(&self.entity.fields[field].column)
    }

    pub(super) fn declared(&self, field: &Field) -> &str {
        self.info.column(&field.column).map_or_else(|| field.rule.sql_type(), |column| &column.declared)
    }

    /// A staged value as the table's type; NULL where the cell was empty and that must be known.
    pub(super) fn staged(&self, index: FieldIndex) -> String {
        let field = &self.entity.fields[index];
        if let Some(reference) = field.reference {
            return format!("p{index}.{}", ident(&self.schema.entities[reference.entity].system.id));
        }
        let wanted = field.rule.sql_type();
        match self.info.column(&field.column) {
            // The type without its length: what does not fit must fail, and not be cut off by a cast.
            Some(column) if column.base != wanted => format!("s.f{index}::{}", column.base),
            _ => format!("s.f{index}"),
        }
    }

    /// What a new row gets.
    fn incoming(&self, index: FieldIndex) -> String {
        let field = &self.entity.fields[index];
        let staged = self.staged(index);
        match field.when_empty() {
            Some(default) if field.policy(self.on_empty) != OnUpdate::Overwrite => {
                format!("COALESCE({staged}, {}::{})", literal(default), self.declared(field))
            }
            _ => staged,
        }
    }

    /// What a row that is there gets.
    pub(super) fn updated(&self, index: FieldIndex) -> String {
        let field = &self.entity.fields[index];
        let old = format!("t.{}", self.column(index));
        match field.policy(self.on_empty) {
            OnUpdate::Overwrite => self.incoming(index),
            OnUpdate::Keep => format!("COALESCE({}, {old})", self.staged(index)),
            OnUpdate::FillEmpty => {
                let empty = if field.rule.sql_type() == "text[]" {
                    format!("CASE WHEN {old} = '{{}}' THEN NULL ELSE {old} END")
                } else {
                    old
                };
                format!("COALESCE({empty}, {})", self.incoming(index))
            }
        }
    }
}
