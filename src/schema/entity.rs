//! Compiles one entity: its names, its table, its key, the order in which its cells are validated, and the rules over
//! several columns. A single field is compiled in `field`.

use super::compiled::{Entity, Field, FieldIndex, RowRule, SystemColumns};
use super::field;
use super::header::{fits_pattern, header_key};
use super::invite;
use super::mistake::{Located, Mistakes, Place};
use super::order::order;
use super::setting::Kind;
use super::shape::{EntityShape, FieldShape, RowRuleShape, SystemColumn};
use crate::sql::NAME_BYTES;

/// The longest name of an entity, in bytes: files are named after it, and those names may have 255.
const ENTITY_BYTES: usize = 200;
/// The system columns of every PostgreSQL table.
const POSTGRES_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// Compiles `shape`. `all` are the entities in load order. Returns `None` only if a mistake was reported.
pub(super) fn compile(shape: &EntityShape, all: &[EntityShape], mistakes: &mut Mistakes) -> Option<Entity> {
    let before = mistakes.len();
    // The name is typed in entity=FILE, and reports are named after it.
    if !shape.entity.value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
        let hint = "an entity's name has letters, digits, _ and - only";
        mistakes.advise(
            &shape.entity.place,
            format!("`{}` cannot be typed as entity=FILE", shape.entity.value),
            hint,
        );
    }
    if shape.entity.value.len() > ENTITY_BYTES {
        let message = format!("the entity's name has {} bytes", shape.entity.value.len());
        mistakes.advise(
            &shape.entity.place,
            message,
            format!("at most {ENTITY_BYTES}: files are named after it"),
        );
    }
    if shape.fields.is_empty() {
        mistakes.advise(&shape.entity.place, "the entity has no fields", "add a [[field]] for each column");
    }
    check_headers(shape, mistakes);
    check_columns(shape, mistakes);
    let ignored = ignored(shape, mistakes);
    let key = key(shape, mistakes);
    let fields: Vec<Option<Field>> =
        (0..shape.fields.len()).map(|i| field::compile(i, key, shape, all, mistakes)).collect();
    let validation_order = validation_order(shape, mistakes);
    field::check_conditions(shape, &fields, mistakes);
    let row_rules = row_rules(shape, &fields, mistakes);
    let invite = invite::compile(shape, &fields, mistakes);
    if mistakes.len() > before {
        return None;
    }
    Some(Entity {
        name: shape.entity.value.clone(),
        table: shape.table(),
        system: system_columns(shape),
        fields: fields.into_iter().collect::<Option<_>>()?,
        key: key?,
        validation_order,
        ignored,
        row_rules,
        invite,
    })
}

fn system_columns(shape: &EntityShape) -> SystemColumns {
    SystemColumns {
        id: shape.table.id.as_ref().map_or_else(|| "id".to_owned(), |id| id.value.clone()),
        created_at: optional_column(&shape.table.created_at, "created_at").map(|(name, _)| name.to_owned()),
        updated_at: optional_column(&shape.table.updated_at, "updated_at").map(|(name, _)| name.to_owned()),
    }
}

/// No header may mean two fields.
fn check_headers(shape: &EntityShape, mistakes: &mut Mistakes) {
    let mut seen: Vec<(String, FieldIndex, &Place)> = Vec::new();
    for (index, field) in shape.fields.iter().enumerate() {
        for header in std::iter::once(&field.name).chain(&field.aliases) {
            let key = header_key(&header.value);
            if key.is_empty() {
                mistakes.add(&header.place, format!("`{}` has neither letters nor digits", header.value));
            } else if key.starts_with("password") || key.ends_with("password") {
                mistakes.advise(
                    &header.place,
                    format!("`{}` looks like a column of passwords", header.value),
                    "no password is ever imported; a file with such a column is refused",
                );
            } else if let Some((_, other, place)) = seen.iter().find(|(known, ..)| *known == key) {
                // An alias that repeats the name of its own field does no harm and documents the spelling.
                if *other != index {
                    let message = format!(
                        "header `{}` already means field `{}` ({})",
                        header.value,
                        shape.fields[*other].name.value,
                        mistakes.line_of(place)
                    );
                    let hint = "case, spaces, _, - and . do not make a header different";
                    mistakes.advise(&header.place, message, hint);
                }
            } else {
                seen.push((key, index, &header.place));
            }
        }
    }
}

