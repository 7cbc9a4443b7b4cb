//! What the database knows of the staged rows.

use crate::db::postgres::Row;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::layouts::Layouts;
use crate::load::limits;
use crate::load::rows::{EntityRows, row_number};
use crate::read::slots;
use crate::record::Slot;
use crate::settle::{Facts, InUse};

use super::{edited, otherwise};

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
        for field in statements.lenient() {
            let slot = slots(entity).iter().position(|&own| own == field).map(Slot);
            if let (Some(slot), Some(sql)) = (slot, statements.alike(field)) {
                let rows = context.query(&sql, &doing).await?;
                let rows = rows.iter().map(|row| (row_number(row.get(0)), row_number(row.get(1))));
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
            } else if context.options.changes {
                let goes = !item.harvest.deletes.is_empty() && !context.is_referred_to(item.entity);
                statements.in_use_and_freed(field, &layouts, goes)
            } else {
                statements.in_use(field)
            };
            let rows = context.query(&sql, &doing).await?;
            let freed_by = |row: &Row| match row.try_get::<_, Vec<i64>>(1) {
                Ok(rows) => rows.into_iter().map(row_number).collect(),
                Err(_) => Vec::new(),
            };
            let in_use =
                |row: &Row| InUse { row: row_number(row.get(0)), slot: Slot(slot), freed_by: freed_by(row) };
            facts.take_in_use(item.entity, rows.iter().map(in_use));
        }
        if context.options.protect_edited {
            edited::find(context, item, &layouts, &mut facts).await?;
        }
    }
    Ok(facts)
}
