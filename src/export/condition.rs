//! Conditions of a query: the fields that filters name, and their values in normal form. A value that a person typed
//! enters a statement as a literal and never as SQL.

use crate::schema::{Field, FieldIndex, Schema, header_key};

use super::error::ExportError;
use super::options::Filter;

/// A condition on the rows of one entity: a field has a value.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) entity: usize,
    pub(super) field: FieldIndex,
    /// In its normal form; `None` is NULL.
    pub(super) value: Option<String>,
}

/// The conditions of an export's filters. A filter means every field of its name; the first part of a reference's name
/// means the key of the entity that it refers to.
pub(super) fn of_filters(schema: &Schema, filters: &[Filter]) -> Result<Vec<Condition>, ExportError> {
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

/// The normal form of a value as a person types it, `None` if it is empty; or why the field cannot have it.
pub(super) fn normal(field: &Field, value: &str) -> Result<Option<String>, String> {
    let (normal, _) = field.rule.normal_form(value).map_err(|why| why.to_string())?;
    Ok(Some(normal).filter(|normal| !normal.is_empty()))
}
