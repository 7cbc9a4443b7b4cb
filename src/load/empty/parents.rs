//! The identifiers that a reference's keys lead to.

use std::collections::HashMap;

use crate::db::DbError;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::rows::{EntityRows, count};
use crate::record::{EntityIndex, RowEncoder, RowNumber};
use crate::schema::FieldIndex;
use crate::settle::{EntityVerdict, Fate, NO_PARENT};
use crate::sql::ident;

use super::identifiers::Identifiers;

/// How many keys are looked up at a time.
const BATCH: usize = 20_000;

/// What the keys of a reference lead to.
pub(super) enum Parents<'a> {
    /// Rows that this run has just loaded.
    Loaded(&'a Identifiers),
    /// Rows that the table had before: raw key to identifier.
    InTable(HashMap<Vec<u8>, i64>),
}

impl<'a> Parents<'a> {
    /// For each reference of the entity. `loaded` has the identifiers of the entities that this run has loaded.
    pub(super) async fn of(
        context: &Context<'_>,
        item: &EntityRows<'_>,
        verdict: &EntityVerdict,
        loaded: &'a HashMap<EntityIndex, Identifiers>,
    ) -> Result<Vec<Self>, LoadError> {
        let mut all = Vec::new();
        for (field, reference) in context.entity(item.entity).references() {
            let parent = EntityIndex(reference.entity);
            all.push(match loaded.get(&parent) {
                Some(identifiers) => Self::Loaded(identifiers),
                None => Self::InTable(look_up(context, item, field, parent, verdict).await?),
            });
        }
        Ok(all)
    }

    /// What a key leads to; `row` is the parent's number among the clean rows of this run.
    pub(super) fn identifier(&self, key: &[u8], row: u32) -> Option<i64> {
        match self {
            Self::Loaded(identifiers) => {
                (row != NO_PARENT).then(|| identifiers.of(RowNumber(u64::from(row))))
            }
            Self::InTable(ids) => ids.get(key).copied(),
        }
    }
}

async fn look_up(
    context: &Context<'_>,
    item: &EntityRows<'_>,
    field: FieldIndex,
    parent: EntityIndex,
    verdict: &EntityVerdict,
) -> Result<HashMap<Vec<u8>, i64>, LoadError> {
    let harvest = item.harvest;
    let mut keys: HashMap<Vec<u8>, i64> = HashMap::new();
    let mut buffer = Vec::new();
    for segment in &harvest.segments {
        let layout = harvest.layout(segment.file);
        let Some(position) = layout.fields.iter().position(|&f| f == field) else { continue };
        let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (bytes, fate) in rows.iter().zip(&verdict.fates[RowNumber(segment.first).position()..]) {
            if let Some(key) = RowEncoder::field(bytes, position).filter(|_| *fate == Fate::Kept)
                && !keys.contains_key(key)
            {
                keys.insert(key.to_vec(), 0);
            }
        }
    }
    let (parent, info) = (context.entity(parent), context.table(parent));
    let sql = format!(
        "SELECT k.n, t.{id}::bigint FROM unnest($1::text[]) WITH ORDINALITY k (key, n)
         JOIN {table} t ON {has_key}",
        id = ident(&parent.system.id),
        table = parent.table,
        has_key = info.has_text("t", &parent.fields[parent.key].column, "k.key"),
    );
    let asked: Vec<Vec<u8>> = keys.keys().cloned().collect();
    for batch in asked.chunks(BATCH) {
        let texts: Vec<String> = batch.iter().map(|raw| RowEncoder::unescape(raw)).collect();
        let rows = context.client.query(&sql, &[&texts]).await;
        for row in rows.map_err(|e| DbError::of(format!("looking up keys of table {}", parent.table), e))? {
            // The server counts from 1.
            let at = usize::try_from(count(row.get(0))).unwrap_or(0);
            if let Some(id) = batch.get(at.wrapping_sub(1)).and_then(|key| keys.get_mut(key)) {
                *id = row.get(1);
            }
        }
    }
    Ok(keys)
}
