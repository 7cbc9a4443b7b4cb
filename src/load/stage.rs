//! All clean rows into a staging table, by COPY, as they stand in the spool: only the row's number and its
//! layout are put before them.

use std::collections::HashMap;

use crate::db::postgres::Client;
use crate::db::{CopyIn, DbError};
use crate::event::{Event, Listener, Stage};
use crate::fault::{self, Point};
use crate::read::{Harvest, Layout};
use crate::record::RowNumber;

use super::LoadError;
use super::sql::Statements;

/// The layout of rows that are to be deleted: only their keys are looked at.
pub(super) const DELETED: i16 = -1;

/// The distinct layouts of an entity's files, and which one each file has.
#[derive(Debug, Clone)]
pub(crate) struct Layouts<'h> {
    /// The layouts; their position is their number.
    pub(crate) distinct: Vec<&'h Layout>,
    /// Per file the layout's number.
    pub(crate) of_file: Vec<usize>,
}

impl<'h> Layouts<'h> {
    pub(crate) fn of(harvest: &'h Harvest) -> Self {
        let mut numbers = HashMap::new();
        let mut distinct = Vec::new();
        let of_file = harvest
            .files
            .iter()
            .map(|file| {
                *numbers.entry(&file.layout).or_insert_with(|| {
                    distinct.push(&file.layout);
                    distinct.len() - 1
                })
            })
            .collect();
        Self { distinct, of_file }
    }
}

/// Fills the staging table of one entity.
pub(crate) async fn stage(
    client: &Client,
    statements: &Statements<'_>,
    harvest: &Harvest,
    layouts: &Layouts<'_>,
    listener: &dyn Listener,
) -> Result<(), LoadError> {
    let entity = &statements.entity.name;
    listener.on(Event::Started { stage: Stage::Send, entity, total: Some(harvest.rows) });
    let doing = format!("staging {entity}");
    client.batch_execute(&statements.create_stage()).await.map_err(|e| DbError::of(&*doing, e))?;
    fault::reach(Point::StageCreated);
    let mut staged = 0;
    for (number, layout) in layouts.distinct.iter().enumerate() {
        let mut copy = CopyIn::begin(client, &statements.copy_stage(layout), &doing).await?;
        let mut buffer = Vec::new();
        let segments = harvest.segments.iter().filter(|s| layouts.of_file[usize::from(s.file)] == number);
        for segment in segments {
            let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
            let mut digits = itoa::Buffer::new();
            let layout_column = format!("\t{number}\t");
            let deleted_column = format!("\t{DELETED}\t");
            for (row, bytes) in (segment.first..).zip(rows.iter()) {
                let out = copy.buffer();
                out.extend_from_slice(digits.format(row).as_bytes());
                let deleted = harvest.deletes.binary_search(&RowNumber(row)).is_ok();
                out.extend_from_slice(if deleted { &deleted_column } else { &layout_column }.as_bytes());
                out.extend_from_slice(bytes);
                copy.flow().await?;
            }
            listener.on(Event::Advanced { by: segment.rows, rows: segment.rows });
            if segment.first == 0 {
                fault::reach(Point::StageHalf);
            }
        }
        staged += copy.finish().await?;
    }
    analyze(client, &statements.stage()).await.map_err(|e| DbError::of(&*doing, e))?;
    listener.on(Event::Finished);
    if staged == harvest.rows {
        Ok(())
    } else {
        Err(LoadError::Staged { entity: entity.clone(), sent: harvest.rows, arrived: staged })
    }
}

/// Gives a temporary table statistics. The planner needs the number of rows and whether values repeat; the
/// usual sample, ten times as large, took a tenth of the run where nothing had changed.
pub(super) async fn analyze(client: &Client, table: &str) -> Result<(), crate::db::postgres::Error> {
    let sql = format!(
        "SET LOCAL default_statistics_target = 10; ANALYZE {table}; SET LOCAL default_statistics_target TO DEFAULT"
    );
    client.batch_execute(&sql).await
}
