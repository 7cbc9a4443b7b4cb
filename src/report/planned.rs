//! What a dry run would do: rows inserted, updated (which fields, with samples), unchanged.

use std::fmt::Write as _;

use serde::Serialize;

use crate::output::visible::{fitted, visible};

use super::number::count;

/// How many columns of a value the terminal shows.
const SHOWN: usize = 40;

/// What a whole run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedRun {
    /// In load order.
    pub(crate) entities: Vec<PlannedEntity>,
}

/// What would happen to an entity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedEntity {
    /// Its name.
    pub(crate) entity: String,
    /// Rows that would be inserted.
    pub(crate) inserted: u64,
    /// Rows that would be updated.
    pub(crate) updated: u64,
    /// Rows that would stay as they are.
    pub(crate) unchanged: u64,
    /// Rows that would be deleted; only by files of changes.
    #[serde(skip_serializing_if = "super::summary::is_zero")]
    pub(crate) deleted: u64,
    /// The fields that updates would change, in the order of the schema.
    pub(crate) fields: Vec<PlannedField>,
}

/// A field that updates would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedField {
    /// Its name.
    pub(crate) field: String,
    /// In how many rows.
    pub(crate) rows: u64,
    /// Some of them.
    pub(crate) samples: Vec<PlannedChange>,
}

/// A row in which a field would change. Values are masked where the field is sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedChange {
    /// The row's key.
    pub(crate) key: String,
    /// The value in the table; none if it is NULL.
    pub(crate) old: Option<String>,
    /// The new value; none if it will be NULL.
    pub(crate) new: Option<String>,
}

impl PlannedRun {
    /// For the terminal: the fields that would change. Empty if no row would be updated.
    pub(crate) fn render(&self) -> String {
        let mut out = String::new();
        for entity in &self.entities {
            for field in &entity.fields {
                if out.is_empty() {
                    out.push_str("\nWould change\n");
                }
                let rows = count(field.rows, "row");
                let _ = writeln!(out, "  {}.{}  {rows}", visible(&entity.entity), visible(&field.field));
                for sample in &field.samples {
                    let (old, new) = (shown(sample.old.as_deref()), shown(sample.new.as_deref()));
                    let _ = writeln!(out, "    {}: {old} → {new}", shown(Some(&sample.key)));
                }
            }
        }
        out
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "(empty)".to_owned(), |value| fitted(value, SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_shows_old_and_new() {
        let sample = PlannedChange { key: "a@b.nl".into(), old: None, new: Some("x".repeat(50)) };
        let field = PlannedField { field: "contact.phone".into(), rows: 1200, samples: vec![sample] };
        let entity =
            PlannedEntity { entity: "users".into(), fields: vec![field], ..PlannedEntity::default() };
        let text = PlannedRun { entities: vec![entity] }.render();
        let long = format!("{}…", "x".repeat(39));
        assert_eq!(
            text,
            format!("\nWould change\n  users.contact.phone  1,200 rows\n    a@b.nl: (empty) → {long}\n")
        );
        assert_eq!(PlannedRun::default().render(), "");
    }
}
