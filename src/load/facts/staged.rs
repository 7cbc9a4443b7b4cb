//! What the database knows of the staged rows.

use crate::db::CopyOut;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::layouts::Layouts;
use crate::load::limits;
use crate::load::rows::{EntityRows, row_number};
use crate::read::slots;
use crate::record::Slot;
use crate::settle::{Facts, InUse};

use super::{alike, edited, otherwise};

/// Finds the rows that the tables do not allow as they are. An empty table allows all that its columns can hold.
pub(crate) async fn of_staged(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
) -> Result<Facts, LoadError> {
    let mut facts = Facts::of_a_database();
    for item in entities {
        let info = context.table(item.entity);
        facts.take_unheld(item.entity, limits::unheld(context.entity(item.entity), info, item.harvest)?);
    }
    for item in entities.iter().filter(|item| context.is_staged(item.entity)) {
        let statements = context.statements(item.entity);
        let entity = statements.entity;
        let layouts = Layouts::of(item.harvest);
        let doing = format!("asking table {} about keys", entity.table);
        let planned = context.query(&statements.planned(), &doing).await?;
        let planned = |at: usize| planned.first().map_or(0, |row| row.get::<_, i64>(at));
        let new = planned(0) + i64::try_from(item.harvest.deletes.len()).unwrap_or(i64::MAX);
        let written = new + planned(1);
        if written > 0 && otherwise::is_worth(context.client, entity, written).await? {
            let wanted = |field: usize| field != entity.key || new > 0;
            let stored =
                otherwise::find(context.client, context.schema, &context.tables, item, wanted).await?;
            facts.take_stored(item.entity, stored);
        }
        for field in alike::lenient(entity, statements.info) {
            let slot = slots(entity).iter().position(|&own| own == field).map(Slot);
            if let (Some(slot), Some(sql)) = (slot, statements.alike(field)) {
                let rows = pairs(context, &sql, &doing).await?;
                let rows = rows.into_iter().map(|(row, first)| (row_number(row), row_number(first)));
                facts.take_alike(item.entity, slot, rows);
            }
        }
        let present = |field: &usize| layouts.distinct.iter().any(|layout| layout.fields.contains(field));
        for (slot, field) in slots(entity).into_iter().enumerate().filter(|(_, field)| present(field)) {
            let sql = if entity.fields[field].reference.is_some() {
                if context.options.move_rows {
                    continue;
                }
                statements.moved(field)
            } else if field == entity.key {
                continue;
            } else {
                statements.in_use(field)
            };
            let rows = pairs(context, &sql, &doing).await?;
            let is_freed = context.options.changes && entity.fields[field].reference.is_none();
            let in_use = |(row, holder)| InUse {
                row: row_number(row),
                slot: Slot(slot),
                holder: Some(holder).filter(|_| is_freed),
            };
            let any = !rows.is_empty();
            facts.take_in_use(item.entity, rows.into_iter().map(in_use));
            if any && is_freed {
                let goes = !item.harvest.deletes.is_empty() && !context.is_referred_to(item.entity);
                let rows = pairs(context, &statements.freeing(field, &layouts, goes), &doing).await?;
                let freeing = rows.into_iter().map(|(holder, row)| (holder, row_number(row)));
                facts.take_freeing(item.entity, Slot(slot), freeing);
            }
        }
        if context.options.protect_edited {
            edited::find(context, item, &layouts, &mut facts).await?;
        }
    }
    Ok(facts)
}

/// Pairs of integers; there may be one for each row of the files. The second is 0 if there is none.
async fn pairs(context: &Context<'_>, sql: &str, doing: &str) -> Result<Vec<(i64, i64)>, LoadError> {
    let integer = |cell: &[u8]| -> Option<i64> { std::str::from_utf8(cell).ok()?.parse().ok() };
    let mut pairs = Vec::new();
    let mut copy = CopyOut::begin(context.client, &format!("COPY ({sql}) TO STDOUT"), doing).await?;
    while let Some(row) = copy.next().await? {
        let mut cells = row.trim_ascii_end().split(|&byte| byte == b'\t').filter_map(integer);
        if let Some(first) = cells.next() {
            pairs.push((first, cells.next().unwrap_or_default()));
        }
    }
    Ok(pairs)
}
