//! What is read for one file, or one set of files: the entity, the columns and the query. Fields, filters and
//! identifiers come from the schema; a value that a person typed enters a statement as a literal in its
//! normal form, never as SQL.

use crate::db::catalog::TableInfo;
use crate::rule::Rule;
use crate::schema::{Entity, Field, FieldIndex, Schema, header_key};
use crate::sql::{ident, literal};

use super::error::ExportError;
use super::options::{ExportOptions, Filter};

/// Everything that is read of one entity in one go.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The entity's name.
    pub(crate) name: String,
    /// What its files are named after.
    pub(crate) stem: String,
    pub(crate) columns: Vec<Column>,
    /// Which of the columns is the key.
    pub(crate) key: usize,
    pub(crate) query: Query,
}

/// One column of the output.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The header.
    pub(crate) name: String,
    /// How its values are written.
    pub(crate) rule: Rule,
}

/// A SELECT in parts.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) table: String,
    pub(crate) select: String,
    pub(crate) from: String,
    pub(crate) conditions: Vec<String>,
    /// The key as text in byte order.
    pub(crate) key: String,
    pub(crate) order: String,
    /// No two rows have the same key.
    pub(crate) key_is_unique: bool,
    /// Rows without a key may be there.
    pub(crate) key_can_be_null: bool,
}

/// A filter of one entity's rows.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) entity: usize,
    pub(super) field: FieldIndex,
    /// The normal form; none is NULL.
    pub(super) value: Option<String>,
}

/// The jobs of an export, entities in load order. `tables` are those of the schema's entities.
pub(crate) fn plan(
    schema: &Schema,
    tables: &[Option<TableInfo>],
    options: &ExportOptions,
) -> Result<Vec<Job>, ExportError> {
    let conditions = conditions(schema, &options.filters)?;
    let chosen = chosen(schema, &options.entities)?;
    unknown_columns(schema, &chosen, &options.columns)?;
    let mut jobs = Vec::new();
    for index in chosen {
        let builder = Builder { schema, tables, conditions: &conditions, index };
        let wanted = |field: &&Field| {
            options.columns.is_empty()
                || options.columns.iter().any(|name| header_key(name) == header_key(&field.name))
        };
        let entity = &schema.entities[index];
        jobs.push(builder.job(&entity.name, wanted, options.system_columns));
        if options.crosswalk {
            let stem = format!("{}.crosswalk", entity.name);
            jobs.push(builder.crosswalk(stem));
        }
    }
    Ok(jobs)
}

/// The entities asked for, in load order.
pub(crate) fn chosen(schema: &Schema, names: &[String]) -> Result<Vec<usize>, ExportError> {
    for name in names {
        if !schema.entities.iter().any(|entity| entity.name == *name) {
            let known: Vec<&str> = schema.entities.iter().map(|entity| entity.name.as_str()).collect();
            return Err(ExportError::Asked(format!(
                "{name}: no such entity; there are {}",
                known.join(", ")
            )));
        }
    }
    let all = names.is_empty();
    Ok((0..schema.entities.len()).filter(|&i| all || names.contains(&schema.entities[i].name)).collect())
}

fn unknown_columns(schema: &Schema, chosen: &[usize], names: &[String]) -> Result<(), ExportError> {
    for name in names {
        let known = |&index: &usize| {
            schema.entities[index].fields.iter().any(|field| header_key(&field.name) == header_key(name))
        };
        if !chosen.iter().any(known) {
            return Err(ExportError::Asked(format!("--columns {name}: no entity has such a field")));
        }
    }
    Ok(())
}

