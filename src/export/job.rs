//! The jobs of an export: for each entity the columns and the query that reads them. Names come from the schema.

use crate::db::catalog::TableInfo;
use crate::record::RowEncoder;
use crate::rule::{Rule, list};
use crate::schema::{Entity, Field, FieldIndex, Schema, header_key};
use crate::source::SYSTEM_COLUMNS;
use crate::sql::{ident, literal};

use super::condition::{Condition, of_filters};
use super::error::ExportError;
use super::options::ExportOptions;
use super::query::Query;

/// What is read of one entity for one file, or one series of files.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// The entity's name.
    pub(crate) name: String,
    /// What its files' names begin with.
    pub(crate) stem: String,
    pub(crate) columns: Vec<Column>,
    /// Which of the columns is the key.
    pub(crate) key: usize,
    pub(crate) query: Query,
}

impl Job {
    /// The key of a row as the server sent it, for people.
    pub(crate) fn key_of(&self, row: &[u8]) -> String {
        RowEncoder::field(row, self.key).map(RowEncoder::unescape).unwrap_or_default()
    }

    /// Why the format cannot hold a value of a row as the server sent it.
    pub(crate) fn unwritable(&self, row: &[u8], column: usize) -> ExportError {
        let (entity, key) = (self.name.clone(), self.key_of(row));
        let Column { name, rule } = &self.columns[column];
        let value = RowEncoder::field(row, column).map(RowEncoder::unescape).unwrap_or_default();
        let column = name.clone();
        match rule {
            Rule::List(_) if list::items(&value).is_none() => ExportError::NoList { entity, key, column },
            Rule::List(_) => ExportError::Unwritable { entity, key, column },
            _ => ExportError::Untyped { entity, key, column },
        }
    }
}

/// One column of the output.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The header.
    pub(crate) name: String,
    /// How its values are written.
    pub(crate) rule: Rule,
}

/// The jobs of an export, entities in load order. `tables` are those of the schema's entities.
pub(crate) fn plan(
    schema: &Schema,
    tables: &[Option<TableInfo>],
    options: &ExportOptions,
) -> Result<Vec<Job>, ExportError> {
    let conditions = of_filters(schema, &options.filters)?;
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

/// The entities with these names, in load order; all if there are no names.
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

/// The job that reads whole records of one entity, with the columns that no file sets.
pub(super) fn records(
    schema: &Schema,
    tables: &[Option<TableInfo>],
    index: usize,
    conditions: &[Condition],
) -> Job {
    let builder = Builder { schema, tables, conditions, index };
    builder.job(&schema.entities[index].name, |_| true, true)
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

    /// The key, the other unique fields, and the identifier.
    fn crosswalk(&self, stem: String) -> Job {
        let entity = self.entity();
        let mut columns = Vec::new();
        let mut select = Vec::new();
        for index in entity.unique_fields() {
            let field = &entity.fields[index];
            columns.push(Column { name: field.name.clone(), rule: field.rule.clone() });
            select.push(self.expression(index));
        }
        columns.push(Column { name: "id".to_owned(), rule: Rule::Integer(crate::rule::number::Integer) });
        select.push(format!("t.{}", ident(&entity.system.id)));
        self.assemble(stem, columns, 0, &select)
    }

    fn system(&self, columns: &mut Vec<Column>, select: &mut Vec<String>) {
        let system = &self.entity().system;
        let [id, created, updated] = SYSTEM_COLUMNS;
        columns.push(Column { name: id.to_owned(), rule: Rule::Integer(crate::rule::number::Integer) });
        select.push(format!("t.{}", ident(&system.id)));
        for (name, column) in [(created, &system.created_at), (updated, &system.updated_at)] {
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

    /// Joins the entities that an entity refers to, for their keys and their conditions. An outer join: a row whose
    /// reference leads nowhere is still a row.
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
