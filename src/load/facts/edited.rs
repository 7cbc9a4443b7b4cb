//! Rows that were changed in the target after muster wrote them, for `--protect-edited`.
//!
//! A row's last writer is known by its `xmin`; if an undo put the row back, by the transaction that the journal says it
//! counts as. If that is no run of muster's, as after a restored dump, the hash of the row as the last of muster's runs
//! left it decides; a row that an older muster inserted has none, and counts as edited. A row that muster never wrote,
//! or whose undo data was pruned or not kept, does not count as edited.

use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::journal::{Images, canonical};
use crate::load::layouts::Layouts;
use crate::load::rows::{EntityRows, row_number};
use crate::settle::Facts;

/// Finds the staged rows that would change or delete an edited row.
pub(super) async fn find(
    context: &Context<'_>,
    item: &EntityRows<'_>,
    layouts: &Layouts<'_>,
    facts: &mut Facts,
) -> Result<(), LoadError> {
    let statements = context.statements(item.entity);
    let entity = statements.entity;
    let doing = format!("looking for edited rows of table {}", entity.table);
    let images =
        Images::of(context.client, &entity.name, &canonical(&entity.table), &entity.system.id).await?;
    let layouts = layouts.distinct.iter().enumerate();
    let mut asked: Vec<String> =
        layouts.filter_map(|(number, layout)| statements.edited(number, layout, &images)).collect();
    if !item.harvest.deletes.is_empty() {
        asked.push(statements.edited_and_deleted(&images));
    }
    for sql in asked {
        let rows = context.query(&sql, &doing).await?;
        facts.take_edited(item.entity, rows.iter().map(|row| (row_number(row.get(0)), row.get(1))));
    }
    Ok(())
}
