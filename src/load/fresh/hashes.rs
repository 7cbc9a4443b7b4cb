//! What the journal notes of rows that went straight into a table: which got which ids, and a hash of each (see
//! `super::super::journal`). The hashes wait in a spool of their own until the COPY has ended; where the client
//! cannot know what the server stored, the server makes them of the table.

use std::io;
use std::ops::Range;

use crate::db::{CopyIn, DbError};
use crate::read::{Harvest, Piece, Segment, Spool};
use crate::settle::Fate;
use crate::sql::ident;

use super::super::LoadError;
use super::super::journal::{HASH_SIZE, Image, Origin};
use super::super::stage::Layouts;
use super::Fresh;
use super::send::Identifiers;

/// How many bytes of hashes stay in memory.
const MEMORY: usize = 1 << 20;

const DOING: &str = "writing the journal";

/// The hashes of an entity's kept rows.
#[derive(Debug)]
pub(crate) struct Hashes {
    spool: Spool,
    /// Per segment of the harvest; none where the server makes them.
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
}

impl Fresh<'_> {
    /// Notes the kept rows, which have their identifiers in row order without a gap: `fates` says which they are.
    /// A block of the journal is a stretch of rows that follow each other.
    pub(crate) async fn note(
        &self,
        origin: Origin<'_>,
        identifiers: &Identifiers,
        fates: &[Fate],
        mut hashes: Hashes,
    ) -> Result<(), LoadError> {
        let layouts = Layouts::of(self.harvest);
        for (number, layout) in layouts.distinct.iter().enumerate() {
            let image = Image::of(self.entity, self.info, layout);
            image.note(self.client, origin, number).await?;
            if !image.is_known(self.entity, self.info) {
                let own = |segment: &Segment| layouts.of_file[usize::from(segment.file)] == number;
                self.hash_stored(&image, identifiers, fates, own, &mut hashes).await?;
            }
        }
        let sql = "COPY muster.inserted (run, entity, first_id, last_id, rows, first_row, image, hashes) FROM STDIN";
        let mut copy = CopyIn::begin(self.client, sql, DOING).await?;
        let mut id = identifiers.first();
        let mut buffer = Vec::new();
        for (segment, piece) in self.harvest.segments.iter().zip(&hashes.pieces) {
            let mut left = match piece {
                Some(piece) => hashes.spool.get(piece, &mut buffer).map_err(LoadError::Spool)?,
                None => &[],
            };
            let image = layouts.of_file[usize::from(segment.file)];
            let Range { start: mut row, end } = rows(segment);
            while row < end {
                let kept = fates[row..end].iter().take_while(|fate| **fate == Fate::Kept).count();
                if kept == 0 {
                    row += 1;
                    continue;
                }
                let count = i64::try_from(kept).unwrap_or(i64::MAX);
                let (run, entity, last) = (origin.run, origin.entity, id + count - 1);
                let line = format!("{run}\t{entity}\t{id}\t{last}\t{kept}\t{row}\t{image}\t");
                copy.buffer().extend_from_slice(line.as_bytes());
                let (own, rest) = left.split_at((kept * HASH_SIZE).min(left.len()));
                hexadecimal(copy.buffer(), own);
                copy.buffer().extend_from_slice(b"\n");
                copy.flow().await?;
                (left, id, row) = (rest, id + count, row + kept);
            }
        }
        copy.finish().await?;
        Ok(())
    }

    /// Has the server hash the rows of an image as it stored them, in one scan of the table, segment by segment.
    async fn hash_stored(
        &self,
        image: &Image,
        identifiers: &Identifiers,
        fates: &[Fate],
        is_own: impl Fn(&Segment) -> bool,
        hashes: &mut Hashes,
    ) -> Result<(), LoadError> {
        let has_rows = |segment: &&Segment| fates[rows(segment)].contains(&Fate::Kept);
        let filled: Vec<_> = (0..).zip(&self.harvest.segments).filter(|(_, s)| has_rows(s)).collect();
        let firsts: Vec<i64> = filled.iter().map(|(_, segment)| identifiers.of(segment.first)).collect();
        let sql = format!(
            "SELECT width_bucket(t.{id}::bigint, $1::bigint[]), string_agg({hash}, ''::bytea ORDER BY t.{id})
             FROM {table} t GROUP BY 1",
            id = ident(&self.entity.system.id),
            hash = image.hash(),
            table = self.entity.table,
        );
        let found = self.client.query(&sql, &[&firsts]).await.map_err(|e| DbError::of(DOING, e))?;
        for row in found {
            // Numbered from 1 by the server.
            let place = usize::try_from(row.get::<_, i32>(0) - 1).unwrap_or(usize::MAX);
            if let Some((segment, _)) = filled.get(place).filter(|(_, segment)| is_own(segment)) {
                hashes.put(*segment, row.get(1)).map_err(LoadError::Spool)?;
            }
        }
        Ok(())
    }
}

/// The numbers of a segment's rows.
fn rows(segment: &Segment) -> Range<usize> {
    let number = |row| usize::try_from(row).unwrap_or(usize::MAX);
    number(segment.first)..number(segment.first + segment.rows)
}

/// Appends bytes as COPY's text of a `bytea`.
pub(in crate::load) fn hexadecimal(out: &mut bytes::BytesMut, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\\\x");
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
