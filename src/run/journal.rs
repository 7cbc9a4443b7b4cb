//! What a run hands to the journal and to the plan, put together from what its phases counted.

use std::iter;

use crate::load::{EntityNote, EntityRows, FieldChange, FileNote, Load, RecordCounts, RunNote, Written};
use crate::output::{Csv, names};
use crate::record::EntityIndex;
use crate::report::mask::mask;
use crate::report::{Counts, PlannedChange, PlannedEntity, PlannedField, PlannedRun, ShownValues};
use crate::schema::OnUpdate;
use crate::settle::Policy;

use super::import::{Attempt, ImportOptions};
use super::inputs::EntityRead;
use super::{MaxRejects, Run, RunError};

impl Run<'_> {
    /// What the journal keeps of this run.
    pub(super) fn note(&self, entities: &[EntityRead], counts: &[Counts], import: &ImportOptions) -> RunNote {
        let given = entities.iter().zip(counts).enumerate().filter(|(_, (read, _))| !read.files.is_empty());
        RunNote {
            command: self.command.to_owned(),
            started: self.started.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: self.schema.sha256.clone(),
            options: self.options_of(import).to_string(),
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

    /// The options that decide what becomes of a row. None of them is a secret.
    fn options_of(&self, import: &ImportOptions) -> serde_json::Value {
        let (options, load) = (self.options, &import.load);
        serde_json::json!({
            "schemas": options.schemas.as_ref().map(|folder| folder.display().to_string()),
            "again": options.again,
            "duplicates": match options.duplicates {
                Policy::KeepFirst => "keep-first",
                Policy::KeepLast => "keep-last",
                Policy::RejectAll => "reject-all",
            },
            "strict": options.read.strict,
            "pad_short": options.read.pad_short,
            "max_rejects": options.max_rejects.map(|limit| match limit {
                MaxRejects::Rows(rows) => rows.to_string(),
                MaxRejects::Percent(percent) => format!("{percent}%"),
            }),
            "empty": if load.on_empty == OnUpdate::Overwrite { "overwrite" } else { "keep" },
            "move_users": load.move_rows,
            "no_undo": !load.undoable,
            "protect_edited": load.protect_edited,
            "reconcile": load.reconcile,
            "apply_changes": load.changes,
        })
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
                let veil = |value: &Option<String>, sensitive: bool| match self.options.values {
                    ShownValues::All => value.clone(),
                    ShownValues::NotSensitive if !sensitive => value.clone(),
                    _ => value.as_deref().map(mask),
                };
                let key_is_sensitive = rules.fields[rules.key].sensitive;
                let samples = change.samples.iter().map(|(key, old, new)| PlannedChange {
                    key: veil(&Some(key.clone()), key_is_sensitive).unwrap_or_default(),
                    old: veil(old, field.sensitive),
                    new: veil(new, field.sensitive),
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

impl Attempt<'_> {
    /// Writes the keys of the target's rows that the files lack, an entity a file.
    pub(super) fn report_absent(
        &self,
        run: &mut Run<'_>,
        load: &Load<'_>,
        rows: &[EntityRows<'_>],
    ) -> Result<(), RunError> {
        for item in rows {
            let entity = &run.schema.entities[item.entity];
            let mut file = run.folder.create(&names::absent(&entity.name))?;
            let mut absent = 0_u64;
            let mut line = Vec::new();
            Csv::EXACT_CRLF.line(&mut line, iter::once(Some(&entity.fields[entity.key].name)));
            file.put(&line)?;
            let writing = load.absent::<RunError>(item, |key| {
                line.clear();
                Csv::EXACT.line(&mut line, iter::once(Some(key)));
                absent += 1;
                Ok(file.put(&line)?)
            });
            self.database.wait(self.session, writing)?;
            file.finish()?;
            tracing::info!("{}: {absent} rows of the target are not in the files", entity.name);
        }
        Ok(())
    }
}
