//! Whether each `--map` has found its column and its field. Only all files together show that: a column of one file
//! may be absent from the others.

use std::collections::HashSet;

use super::header::{Map, Names};
use super::{Look, SourceError};
use crate::schema::{Schema, header_key};

/// Checks that every `--map` has found its column and its field in at least one file.
/// Errors: one has not. The error lists the columns, or the fields of the file with the column.
pub(crate) fn check_maps(
    maps: &[(String, String)],
    looks: &[Look],
    schema: &Schema,
) -> Result<(), SourceError> {
    for map in maps {
        check_map(map, looks, schema)?;
    }
    Ok(())
}

fn check_map((header, field): &Map, looks: &[Look], schema: &Schema) -> Result<(), SourceError> {
    let key = header_key(header);
    let has_it = |look: &&Look| look.opening.header.iter().any(|name| header_key(name) == key);
    let mut with_column = looks.iter().filter(has_it).peekable();
    let Some(first) = with_column.peek() else {
        let mut known: Vec<&str> =
            looks.iter().flat_map(|look| &look.opening.header).map(String::as_str).collect();
        let mut seen = HashSet::new();
        known.retain(|name| !name.is_empty() && seen.insert(*name));
        let known = known.join(", ");
        return Err(SourceError::MapHeader { header: header.clone(), field: field.clone(), known });
    };
    let known = schema.entities[first.entity].fields.iter().map(|field| field.name.as_str());
    let known = known.collect::<Vec<_>>().join(", ");
    let has_field = |look: &Look| Names::new(&schema.entities[look.entity], &[]).field(field).is_some();
    if with_column.any(has_field) {
        return Ok(());
    }
    Err(SourceError::MapField { header: header.clone(), field: field.clone(), known })
}