/// PostgreSQL must keep every name as it is, and no column may be used twice.
fn check_columns(shape: &EntityShape, mistakes: &mut Mistakes) {
    let table = &shape.table;
    for name in table.schema.iter().chain([table.name.as_ref().unwrap_or(&shape.entity)]) {
        check_name(&name.value, &name.place, mistakes);
    }
    let mut used: Vec<(String, &Place)> = Vec::new();
    let id = table.id.as_ref().map_or(("id", None), |id| (id.value.as_str(), Some(&id.place)));
    let created_at = optional_column(&table.created_at, "created_at");
    let updated_at = optional_column(&table.updated_at, "updated_at");
    let system = [Some(id), created_at, updated_at].into_iter().flatten();
    let system = system.map(|(name, place)| (name.to_owned(), place.unwrap_or(&shape.entity.place)));
    let fields = shape.fields.iter().map(|field| (field.column(), &column_place(field).place));
    for (name, place) in system.chain(fields) {
        check_name(&name, place, mistakes);
        if POSTGRES_COLUMNS.contains(&name.as_str()) {
            let hint = "choose another one with column = \"…\"";
            mistakes.advise(place, format!("column `{name}` is one of PostgreSQL's own"), hint);
        }
        if let Some((_, other)) = used.iter().find(|(known, _)| *known == name) {
            let line = mistakes.line_of(other);
            let hint = "choose another one with column = \"…\"";
            mistakes.advise(place, format!("column `{name}` is used twice; first at {line}"), hint);
        } else {
            used.push((name, place));
        }
    }
}

/// The column's name, and its place if the file names it; `None` if the table does not have it.
fn optional_column<'s>(column: &'s SystemColumn, usual: &'s str) -> Option<(&'s str, Option<&'s Place>)> {
    match column {
        SystemColumn::Usual => Some((usual, None)),
        SystemColumn::Absent => None,
        SystemColumn::Named(named) => Some((&named.value, Some(&named.place))),
    }
}

fn check_name(name: &str, place: &Place, mistakes: &mut Mistakes) {
    if name.len() > NAME_BYTES {
        let message =
            format!("`{name}` has {} bytes; a name in PostgreSQL has at most {NAME_BYTES}", name.len());
        mistakes.add(place, message);
    }
    if name.contains('\0') {
        mistakes.add(place, "a name in PostgreSQL cannot hold a NUL character");
    }
}

fn column_place(field: &FieldShape) -> &Located<String> {
    field.column.as_ref().unwrap_or(&field.name)
}

fn ignored(shape: &EntityShape, mistakes: &mut Mistakes) -> Vec<String> {
    for pattern in &shape.ignored {
        let covered = shape.fields.iter().find(|field| fits_pattern(&pattern.value, &field.name.value));
        if let Some(field) = covered {
            let message = format!("`{}` would ignore field `{}`", pattern.value, field.name.value);
            mistakes.add(&pattern.place, message);
        }
    }
    shape.ignored.iter().map(|pattern| pattern.value.clone()).collect()
}