/// What each filter means: every field of that name, and for the first part of a reference's name the key of
/// what it refers to.
fn conditions(schema: &Schema, filters: &[Filter]) -> Result<Vec<Condition>, ExportError> {
    let mut all = Vec::new();
    for filter in filters {
        let mut places = Vec::new();
        for (index, entity) in schema.entities.iter().enumerate() {
            for (position, field) in entity.fields.iter().enumerate() {
                let head = field.name.split('.').next().unwrap_or_default();
                match field.reference {
                    Some(reference) if header_key(head) == header_key(&filter.field) => {
                        places.push((reference.entity, schema.entities[reference.entity].key));
                    }
                    _ if header_key(&field.name) == header_key(&filter.field) => {
                        places.push((index, position));
                    }
                    _ => {}
                }
            }
        }
        if places.is_empty() {
            let message = format!("--where {}: no entity has such a field", filter.field);
            return Err(ExportError::Asked(message));
        }
        for (entity, field) in places {
            let value = normal(&schema.entities[entity].fields[field], &filter.value).map_err(|why| {
                ExportError::Asked(format!("--where {}={}: {why}", filter.field, filter.value))
            })?;
            all.push(Condition { entity, field, value });
        }
    }
    Ok(all)
}

/// The whole records of one entity that meet the conditions, with what no file sets.
pub(super) fn records(
    schema: &Schema,
    tables: &[Option<TableInfo>],
    index: usize,
    conditions: &[Condition],
) -> Job {
    let builder = Builder { schema, tables, conditions, index };
    builder.job(&schema.entities[index].name, |_| true, true)
}

/// The normal form of a filter's value, none where it is empty; or why there is none.
pub(super) fn normal(field: &Field, value: &str) -> Result<Option<String>, String> {
    let (normal, _) = field.rule.normal_form(value).map_err(|why| why.to_string())?;
    Ok(Some(normal).filter(|normal| !normal.is_empty()))
}

struct Builder<'a> {
    schema: &'a Schema,
    tables: &'a [Option<TableInfo>],
    conditions: &'a [Condition],
    index: usize,
}

