//! The target's tables: whether they exist and fit the schema, and which keys they hold.

use std::collections::{BTreeMap, HashSet};

use crate::db::DbError;
use crate::db::catalog::{self, Misfit, TableInfo};
use crate::db::faults::{self, TableFault};
use crate::db::postgres::Client;
use crate::record::{EntityIndex, RowEncoder};
use crate::schema::{Schema, ddl};
use crate::settle::Question;

use super::error::LoadError;
use super::limits;

/// How many keys are asked about at a time.
const BATCH: usize = 20_000;

/// Looks at all tables; the misfits of all of them are one error.
pub(super) async fn look(client: &Client, schema: &Schema) -> Result<Vec<Option<TableInfo>>, LoadError> {
    look_for(client, schema, |_| true).await
}

/// The same for a run that does not write and needs no right to.
pub(super) async fn look_read_only(
    client: &Client,
    schema: &Schema,
) -> Result<Vec<Option<TableInfo>>, LoadError> {
    let matters = |misfit: &Misfit| {
        !matches!(misfit, Misfit::Right { right: "INSERT" | "UPDATE", .. } | Misfit::Unfilled { .. })
    };
    let tables = look_for(client, schema, matters).await?;
    let faults = faults(client, schema).await?;
    fail_if_any(faults.into_iter().filter(|fault| !fault.is_about_identities()).collect())?;
    Ok(tables)
}

/// What about the tables as a whole keeps rows out, or from being found.
pub(super) async fn faults(client: &Client, schema: &Schema) -> Result<Vec<TableFault>, DbError> {
    let mut found = Vec::new();
    for entity in &schema.entities {
        found.extend(faults::look(client, entity).await?);
    }
    Ok(found)
}

pub(super) fn fail_if_any(faults: Vec<TableFault>) -> Result<(), LoadError> {
    if faults.is_empty() { Ok(()) } else { Err(LoadError::Faults(faults)) }
}

async fn look_for(
    client: &Client,
    schema: &Schema,
    matters: impl Fn(&Misfit) -> bool,
) -> Result<Vec<Option<TableInfo>>, LoadError> {
    let mut tables = Vec::new();
    let mut misfits = Vec::new();
    for entity in &schema.entities {
        let table = catalog::look_up(client, &entity.table).await?;
        if let Some(table) = &table {
            misfits.extend(catalog::misfits(entity, table).into_iter().filter(&matters));
            misfits.extend(limits::unheld_defaults(entity, table));
        }
        tables.push(table);
    }
    if misfits.is_empty() { Ok(tables) } else { Err(LoadError::Misfits(misfits)) }
}

/// Creates a table as `muster schema ddl` prints it.
pub(super) async fn create(
    client: &Client,
    schema: &Schema,
    entity: EntityIndex,
) -> Result<TableInfo, LoadError> {
    let table = &schema.entities[entity].table;
    let doing = format!("creating table {table}");
    for statement in ddl::create(&schema.entities[entity], schema) {
        if let Err(error) = client.batch_execute(&statement).await {
            let source = DbError::of(&*doing, error);
            let table = table.to_string();
            return Err(if source.is_taken() {
                LoadError::Appeared { table, source }
            } else {
                source.into()
            });
        }
    }
    tracing::info!("created table {table}");
    // Another session may have renamed its schema.
    catalog::look_up(client, table).await?.ok_or_else(|| LoadError::gone(table))
}

/// Which of the keys in question the database holds. A missing table holds none.
pub(super) async fn held(
    client: &Client,
    schema: &Schema,
    tables: &[Option<TableInfo>],
    questions: &[Question],
) -> Result<HashSet<Question>, LoadError> {
    let mut by_entity: BTreeMap<EntityIndex, Vec<&Question>> = BTreeMap::new();
    for question in questions {
        by_entity.entry(question.entity).or_default().push(question);
    }
    let mut held = HashSet::new();
    for (index, questions) in by_entity {
        let Some(table) = &tables[index] else { continue };
        let entity = &schema.entities[index];
        let sql = format!(
            "SELECT k.n FROM unnest($1::text[]) WITH ORDINALITY k (key, n) JOIN {name} t ON {has_key}",
            name = entity.table,
            has_key = table.has_text("t", &entity.fields[entity.key].column, "k.key"),
        );
        for batch in questions.chunks(BATCH) {
            let keys: Vec<String> =
                batch.iter().map(|question| RowEncoder::unescape(&question.key)).collect();
            let rows = client
                .query(&sql, &[&keys])
                .await
                .map_err(|e| DbError::of(format!("asking table {} about keys", entity.table), e))?;
            // Numbered from 1 by the server, and never more than were sent.
            let asked = rows.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0) - 1).ok());
            held.extend(asked.filter_map(|at| batch.get(at)).map(|question| (*question).clone()));
        }
    }
    Ok(held)
}