/// The key must be a required text or e-mail that refers to nothing.
fn key(shape: &EntityShape, mistakes: &mut Mistakes) -> Option<FieldIndex> {
    let Some(name) = &shape.key else {
        let hint = "add key = \"…\", the field that says whether two rows are the same record";
        mistakes.advise(&shape.entity.place, "the entity has no key", hint);
        return None;
    };
    let index = shape.find(name, mistakes)?;
    let field = &shape.fields[index];
    if !field.required.as_ref().is_some_and(|required| required.value) {
        let place = field.required.as_ref().map_or(&field.name.place, |required| &required.place);
        let hint = "add required = true to the field";
        mistakes.advise(place, format!("the key `{}` is not required", name.value), hint);
    }
    if let Some(kind) = &field.kind
        && !matches!(kind.value, Kind::Text | Kind::Email)
    {
        let message = format!("the key `{}` has type {}", name.value, kind.value.name());
        mistakes.advise(&kind.place, message, "a key is of type text or email");
    }
    if let Some(target) = &field.references {
        mistakes.add(&target.place, format!("the key `{}` cannot be a reference", name.value));
    }
    if let Some(on_update) = &field.on_update {
        let message = format!("the key `{}` is never updated", name.value);
        mistakes.advise(&on_update.place, message, "leave on_update away");
    }
    Some(index)
}

/// A field is validated after the ones that it depends on.
fn validation_order(shape: &EntityShape, mistakes: &mut Mistakes) -> Vec<FieldIndex> {
    let mut edges = Vec::new();
    let mut places = Vec::new();
    for (index, field) in shape.fields.iter().enumerate() {
        let condition =
            field.pattern.as_ref().and_then(|pattern| pattern.when.as_ref()).map(|(when, _)| when);
        for name in field.sibling.iter().chain(condition) {
            // A name that does not exist was reported with its field.
            if let Some(at) = shape.fields.iter().position(|other| other.name.value == name.value) {
                edges.push((at, index));
                places.push(&name.place);
            }
        }
    }
    order(shape.fields.len(), &edges).unwrap_or_else(|cycle| {
        let names: Vec<&str> = cycle.iter().map(|&i| shape.fields[i].name.value.as_str()).collect();
        let inside = |&(at, index): &(usize, usize)| cycle.contains(&at) && cycle.contains(&index);
        if let Some(at) = edges.iter().position(inside) {
            let message =
                format!("the fields depend on each other in a circle: {} → {}", names.join(" → "), names[0]);
            mistakes.advise(places[at], message, "a field can only depend on one that does not depend on it");
        }
        Vec::new()
    })
}

fn row_rules(shape: &EntityShape, fields: &[Option<Field>], mistakes: &mut Mistakes) -> Vec<RowRule> {
    let rules = shape.row_rules.iter();
    rules.filter_map(|rule| row_rule(rule, shape, fields, mistakes)).collect()
}

fn row_rule(
    rule: &RowRuleShape,
    shape: &EntityShape,
    fields: &[Option<Field>],
    mistakes: &mut Mistakes,
) -> Option<RowRule> {
    let mut pair = |one: &Located<String>, other: &Located<String>| {
        let (first, second) = (shape.find(one, mistakes), shape.find(other, mistakes));
        if first.is_some() && first == second {
            mistakes.add(&other.place, "the rule names the same field twice");
        }
        first.zip(second)
    };
    match rule {
        RowRuleShape::RequiredWhen { field, when, equals } => {
            let (field, when) = pair(field, when)?;
            let equals =
                field::normal_form(fields[when].as_ref().map(|field| &field.rule), equals, mistakes)?;
            Some(RowRule::RequiredWhen { field, when, equals })
        }
        RowRuleShape::EqualTo { field, other } => {
            let (field, other) = pair(field, other)?;
            Some(RowRule::EqualTo { field, other })
        }
        RowRuleShape::OneOf { place, fields: names } => {
            let mut found: Vec<FieldIndex> = Vec::new();
            for name in names {
                match shape.find(name, mistakes) {
                    Some(index) if found.contains(&index) => {
                        mistakes.add(&name.place, "the rule names the same field twice");
                    }
                    Some(index) => found.push(index),
                    None => {}
                }
            }
            if names.len() < 2 {
                mistakes.advise(place, "one-of needs at least two fields", "add fields = [\"…\", \"…\"]");
            }
            Some(RowRule::OneOf { fields: found })
        }
    }
}
