//! Which entity a file holds: as named, else by its file's name, else by the one schema that its header fits.

use std::path::Path;

use super::header::Names;
use super::{InputPath, SourceError};
use crate::schema::{Entity, Schema};

/// How well a record fits an entity as its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Fit {
    /// It names the key, and either at least half of its non-empty cells are known, or all required columns are
    /// there.
    pub(super) fits: bool,
    /// All required columns are there.
    pub(super) complete: bool,
    /// How many fields it names.
    pub(super) fields: usize,
}

/// How well a record fits as the header of an entity.
pub(super) fn fit(cells: &[String], entity: &Entity, names: &Names<'_>) -> Fit {
    let mut found = vec![false; entity.fields.len()];
    for cell in cells {
        if let Some(field) = names.meant(cell) {
            found[field] = true;
        }
    }
    // A column that a made field needs is as good as one that feeds a field.
    let used = cells.iter().filter(|cell| !cell.is_empty() && names.is_used(cell)).count();
    let fields = found.iter().filter(|found| **found).count() + used;
    for (field, made) in &names.made {
        let columns = made.how.columns();
        found[*field] |=
            columns.is_empty() || columns.iter().any(|column| cells.iter().any(|cell| cell == column));
    }
    let filled = cells.iter().filter(|cell| !cell.is_empty()).count();
    let complete =
        fields > 0 && entity.fields.iter().zip(&found).all(|(field, found)| *found || !field.required);
    Fit { fits: found[entity.key] && (complete || fields * 2 >= filled), complete, fields }
}

/// The position of the entity with this name.
/// Errors: there is none; the error lists all entities.
pub(crate) fn entity_named(schema: &Schema, entity: &str, path: &InputPath) -> Result<usize, SourceError> {
    schema.entities.iter().position(|each| each.name == entity).ok_or_else(|| SourceError::UnknownEntity {
        name: path.name(),
        entity: entity.to_owned(),
        known: listed(schema),
    })
}

/// All entities, for a message.
pub(super) fn listed(schema: &Schema) -> String {
    schema.entities.iter().map(|entity| entity.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The entity whose name the file's name begins with; of several, the one with the longest name.
pub(super) fn by_file_name(name: &str, schema: &Schema) -> Option<usize> {
    let file = Path::new(name).file_name()?.to_string_lossy().to_lowercase();
    let begins = |entity: &Entity| file.starts_with(&entity.name.to_lowercase());
    let fitting = schema.entities.iter().enumerate().filter(|(_, entity)| begins(entity));
    fitting.max_by_key(|(_, entity)| entity.name.len()).map(|(index, _)| index)
}

/// The one entity that a header fits, given how well it fits each of them. If it fits several, the one with all
/// required columns and the most fields; if two are equal, none.
pub(super) fn by_header(name: &str, fits: &[Fit], schema: &Schema) -> Result<usize, SourceError> {
    let best = fits.iter().enumerate().filter(|(_, fit)| fit.fits).max_by_key(|(_, fit)| **fit);
    let said = match best {
        None => "the header fits none of them".to_owned(),
        Some((index, best)) => {
            let equal = fits.iter().enumerate().filter(|(_, fit)| *fit == best);
            let equal: Vec<&str> = equal.map(|(each, _)| schema.entities[each].name.as_str()).collect();
            if equal.len() == 1 {
                return Ok(index);
            }
            format!("the header fits {} equally well", equal.join(" and "))
        }
    };
    Err(SourceError::NoEntity {
        name: name.to_owned(),
        fits: format!("the schemas have {}; {said}", listed(schema)),
        example: schema.entities.first().map_or_else(|| "entity".to_owned(), |entity| entity.name.clone()),
    })
}