impl Builder<'_> {
    fn entity(&self) -> &Entity {
        &self.schema.entities[self.index]
    }

    fn job(&self, stem: &str, wanted: impl Fn(&&Field) -> bool, system: bool) -> Job {
        let entity = self.entity();
        let mut columns = Vec::new();
        let mut select = Vec::new();
        let mut key = 0;
        for (index, field) in entity.fields.iter().enumerate() {
            if index != entity.key && !wanted(&field) {
                continue;
            }
            if index == entity.key {
                key = columns.len();
            }
            columns.push(Column { name: field.name.clone(), rule: field.rule.clone() });
            select.push(self.expression(index));
        }
        if system {
            self.system(&mut columns, &mut select);
        }
        self.assemble(stem.to_owned(), columns, key, &select)
    }

    /// The key, what else is unique, and the identifier.
    fn crosswalk(&self, stem: String) -> Job {
        let entity = self.entity();
        let mut columns = Vec::new();
        let mut select = Vec::new();
        for index in entity.unique_fields() {
            let field = &entity.fields[index];
            columns.push(Column { name: field.name.clone(), rule: field.rule.clone() });
            select.push(self.expression(index));
        }
        columns
            .push(Column { name: "id".to_owned(), rule: Rule::Integer(crate::rule::number::Integer::new()) });
        select.push(format!("t.{}", ident(&entity.system.id)));
        self.assemble(stem, columns, 0, &select)
    }

    fn system(&self, columns: &mut Vec<Column>, select: &mut Vec<String>) {
        let system = &self.entity().system;
        columns
            .push(Column { name: "id".to_owned(), rule: Rule::Integer(crate::rule::number::Integer::new()) });
        select.push(format!("t.{}", ident(&system.id)));
        for (name, column) in [("createdAt", &system.created_at), ("updatedAt", &system.updated_at)] {
            if let Some(column) = column {
                let rule = crate::rule::date::Timestamp::new(crate::rule::date::RFC_3339.to_owned());
                columns.push(Column { name: name.to_owned(), rule: Rule::Timestamp(rule) });
                select.push(format!("t.{}::timestamptz", ident(column)));
            }
        }
    }

    /// A field's normal form as PostgreSQL writes it.
    fn expression(&self, index: FieldIndex) -> String {
        let field = &self.entity().fields[index];
        if let Some(reference) = field.reference {
            let parent = &self.schema.entities[reference.entity];
            return format!("r{index}.{}::text", ident(&parent.fields[parent.key].column));
        }
        let column = ident(&field.column);
        match field.rule.sql_type() {
            "boolean" => format!("t.{column}::text"),
            kind => format!("t.{column}::{kind}"),
        }
    }

    fn assemble(&self, stem: String, columns: Vec<Column>, key: usize, select: &[String]) -> Job {
        let entity = self.entity();
        let mut from = format!("{} t", entity.table);
        let mut conditions = self.own_conditions(self.index, "t");
        self.join(self.index, "t", "r", &mut from, &mut conditions);
        let key_column = &entity.fields[entity.key].column;
        let key_text = format!("t.{}::text COLLATE \"C\"", ident(key_column));
        let info = self.tables[self.index].as_ref();
        let unique = info.is_some_and(|info| info.unique.contains(key_column));
        let never_null = info.and_then(|info| info.column(key_column)).is_some_and(|column| column.not_null);
        let order =
            if unique { key_text.clone() } else { format!("{key_text}, t.{}", ident(&entity.system.id)) };
        let query = Query {
            table: entity.table.to_string(),
            select: select.join(", "),
            from,
            conditions,
            key: key_text,
            order,
            key_is_unique: unique,
            key_can_be_null: !never_null,
        };
        Job { name: entity.name.clone(), stem, columns, key, query }
    }

    /// Joins what an entity refers to, so that the keys and the filters of it are at hand. An outer join: a
    /// row whose reference leads nowhere is still a row.
    fn join(
        &self,
        entity: usize,
        alias: &str,
        prefix: &str,
        from: &mut String,
        conditions: &mut Vec<String>,
    ) {
        for (index, reference) in self.schema.entities[entity].references() {
            let parent = &self.schema.entities[reference.entity];
            let name = format!("{prefix}{index}");
            from.push_str(&format!(
                " LEFT JOIN {} {name} ON {name}.{} = {alias}.{}",
                parent.table,
                ident(&parent.system.id),
                ident(&self.schema.entities[entity].fields[index].column),
            ));
            conditions.extend(self.own_conditions(reference.entity, &name));
            self.join(reference.entity, &name, &format!("{name}_"), from, conditions);
        }
    }

    fn own_conditions(&self, entity: usize, alias: &str) -> Vec<String> {
        let own = self.conditions.iter().filter(|condition| condition.entity == entity);
        own.map(|condition| {
            let field = &self.schema.entities[entity].fields[condition.field];
            let column = format!("{alias}.{}", ident(&field.column));
            let kind = field.rule.sql_type();
            match &condition.value {
                None if kind == "text[]" => format!("{column} = '{{}}'"),
                None => format!("{column} IS NULL"),
                Some(value) if kind == "text[]" => format!("{column}::text[] @> {}::text[]", literal(value)),
                Some(value) if kind == "text" => format!("{column}::text = {}", literal(value)),
                Some(value) => format!("{column} = {}::{kind}", literal(value)),
            }
        })
        .collect()
    }
}

impl Query {
    /// The COPY of one key range, in the order of the keys.
    pub(crate) fn copy(&self, range: &super::ranges::Range) -> String {
        format!("COPY ({} ORDER BY {}) TO STDOUT", self.rows(range), self.order)
    }

    /// The COPY of one key range, in any order.
    pub(crate) fn copy_unsorted(&self, range: &super::ranges::Range) -> String {
        format!("COPY ({}) TO STDOUT", self.rows(range))
    }

    fn rows(&self, range: &super::ranges::Range) -> String {
        let mut conditions = self.conditions.clone();
        conditions.extend(range.conditions(&self.key));
        format!("SELECT {} FROM {}{}", self.select, self.from, where_clause(&conditions))
    }

    /// The COPY of the first rows in the order of their keys; of all without a limit.
    pub(super) fn first(&self, limit: Option<u64>) -> String {
        let limit = limit.map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
        let conditions = where_clause(&self.conditions);
        format!(
            "COPY (SELECT {} FROM {}{conditions} ORDER BY {}{limit}) TO STDOUT",
            self.select, self.from, self.order
        )
    }

    /// Counts all rows.
    pub(crate) fn count(&self) -> String {
        let from = if self.conditions.is_empty() { format!("{} t", self.table) } else { self.from.clone() };
        format!("SELECT count(*) FROM {from}{}", where_clause(&self.conditions))
    }
}

fn where_clause(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}
