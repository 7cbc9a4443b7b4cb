//! What a run gives to the journal and to the plan of a dry run.

use serde_json::Value;

use crate::load::{EntityNote, FieldChange, FileNote, RecordCounts, RunNote, Written};
use crate::record::EntityIndex;
use crate::report::mask::mask;
use crate::report::{Counts, PlannedChange, PlannedEntity, PlannedField, PlannedRun};
use crate::settings::ShownValues;

use super::file::EntityRead;
use super::names::used;
use super::state::Run;

impl Run<'_> {
    /// What the journal keeps of this run.
    pub(super) fn note(&self, entities: &[EntityRead], counts: &[Counts]) -> RunNote {
        let line = &self.settings.reports.given;
        let mut options = line.kept.clone();
        options.insert("again".to_owned(), line.repeated.clone().into());
        if let Some(config) = self.settings.config.as_deref() {
            options.insert("config".to_owned(), serde_json::json!(used(config)));
        }
        let given = entities.iter().zip(counts).enumerate().filter(|(_, (read, _))| !read.files.is_empty());
        RunNote {
            command: self.command.to_owned(),
            started: self.started.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: self.schema.sha256.clone(),
            options: Value::Object(options).to_string(),
            entities: given
                .map(|(entity, (read, counts))| EntityNote {
                    entity: EntityIndex(entity),
                    records: RecordCounts {
                        read: counts.read,
                        blank: counts.blank,
                        accepted: counts.accepted,
                        rejected: counts.rejected,
                        duplicates: counts.duplicates,
                        warnings: counts.warnings,
                    },
                    written: Written {
                        inserted: counts.inserted,
                        updated: counts.updated,
                        unchanged: counts.unchanged,
                        deleted: counts.deleted,
                    },
                    files: read
                        .files
                        .iter()
                        .map(|file| FileNote {
                            path: file.source.name().to_owned(),
                            bytes: file.source.stored_len(),
                            sha256: file.sha256.clone(),
                            encoding: file.look.opening.encoding.name().clone(),
                            delimiter: char::from(file.look.opening.delimiter).to_string(),
                        })
                        .collect(),
                })
                .collect(),
        }
    }

    /// What a dry run would do; `changes` per entity that was loaded.
    pub(super) fn plan_of(
        &self,
        changes: &[(EntityIndex, Vec<FieldChange>)],
        counts: &[Counts],
    ) -> PlannedRun {
        let entities = changes.iter().map(|(entity, changes)| {
            let (rules, counts) = (&self.schema.entities[*entity], &counts[*entity]);
            let fields = changes.iter().map(|change| {
                let field = &rules.fields[change.field];
                let masked = |value: &Option<String>, sensitive: bool| match self.settings.reports.values {
                    ShownValues::All => value.clone(),
                    ShownValues::NotSensitive if !sensitive => value.clone(),
                    _ => value.as_deref().map(mask),
                };
                let key_is_sensitive = rules.fields[rules.key].sensitive;
                let samples = change.samples.iter().map(|(key, old, new)| PlannedChange {
                    key: masked(&Some(key.clone()), key_is_sensitive).unwrap_or_default(),
                    old: masked(old, field.sensitive),
                    new: masked(new, field.sensitive),
                });
                PlannedField { field: field.name.clone(), rows: change.rows, samples: samples.collect() }
            });
            PlannedEntity {
                entity: rules.name.clone(),
                inserted: counts.inserted,
                updated: counts.updated,
                unchanged: counts.unchanged,
                deleted: counts.deleted,
                fields: fields.collect(),
            }
        });
        PlannedRun { entities: entities.collect() }
    }
}
