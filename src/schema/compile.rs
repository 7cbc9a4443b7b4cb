//! From the files to the compiled schema: reads all files, looks up all names, and reports all mistakes of all files at
//! once. An entity is checked in `entity`, a field in `field`.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::compiled::Schema;
use super::entity;
use super::mistake::{Mistakes, SchemaError, SchemaFile};
use super::order::order;
use super::shape::{self, EntityShape};

/// Compiles a schema from its files, which are taken in the order of their names.
/// Errors: [`SchemaError::Mistakes`] with all mistakes of all files.
pub(crate) fn compile(files: &[SchemaFile]) -> Result<Schema, SchemaError> {
    let mut files = files.to_vec();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let mut mistakes = Mistakes::new(&files);
    let mut shapes: Vec<EntityShape> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        shapes.extend(shape::read(index, file, &mut mistakes));
    }
    shapes.sort_by(|a, b| a.entity.value.cmp(&b.entity.value));
    check_once(&shapes, &mut mistakes);
    let shapes = in_load_order(shapes, &mut mistakes);
    let entities = shapes.iter().filter_map(|shape| entity::compile(shape, &shapes, &mut mistakes)).collect();
    mistakes.into_result()?;
    Ok(Schema { entities, sha256: sha256(files.iter().map(|file| file.text.as_str())) })
}

/// The SHA-256 of these texts, one after the other, in lower-case hexadecimal.
pub(super) fn sha256<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text.as_bytes());
    }
    hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // Writing to a string cannot fail.
        hex
    })
}

/// No two files may describe one entity, and no two entities may have one table.
fn check_once(shapes: &[EntityShape], mistakes: &mut Mistakes) {
    for (i, shape) in shapes.iter().enumerate() {
        let earlier = &shapes[..i];
        if let Some(other) = earlier.iter().find(|other| other.entity.value == shape.entity.value) {
            let line = mistakes.line_of(&other.entity.place);
            let message = format!("entity `{}` is described twice; first at {line}", shape.entity.value);
            mistakes.add(&shape.entity.place, message);
        } else if let Some(other) = earlier.iter().find(|other| other.table() == shape.table()) {
            let message = format!("{} is also the table of entity `{}`", shape.table(), other.entity.value);
            mistakes.add(&shape.entity.place, message);
        }
    }
}

/// An entity comes after those that it refers to; entities that references do not order are in the order of their names.
fn in_load_order(shapes: Vec<EntityShape>, mistakes: &mut Mistakes) -> Vec<EntityShape> {
    let mut edges = Vec::new();
    let mut places = Vec::new();
    for (from, shape) in shapes.iter().enumerate() {
        for target in shape.fields.iter().filter_map(|field| field.references.as_ref()) {
            if let Some(to) = shapes.iter().position(|other| other.entity.value == target.value) {
                edges.push((to, from));
                places.push(&target.place);
            }
        }
    }
    match order(shapes.len(), &edges) {
        Ok(order) => {
            let mut shapes: Vec<_> = shapes.into_iter().map(Some).collect();
            order.into_iter().filter_map(|i| shapes[i].take()).collect()
        }
        Err(cycle) => {
            let names: Vec<&str> = cycle.iter().map(|&i| shapes[i].entity.value.as_str()).collect();
            let inside = |&(to, from): &(usize, usize)| cycle.contains(&to) && cycle.contains(&from);
            if let Some(at) = edges.iter().position(inside) {
                mistakes.advise(
                    places[at],
                    format!("the references form a circle: {} → {}", names.join(" → "), names[0]),
                    "an entity can only refer to one that is loaded before it",
                );
            }
            shapes
        }
    }
}
