//! The load of one entity into its empty table.

use std::collections::HashMap;

use crate::db::catalog::TableInfo;
use crate::db::{CopyIn, DbError, LEAVE};
use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::journal::Image;
use crate::load::layouts::Layouts;
use crate::load::row_copy::{RowWriter, after_id};
use crate::load::rows::{EntityRows, Written, count};
use crate::record::{EntityIndex, RowNumber};
use crate::schema::Entity;
use crate::settle::{EntityVerdict, Fate};

use super::definition::Definition;
use super::hashes::Hashes;
use super::identifiers::Identifiers;
use super::parents::Parents;

/// An entity whose rows are copied straight into its empty table.
pub(crate) struct EmptyTable<'a> {
    context: &'a Context<'a>,
    item: EntityRows<'a>,
    layouts: &'a Layouts<'a>,
    entity: &'a Entity,
    info: &'a TableInfo,
}

impl<'a> EmptyTable<'a> {
    pub(crate) fn of(context: &'a Context<'a>, item: &EntityRows<'a>, layouts: &'a Layouts<'a>) -> Self {
        let (entity, info) = (context.entity(item.entity), context.table(item.entity));
        Self { context, item: *item, layouts, entity, info }
    }

    /// Loads the kept rows, writes them to the journal, and checks their number. Returns it with their identifiers.
    /// `loaded` has the identifiers of entities that were loaded in this way before.
    pub(crate) async fn load(
        &self,
        verdict: &EntityVerdict,
        loaded: &HashMap<EntityIndex, Identifiers>,
    ) -> Result<(u64, Identifiers), LoadError> {
        let Context { client, listener, .. } = *self.context;
        let (table, name) = (&self.entity.table, self.entity.name.as_str());
        let parents = loaded.keys().map(|&entity| &self.context.entity(entity).table);
        let locked: Vec<_> = parents.chain([table]).map(ToString::to_string).collect();
        let definition = Definition::read(client, table, &locked).await?;
        let identifiers = Identifiers::reserve(client, self.entity, verdict).await?;
        fault::reach(Point::Reserved);
        let parents = Parents::of(self.context, &self.item, verdict, loaded).await?;
        definition.take_down(client, table).await?;
        fault::reach(Point::TakenDown);
        listener.on(Event::Started { stage: Stage::Send, entity: name, total: Some(verdict.accepted) });
        let (inserted, mut hashes) = self.send(verdict, &identifiers, &parents).await?;
        fault::reach(Point::Copied);
        listener.on(Event::Finished);
        listener.on(Event::Started { stage: Stage::Upsert, entity: name, total: None });
        let doing = self.doing();
        self.context.execute("SET LOCAL maintenance_work_mem = '256MB'", &doing).await?;
        definition.put_back(client, table).await?;
        fault::reach(Point::PutBack);
        self.context.execute("SET LOCAL maintenance_work_mem TO DEFAULT", &doing).await?;
        self.context.execute(&format!("ANALYZE {table}"), &doing).await?;
        fault::reach(Point::Analyzed);
        listener.on(Event::Finished);
        if self.context.options.undoable {
            hashes.note(self.context, &self.item, self.layouts, &identifiers, &verdict.fates).await?;
            fault::reach(Point::RangeNoted);
        }
        check_count(self.context, self.item.entity, Written { inserted, ..Written::default() }).await?;
        fault::reach(Point::ReadBack);
        Ok((inserted, identifiers))
    }

    async fn send(
        &self,
        verdict: &EntityVerdict,
        identifiers: &Identifiers,
        parents: &[Parents<'_>],
    ) -> Result<(u64, Hashes), LoadError> {
        let harvest = self.item.harvest;
        let mut hashes = Hashes::new(harvest);
        let doing = self.doing();
        let mut sent = 0;
        for (number, layout) in self.layouts.distinct.iter().enumerate() {
            let writer = RowWriter::new(self.entity, self.info, layout);
            self.context.execute(&self.context.path.enter(), &doing).await?;
            let mut copy = CopyIn::begin(self.context.client, &writer.statement, &doing).await?;
            let mut buffer = Vec::new();
            let image = Image::of(self.entity, self.info, layout);
            let is_hashed = self.context.options.undoable && image.is_known(self.entity, self.info);
            let mut hasher = is_hashed.then(|| image.hasher());
            let segments = harvest.segments.iter().enumerate();
            for (place, segment) in segments.filter(|(_, s)| self.layouts.of_segment(s) == number) {
                let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
                let mut kept = 0;
                let mut hashed = Vec::new();
                for (row, bytes) in (segment.first..).map(RowNumber).zip(rows.iter()) {
                    if verdict.fates[row] != Fate::Kept {
                        continue;
                    }
                    let out = copy.buffer();
                    let start = out.len();
                    writer.write(out, identifiers.of(row), bytes, |reference, key| {
                        parents[reference].identifier(key, verdict.parents[reference][row])
                    });
                    if let Some(hasher) = &mut hasher {
                        hashed.extend_from_slice(&hasher.hash(after_id(&out[start..])));
                    }
                    copy.flow().await?;
                    kept += 1;
                }
                if is_hashed {
                    hashes.put(place, hashed).map_err(LoadError::Spool)?;
                }
                self.context.listener.on(Event::Advanced { by: kept, rows: kept });
                if segment.first == 0 {
                    fault::reach(Point::CopyHalf);
                }
            }
            sent += copy.finish().await?;
            self.context.execute(LEAVE, &doing).await?;
        }
        Ok((sent, hashes))
    }

    fn doing(&self) -> String {
        format!("loading table {}", self.entity.table)
    }
}

/// Checks that a table that was empty has as many rows as were inserted.
pub(crate) async fn check_count(
    context: &Context<'_>,
    entity: EntityIndex,
    written: Written,
) -> Result<(), LoadError> {
    let entity = context.entity(entity);
    let sql = format!("SELECT count(*) FROM {}", entity.table);
    let doing = format!("counting the rows of table {}", entity.table);
    let row = context.client.query_one(&sql, &[]).await.map_err(|e| DbError::of(doing, e))?;
    LoadError::unless_found(entity, written, Written { inserted: count(row.get(0)), ..written })
}
