//! The same questions as those about staged rows, for a run that may not write: keys are sent as arrays, in batches.
//! This works on a read-only standby, too.

use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::db::{DbError, Session, hold};
use crate::load::error::LoadError;
use crate::load::repertoire::Repertoire;
use crate::load::rows::{EntityRows, row_number};
use crate::load::{limits, tables};
use crate::read::slots;
use crate::record::{RowEncoder, RowNumber, Slot};
use crate::schema::{Entity, FieldIndex, Schema};
use crate::settle::{Answers, Facts, InUse, Question};
use crate::sql::ident;

use super::answers::Asked;
use super::{alike, otherwise};

/// How many rows are asked about at a time.
const BATCH: usize = 20_000;

/// Asks a database about rows, read-only.
pub(crate) struct Lookup<'a> {
    client: &'a Client,
    schema: &'a Schema,
    tables: Vec<Option<TableInfo>>,
    repertoire: Repertoire,
}

impl<'a> Lookup<'a> {
    /// Begins a read-only transaction of one snapshot, and looks at the tables.
    pub(crate) async fn begin(session: &'a Session, schema: &'a Schema) -> Result<Self, LoadError> {
        let client = &session.client;
        let hold = hold::statement(client, schema.entities.iter().map(|entity| &entity.table)).await?;
        let sql = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {hold}");
        client.batch_execute(&sql).await.map_err(|e| DbError::of("beginning a read-only transaction", e))?;
        let tables = tables::look_read_only(client, schema).await?;
        Ok(Self { client, schema, tables, repertoire: Repertoire::default() })
    }

    /// Finds the rows that the tables do not allow as they are.
    pub(crate) async fn facts(
        &mut self,
        entities: &[EntityRows<'_>],
        move_rows: bool,
    ) -> Result<Facts, LoadError> {
        let mut facts = Facts::of_a_database();
        self.repertoire = Repertoire::of(self.client, entities).await?;
        for item in entities {
            facts.take_refused(item.entity, self.repertoire.refused(item.harvest)?);
            let Some(table) = &self.tables[item.entity] else { continue };
            let entity = &self.schema.entities[item.entity];
            facts.take_unheld(item.entity, limits::unheld(entity, table, item.harvest)?);
            let stored = otherwise::find(self.client, self.schema, &self.tables, item, |_| true).await?;
            facts.take_stored(item.entity, stored);
            let lenient: Vec<_> = alike::lenient(entity, table).collect();
            for (slot, field) in slots(entity).into_iter().enumerate() {
                if lenient.contains(&field) {
                    let rows = alike::find(self.client, entity, table, item, field, &self.repertoire);
                    facts.take_alike(item.entity, Slot(slot), rows.await?);
                }
                let sql = if entity.fields[field].reference.is_some() {
                    if move_rows {
                        continue;
                    }
                    let Some(sql) = self.moved(entity, table, field) else { continue };
                    sql
                } else if field == entity.key {
                    continue;
                } else {
                    in_use(entity, table, field)
                };
                let rows = self.ask(item, entity, field, &sql).await?;
                facts.take_in_use(
                    item.entity,
                    rows.into_iter().map(|row| InUse { row, slot: Slot(slot), holder: None }),
                );
            }
        }
        Ok(facts)
    }

    /// What is known of the keys in question.
    pub(crate) async fn answers(
        &self,
        entities: &[EntityRows<'_>],
        questions: &[Question],
    ) -> Result<Answers, LoadError> {
        let Self { client, schema, tables, repertoire } = self;
        let asked = Asked { client, schema, tables, repertoire, thorough: true };
        asked.answers(entities, questions).await
    }

    /// Which rows have another parent in the table; `None` if there is no table of parents.
    fn moved(&self, entity: &Entity, info: &TableInfo, field: FieldIndex) -> Option<String> {
        let reference = entity.fields[field].reference?;
        let (parent, parents) =
            (&self.schema.entities[reference.entity], self.tables[reference.entity].as_ref()?);
        Some(format!(
            "SELECT k.n FROM {ROWS} JOIN {table} t ON {has_key} JOIN {parent_table} p ON p.{id} = t.{column}
             WHERE ({is_parent}) IS NOT TRUE",
            table = entity.table,
            has_key = info.has_text("t", &entity.fields[entity.key].column, "k.key"),
            parent_table = parent.table,
            id = ident(&parent.system.id),
            column = ident(&entity.fields[field].column),
            is_parent = parents.has_text("p", &parent.fields[parent.key].column, "k.value"),
        ))
    }

    /// Asks `sql` about all rows that have a value of `field`; returns the rows that it finds.
    async fn ask(
        &self,
        item: &EntityRows<'_>,
        entity: &Entity,
        field: FieldIndex,
        sql: &str,
    ) -> Result<Vec<RowNumber>, LoadError> {
        let mut found = Vec::new();
        let mut buffer = Vec::new();
        let (mut numbers, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for segment in &item.harvest.segments {
            let layout = item.harvest.layout(segment.file);
            let position = |wanted: FieldIndex| layout.fields.iter().position(|&f| f == wanted);
            let (Some(key), Some(value)) = (position(entity.key), position(field)) else { continue };
            let rows = segment.open(&item.harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
            for (row, bytes) in (segment.first..).zip(rows.iter()) {
                let Some(value) = RowEncoder::field(bytes, value).filter(|value| self.repertoire.has(value))
                else {
                    continue;
                };
                numbers.push(i64::try_from(row).unwrap_or(i64::MAX));
                let key = RowEncoder::field(bytes, key).filter(|key| self.repertoire.has(key));
                keys.push(key.map(RowEncoder::unescape));
                values.push(RowEncoder::unescape(value));
            }
            if numbers.len() >= BATCH {
                found.extend(self.send(sql, &mut numbers, &mut keys, &mut values).await?);
            }
        }
        found.extend(self.send(sql, &mut numbers, &mut keys, &mut values).await?);
        Ok(found)
    }

    async fn send(
        &self,
        sql: &str,
        numbers: &mut Vec<i64>,
        keys: &mut Vec<Option<String>>,
        values: &mut Vec<String>,
    ) -> Result<Vec<RowNumber>, LoadError> {
        let rows = self
            .client
            .query(sql, &[&*numbers, &*keys, &*values])
            .await
            .map_err(|e| DbError::of("asking the database about keys", e))?;
        numbers.clear();
        keys.clear();
        values.clear();
        Ok(rows.iter().map(|row| row_number(row.get(0))).collect())
    }
}

const ROWS: &str = "unnest($1::bigint[], $2::text[], $3::text[]) k (n, key, value)";

fn in_use(entity: &Entity, info: &TableInfo, field: FieldIndex) -> String {
    format!(
        "SELECT k.n FROM {ROWS} JOIN {table} t ON {has_value} WHERE ({has_key}) IS NOT TRUE",
        table = entity.table,
        has_value = info.has_text("t", &entity.fields[field].column, "k.value"),
        has_key = info.has_text("t", &entity.fields[entity.key].column, "k.key"),
    )
}
