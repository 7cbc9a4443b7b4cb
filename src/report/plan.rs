//! What a dry run would do: inserted, updated (which fields, with samples), left alone.

use std::fmt::Write as _;

use serde::Serialize;

use crate::output::visible::visible;

use super::number::count;

/// How many characters of a value the terminal shows.
const SHOWN: usize = 40;

/// The plan of a whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// In load order.
    pub(crate) entities: Vec<PlannedEntity>,
}

/// The plan of an entity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedEntity {
    /// Its name.
    pub(crate) entity: String,
    /// Rows that would be inserted.
    pub(crate) inserted: u64,
    /// Rows that would be updated.
    pub(crate) updated: u64,
    /// Rows that would be left alone.
    pub(crate) unchanged: u64,
    /// Rows that would be deleted; of changes alone.
    #[serde(skip_serializing_if = "super::summary::is_zero")]
    pub(crate) deleted: u64,
    /// The fields that updates would change, in the order of the schema.
    pub(crate) fields: Vec<FieldPlan>,
}

/// A field that updates would change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FieldPlan {
    /// Its name.
    pub(crate) field: String,
    /// In how many rows.
    pub(crate) rows: u64,
    /// Some of them.
    pub(crate) samples: Vec<PlanSample>,
}

/// A row in which a field would change. Values are masked where the field is sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PlanSample {
    /// The row's key.
    pub(crate) key: String,
    /// The value in the table; none where it is NULL.
    pub(crate) old: Option<String>,
    /// The value to come; none where it will be NULL.
    pub(crate) new: Option<String>,
}

impl Plan {
    /// The plan for the terminal: the fields that would change. Nothing where no row would be updated.
    #[must_use]
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
    let Some(value) = value else { return "(empty)".to_owned() };
    let value = visible(value);
    if value.chars().count() <= SHOWN {
        return value.into_owned();
    }
    value.chars().take(SHOWN - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_shows_old_and_new() {
        let sample = PlanSample { key: "a@b.nl".into(), old: None, new: Some("x".repeat(50)) };
        let field = FieldPlan { field: "contact.phone".into(), rows: 1200, samples: vec![sample] };
        let entity =
            PlannedEntity { entity: "users".into(), fields: vec![field], ..PlannedEntity::default() };
        let text = Plan { entities: vec![entity] }.render();
        let long = format!("{}…", "x".repeat(39));
        assert_eq!(
            text,
            format!("\nWould change\n  users.contact.phone  1,200 rows\n    a@b.nl: (empty) → {long}\n")
        );
        assert_eq!(Plan::default().render(), "");
    }
}
