//! The beginning of the transaction: locks first, then the snapshot, then the missing tables, and which path each table
//! takes.

use crate::db::hold;
use crate::fault::{self, Point};
use crate::record::EntityIndex;
use crate::schema::OnUpdate;

use super::context::Context;
use super::error::LoadError;
use super::filled::foreign_keys;
use super::path::{self, Obstacle};
use super::repertoire::Repertoire;
use super::rows::EntityRows;
use super::{facts, journal, tables};

/// What is found must stay true until it is acted on, so the whole transaction has one snapshot. The joins of a million
/// staged rows get more memory than the usual 4 MB, or they would go to disk. The statements compute too little to be
/// worth compiling.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ;
    SET LOCAL work_mem = '192MB'; SET LOCAL temp_buffers = '128MB'; SET LOCAL jit = off";

const LOCKING: &str = "locking the tables";

/// How long to wait for the lock of an empty table.
const LOCK_PATIENCE: &str = "3s";

/// Begins the transaction, creates the missing tables and those of the journal, and decides which path each takes.
pub(super) async fn begin(context: &mut Context<'_>, entities: &[EntityRows<'_>]) -> Result<(), LoadError> {
    let (client, schema) = (context.client, context.schema);
    let fields = schema.entities.iter().flat_map(|entity| &entity.fields);
    if !fields.into_iter().all(|field| field.policy(context.options.on_empty) == OnUpdate::Overwrite) {
        context
            .obstacles
            .fill(Some(Obstacle::Unusual("empty cells must be distinguished from default values")));
    }
    // A table that already has rows, or is unusual, is not locked: its readers need not wait.
    for (at, item) in entities.iter().enumerate() {
        if context.tables[item.entity].is_some() && !context.is_staged(item.entity) {
            context.obstacles[item.entity] = obstacle(context, item.entity, &entities[..at]).await?;
        }
    }
    begin_and_lock(context, entities).await?;
    fault::reach(Point::TransactionBegun);
    // Under the locks: a table may have been altered since it was looked at.
    let now = tables::look(client, schema).await?;
    for ((known, now), entity) in context.tables.iter_mut().zip(now).zip(&schema.entities) {
        if known.is_some() {
            *known = Some(now.ok_or_else(|| LoadError::gone(&entity.table))?);
        }
    }
    context.repertoire = Repertoire::of(client, entities).await?;
    for item in entities {
        context.unsent[item.entity] = context.repertoire.refused(item.harvest)?;
    }
    for index in (0..context.tables.len()).map(EntityIndex) {
        if context.tables[index].is_none() {
            context.tables[index] = Some(tables::create(client, schema, index).await?);
        }
    }
    journal::ensure(client).await?;
    fault::reach(Point::TablesMade);
    for (at, item) in entities.iter().enumerate() {
        let entity = &schema.entities[item.entity];
        if !context.is_staged(item.entity) {
            // Under the lock an empty table stays empty.
            context.obstacles[item.entity] = obstacle(context, item.entity, &entities[..at]).await?;
        }
        match context.obstacles[item.entity] {
            None => tracing::info!("table {}: rows are copied straight in", entity.table),
            Some(why) => tracing::info!("table {}: rows are staged and merged: {why}", entity.table),
        }
    }
    Ok(())
}

/// What keeps an existing table from the direct path, if anything does. The rows of `before` are loaded before its own.
async fn obstacle(
    context: &Context<'_>,
    entity: EntityIndex,
    before: &[EntityRows<'_>],
) -> Result<Option<Obstacle>, LoadError> {
    if facts::lenient(context.entity(entity), context.table(entity)).next().is_some() {
        return Ok(Some(Obstacle::Unusual("a unique column takes different values for the same")));
    }
    let direct = before.iter().filter(|item| !context.is_staged(item.entity));
    let locked: Vec<_> = direct.map(|item| context.entity(item.entity).table.to_string()).collect();
    Ok(path::obstacle(context.client, context.schema, context.entity(entity), &locked).await?)
}

/// Locks the tables that seem empty, before the transaction first looks at any row. If another session holds one for
/// too long, these tables take the staged path instead.
async fn begin_and_lock(context: &mut Context<'_>, entities: &[EntityRows<'_>]) -> Result<(), LoadError> {
    let references = entities.iter().flat_map(|item| context.entity(item.entity).references());
    let parents = references.map(|(_, reference)| &context.schema.entities[reference.entity].table);
    let own = entities.iter().map(|item| &context.entity(item.entity).table);
    let hold = hold::statement(context.client, own.chain(parents)).await?;
    context.execute(BEGIN, "beginning the transaction").await?;
    foreign_keys::hold_definitions(context, entities).await?;
    let indexes = entities.iter().map(|item| item.entity);
    let empty: Vec<EntityIndex> =
        indexes.filter(|&entity| context.tables[entity].is_some() && !context.is_staged(entity)).collect();
    if empty.is_empty() {
        return context.execute(&hold, LOCKING).await;
    }
    let names: Vec<_> = empty.iter().map(|&entity| context.entity(entity).table.to_string()).collect();
    let lock = format!(
        "SET LOCAL lock_timeout = '{LOCK_PATIENCE}'; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE;
         SET LOCAL lock_timeout TO DEFAULT",
        names.join(", ")
    );
    match context.execute(&lock, "locking the empty tables").await {
        Err(LoadError::Database(error)) if error.sqlstate().is_some_and(|s| s.code() == "55P03") => {
            for entity in empty {
                context.obstacles[entity] = Some(Obstacle::InUse);
            }
            context.execute(&format!("ROLLBACK; {BEGIN}"), "beginning again").await?;
            foreign_keys::hold_definitions(context, entities).await?;
        }
        other => other?,
    }
    context.execute(&hold, LOCKING).await
}
