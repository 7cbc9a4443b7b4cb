//! What the journal keeps of rows that were copied straight into a table: their identifiers, and a hash of each (see
//! `journal::image`). The hashes are spooled until the COPY has ended. If the client cannot know what the server
//! stored, the server computes them from the table.

use std::io;
use std::ops::Range;

use crate::db::DbError;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::journal::{HASH_SIZE, Image, InsertedBlocks};
use crate::load::layouts::Layouts;
use crate::load::rows::EntityRows;
use crate::read::{Harvest, Piece, Segment, Spool};
use crate::record::RowNumber;
use crate::settle::Fate;
use crate::sql::ident;

use super::identifiers::Identifiers;

/// How many bytes of hashes stay in memory.
const MEMORY: usize = 1 << 20;

/// The hashes of an entity's kept rows.
#[derive(Debug)]
pub(super) struct Hashes {
    spool: Spool,
    /// Per segment of the harvest; `None` until the server has computed them.
    pieces: Vec<Option<Piece>>,
}

impl Hashes {
    pub(super) fn new(harvest: &Harvest) -> Self {
        let pieces = harvest.segments.iter().map(|_| None).collect();
        Self { spool: harvest.spool.beside(MEMORY), pieces }
    }

    /// Takes those of a segment's kept rows, in their order.
    pub(super) fn put(&mut self, segment: usize, hashes: Vec<u8>) -> io::Result<()> {
        self.pieces[segment] = Some(self.spool.put(hashes)?);
        Ok(())
    }

    /// Writes the kept rows to the journal; `fates` says which they are. A block of the journal is a stretch of
    /// consecutive rows.
    pub(super) async fn note(
        &mut self,
        context: &Context<'_>,
        item: &EntityRows<'_>,
        layouts: &Layouts<'_>,
        identifiers: &Identifiers,
        fates: &[Fate],
    ) -> Result<(), LoadError> {
        let (entity, info) = (context.entity(item.entity), context.table(item.entity));
        let origin = context.origin(item.entity);
        for (number, layout) in layouts.distinct.iter().enumerate() {
            let image = Image::of(entity, info, layout);
            image.note(context.client, origin, number).await?;
            if !image.is_known(entity, info) {
                let is_own = |segment: &Segment| layouts.of_segment(segment) == number;
                self.compute(context, item, &image, identifiers, fates, is_own).await?;
            }
        }
        let mut blocks = InsertedBlocks::begin(context.client, origin).await?;
        let mut id = identifiers.first;
        let mut buffer = Vec::new();
        for (segment, piece) in item.harvest.segments.iter().zip(&self.pieces) {
            let mut left = match piece {
                Some(piece) => self.spool.get(piece, &mut buffer).map_err(LoadError::Spool)?,
                None => &[],
            };
            let image = layouts.of_segment(segment);
            let Range { start: mut row, end } = rows(segment);
            while row < end {
                let kept = fates[row..end].iter().take_while(|fate| **fate == Fate::Kept).count();
                if kept == 0 {
                    row += 1;
                    continue;
                }
                let (own, rest) = left.split_at((kept * HASH_SIZE).min(left.len()));
                blocks.consecutive(id, kept, row, image, own).await?;
                id += i64::try_from(kept).unwrap_or(i64::MAX);
                (left, row) = (rest, row + kept);
            }
        }
        blocks.finish().await
    }

    /// Has the server hash the rows of an image as it stored them, in one scan of the table, segment by segment.
    async fn compute(
        &mut self,
        context: &Context<'_>,
        item: &EntityRows<'_>,
        image: &Image,
        identifiers: &Identifiers,
        fates: &[Fate],
        is_own: impl Fn(&Segment) -> bool,
    ) -> Result<(), LoadError> {
        let has_rows = |segment: &&Segment| fates[rows(segment)].contains(&Fate::Kept);
        let filled: Vec<_> = (0..).zip(&item.harvest.segments).filter(|(_, s)| has_rows(s)).collect();
        let firsts: Vec<i64> =
            filled.iter().map(|(_, segment)| identifiers.of(RowNumber(segment.first))).collect();
        let entity = context.entity(item.entity);
        let sql = format!(
            "SELECT width_bucket(t.{id}::bigint, $1::bigint[]), string_agg({hash}, ''::bytea ORDER BY t.{id})
             FROM {table} t GROUP BY 1",
            id = ident(&entity.system.id),
            hash = image.hash(),
            table = entity.table,
        );
        let found = context.client.query(&sql, &[&firsts]).await;
        for row in found.map_err(|e| DbError::of("writing the journal", e))? {
            // The server counts from 1.
            let place = usize::try_from(row.get::<_, i32>(0) - 1).unwrap_or(usize::MAX);
            if let Some((segment, _)) = filled.get(place).filter(|(_, segment)| is_own(segment)) {
                self.put(*segment, row.get(1)).map_err(LoadError::Spool)?;
            }
        }
        Ok(())
    }
}

/// The positions of a segment's rows.
fn rows(segment: &Segment) -> Range<usize> {
    RowNumber(segment.first).position()..RowNumber(segment.first + segment.rows).position()
}
