//! What a merge proves before it may be committed, and what it foresees: rows read back from the tables,
//! columns reconciled with what was sent, and for a dry run the changes by field.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::schema::Entity;

use super::merge::Merge;
use super::stage::Layouts;
use super::{Cargo, Load, LoadError, Written, number};

/// How many changes of a field are shown.
const SAMPLES: u32 = 3;

/// A field that updates will change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldChange {
    /// The field's position in its entity.
    pub(crate) field: usize,
    /// In how many rows.
    pub(crate) rows: u64,
    /// Some of them: the row's key, the old value, the new one.
    pub(crate) samples: Vec<(String, Option<String>, Option<String>)>,
}

/// A column whose checksums differ, with both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The column.
    pub(crate) column: String,
    /// The checksum of what was sent.
    pub(crate) sent: String,
    /// The checksum of what the table has.
    pub(crate) found: String,
}

/// A table that was empty holds what was inserted.
pub(super) async fn check_whole_table(
    client: &Client,
    entity: &Entity,
    written: Written,
) -> Result<(), LoadError> {
    let sql = format!("SELECT count(*) FROM {}", entity.table);
    let doing = format!("counting the rows of table {}", entity.table);
    let row = client.query_one(&sql, &[]).await.map_err(|e| DbError::of(doing, e))?;
    same(entity, written, Written { inserted: number(row.get(0)), ..written })
}

fn same(entity: &Entity, written: Written, found: Written) -> Result<(), LoadError> {
    if written == found {
        return Ok(());
    }
    Err(LoadError::ReadBack { table: entity.table.to_string(), written, found })
}

/// Whether one of these tables has triggers of the owner's, which may take rows away after they were counted.
const TRIGGERS: &str = "SELECT EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
    AND tgrelid = ANY (ARRAY(SELECT to_regclass(t)::oid FROM unnest($1::text[]) t)))";

impl Load<'_> {
    /// Counts once more what was written, when everything that waits for the end of the transaction has been done.
    pub(super) async fn prove_again<'w>(
        &self,
        cargo: &[Cargo<'_>],
        written: impl Iterator<Item = &'w Written>,
    ) -> Result<(), LoadError> {
        let names: Vec<_> = self.schema.entities.iter().map(|entity| entity.table.to_string()).collect();
        let row = self.session.client.query_one(TRIGGERS, &[&names]).await;
        if !row.map_err(|e| DbError::of("looking for triggers", e))?.get::<_, bool>(0) {
            return Ok(());
        }
        for (item, written) in cargo.iter().zip(written) {
            let layouts = Layouts::of(item.harvest);
            if self.is_fresh(item.entity) {
                let entity = &self.schema.entities[item.entity];
                check_whole_table(&self.session.client, entity, *written).await?;
            } else if written.inserted + written.updated > 0 {
                self.merge(item, &layouts).check_still_there(*written).await?;
            }
        }
        Ok(())
    }
}

impl Merge<'_> {
    async fn check_still_there(&self, written: Written) -> Result<(), LoadError> {
        let row = self.one(&self.statements.still_there()).await?;
        let found = Written { inserted: number(row.get(0)), updated: number(row.get(1)), ..written };
        same(self.statements.entity, written, found)
    }

    /// The rows that were written stand in the table as this transaction's.
    pub(super) async fn check_planned(&self, written: Written) -> Result<(), LoadError> {
        if written.inserted + written.updated == 0 {
            return Ok(());
        }
        // By ids only where an index leads to them.
        let by_id =
            self.options.undoable && self.statements.info.unique.contains(&self.statements.entity.system.id);
        let sql = if by_id {
            self.statements.read_back_noted(self.origin)
        } else {
            self.statements.read_back(self.origin)
        };
        let row = self.one(&sql).await?;
        let found = Written { inserted: number(row.get(0)), updated: number(row.get(1)), ..written };
        same(self.statements.entity, written, found)
    }

    /// The checksum of each column, sent and found, and the number of rows.
    pub(super) async fn reconcile_columns(&self, accepted: u64) -> Result<(), LoadError> {
        let entity = self.statements.entity;
        let mut rows = 0;
        let mut differences = Vec::new();
        for (layout_number, layout) in self.layouts.distinct.iter().enumerate() {
            let row = self.one(&self.statements.reconcile(layout_number, layout)).await?;
            rows += number(row.get(0));
            for (at, &field) in layout.fields.iter().enumerate() {
                let sum = |at: usize| row.get::<_, Option<String>>(at).unwrap_or_default();
                let (sent, found) = (sum(1 + 2 * at), sum(2 + 2 * at));
                if sent != found {
                    differences.push(Difference { column: entity.fields[field].column.clone(), sent, found });
                }
            }
        }
        if rows == accepted && differences.is_empty() {
            return Ok(());
        }
        Err(LoadError::Reconcile { table: entity.table.to_string(), accepted, rows, differences })
    }

    /// What updates will change, by field.
    pub(super) async fn changes(&self) -> Result<Vec<FieldChange>, LoadError> {
        let mut changes: Vec<FieldChange> = Vec::new();
        for (layout_number, layout) in self.layouts.distinct.iter().enumerate() {
            let fields: Vec<_> = self.statements.compared(layout).collect();
            if fields.is_empty() {
                continue;
            }
            let row = self.one(&self.statements.changes(layout_number, layout)).await?;
            for (at, field) in fields.into_iter().enumerate() {
                let rows = number(row.get(at));
                if rows == 0 {
                    continue;
                }
                let sql = self.statements.samples(layout_number, layout, field, SAMPLES);
                let found = self.client.query(&sql, &[]).await.map_err(|e| DbError::of(self.doing(), e))?;
                let samples = found.iter().map(|row| (row.get(0), row.get(1), row.get(2)));
                if let Some(known) = changes.iter_mut().find(|change| change.field == field) {
                    known.rows += rows;
                    known.samples.extend(samples);
                    known.samples.truncate(SAMPLES as usize);
                } else {
                    changes.push(FieldChange { field, rows, samples: samples.collect() });
                }
            }
        }
        changes.sort_by_key(|change| change.field);
        Ok(changes)
    }
}
