//! Staging: all clean rows go by COPY to a temporary table, as they are in the spool, with their number and their
//! layout's before them; then they are compared with the target table.

use crate::db::postgres::{Client, Error};
use crate::db::{CopyIn, DbError};
use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::load::error::LoadError;
use crate::load::layouts::DELETED;
use crate::record::RowNumber;

use super::staged::Staged;

/// Fills the staging table of an entity, and plans what is to happen to each row. This comes before the verdicts, which
/// ask for what is found here: one join answers both.
pub(crate) async fn stage(rows: &Staged<'_>) -> Result<(), LoadError> {
    let (client, statements, harvest) = (rows.client, &rows.statements, rows.harvest);
    let entity = &statements.entity.name;
    rows.listener.on(Event::Started { stage: Stage::Send, entity, total: Some(harvest.rows) });
    let doing = format!("staging {entity}");
    client.batch_execute(&statements.create_stage()).await.map_err(|e| DbError::of(&*doing, e))?;
    fault::reach(Point::StageCreated);
    let is_unsent = |row: RowNumber| rows.unsent.binary_search_by_key(&row, |(unsent, _)| *unsent).is_ok();
    let mut staged = 0;
    for (number, layout) in rows.layouts() {
        let mut copy = CopyIn::begin(client, &statements.copy_stage(layout), &doing).await?;
        let mut buffer = Vec::new();
        let layout_column = format!("\t{number}\t");
        let deleted_column = format!("\t{DELETED}\t");
        let mut digits = itoa::Buffer::new();
        for segment in harvest.segments.iter().filter(|s| rows.layouts.of_segment(s) == number) {
            let opened = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
            for (row, bytes) in (segment.first..).zip(opened.iter()) {
                if is_unsent(RowNumber(row)) {
                    continue;
                }
                let out = copy.buffer();
                out.extend_from_slice(digits.format(row).as_bytes());
                let deleted = harvest.deletes.binary_search(&RowNumber(row)).is_ok();
                out.extend_from_slice(if deleted { &deleted_column } else { &layout_column }.as_bytes());
                out.extend_from_slice(bytes);
                copy.flow().await?;
            }
            rows.listener.on(Event::Advanced { by: segment.rows, rows: segment.rows });
            if segment.first == 0 {
                fault::reach(Point::StageHalf);
            }
        }
        staged += copy.finish().await?;
    }
    analyze(client, &statements.stage()).await.map_err(|e| DbError::of(&*doing, e))?;
    rows.listener.on(Event::Finished);
    let sent = harvest.rows - rows.unsent.len() as u64;
    if staged != sent {
        return Err(LoadError::Staged { entity: entity.clone(), sent, arrived: staged });
    }
    plan(rows).await
}

async fn plan(rows: &Staged<'_>) -> Result<(), LoadError> {
    rows.execute(&rows.statements.create_plan()).await?;
    for (number, layout) in rows.layouts() {
        rows.execute(&rows.statements.compare(number, layout)).await?;
    }
    // Without statistics the server takes the plan for a handful of rows, and joins it row by row.
    analyze(rows.client, &rows.statements.plan()).await.map_err(|e| DbError::of(rows.doing(), e))?;
    fault::reach(Point::Compared);
    Ok(())
}

/// Gives a temporary table statistics. The planner needs the number of rows and whether values repeat; the
/// usual sample, ten times as large, took a tenth of the run when nothing had changed.
async fn analyze(client: &Client, table: &str) -> Result<(), Error> {
    let sql = format!(
        "SET LOCAL default_statistics_target = 10; ANALYZE {table}; SET LOCAL default_statistics_target TO DEFAULT"
    );
    client.batch_execute(&sql).await
}
