//! The clean rows of one block until they are loaded: encoded bytes, with the place of each row in its file.

use std::borrow::Cow;
use std::io;

use crate::record::Location;

use super::blocks::BlockStart;
use super::offset::offset;
use super::spool::{Piece, Spool};

/// The place of one clean row, relative to its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// One past the row's last byte in the segment.
    pub(crate) row_end: u32,
    /// The record's first byte in the block.
    pub(crate) start: u32,
    /// The record's length.
    pub(crate) len: u32,
    /// Physical lines before it in the block.
    pub(crate) line: u32,
    /// The number of its physical lines.
    pub(crate) lines: u32,
    /// Data records before it in the block.
    pub(crate) record: u32,
}

impl Place {
    const SIZE: usize = 24;

    /// The place of the row that ends at `row_end`, in a block that begins at `start`.
    #[inline]
    pub(crate) fn new(start: BlockStart, location: &Location, row_end: usize) -> Self {
        let within = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            row_end: offset(row_end),
            start: within(location.byte_start - start.offset),
            len: within(location.byte_end - location.byte_start),
            line: within(location.line_start - start.line),
            lines: within(location.line_end - location.line_start + 1),
            record: within(location.record - start.record),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        for part in [self.row_end, self.start, self.len, self.line, self.lines, self.record] {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Self {
        let part = |i: usize| u32::from_le_bytes([bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]);
        Self {
            row_end: part(0),
            start: part(4),
            len: part(8),
            line: part(12),
            lines: part(16),
            record: part(20),
        }
    }
}

/// The clean rows of one block.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Which of the entity's files.
    pub(crate) file: u16,
    /// The number of the first row among all clean rows of the entity, counted from 0.
    pub(crate) first: u64,
    /// How many rows.
    pub(crate) rows: u64,
    /// Where the block begins.
    start: BlockStart,
    /// The length of the encoded rows; the places follow them.
    text_len: usize,
    piece: Piece,
}

/// The encoded clean rows of a block, with their places.
pub(crate) struct PlacedRows<'p> {
    /// Where the block begins.
    pub(crate) start: BlockStart,
    /// The encoded rows.
    pub(crate) rows: Vec<u8>,
    /// One for each.
    pub(crate) places: &'p [Place],
}

impl Segment {
    /// Puts rows into the spool. `first` is the number of the first one among all clean rows of the entity.
    pub(crate) fn new(spool: &mut Spool, file: u16, first: u64, placed: PlacedRows<'_>) -> io::Result<Self> {
        let PlacedRows { start, mut rows, places } = placed;
        let text_len = rows.len();
        rows.reserve_exact(places.len() * Place::SIZE);
        for place in places {
            place.write(&mut rows);
        }
        rows.shrink_to_fit();
        Ok(Self { file, first, rows: places.len() as u64, start, text_len, piece: spool.put(rows)? })
    }

    /// The rows; `buffer` is used if they must be read from the spool's file.
    pub(crate) fn open<'a>(
        &'a self,
        spool: &'a Spool,
        buffer: &'a mut Vec<u8>,
    ) -> io::Result<SegmentRows<'a>> {
        let bytes = spool.get(&self.piece, buffer)?;
        let (text, places) = bytes.split_at(self.text_len);
        Ok(SegmentRows { text, places })
    }

    /// The record number of each row, in order; `rows` are this segment's.
    pub(crate) fn records<'a>(&self, rows: &SegmentRows<'a>) -> impl Iterator<Item = u64> + use<'a> {
        let first = self.start.record;
        let places = rows.places.chunks_exact(Place::SIZE);
        places.map(move |place| first + u64::from(Place::read(place).record))
    }

    /// One row's place; nothing else is read.
    pub(crate) fn location(&self, spool: &Spool, index: usize) -> io::Result<Location> {
        let place = self.place(spool, index)?;
        Ok(located(self, place))
    }

    /// One row's bytes and its place; nothing else is read.
    pub(crate) fn row<'a>(&'a self, spool: &Spool, index: usize) -> io::Result<(Cow<'a, [u8]>, Location)> {
        let place = self.place(spool, index)?;
        let start = if index == 0 { 0 } else { self.place(spool, index - 1)?.row_end as usize };
        let bytes = spool.get_part(&self.piece, start, place.row_end as usize - start)?;
        Ok((bytes, located(self, place)))
    }

    /// One row's bytes and its place, from rows that [`Segment::open`] gave.
    pub(crate) fn row_of<'a>(&self, rows: &SegmentRows<'a>, index: usize) -> (&'a [u8], Location) {
        let place = |index: usize| Place::read(&rows.places[index * Place::SIZE..]);
        let start = if index == 0 { 0 } else { place(index - 1).row_end as usize };
        (&rows.text[start..place(index).row_end as usize], located(self, place(index)))
    }

    fn place(&self, spool: &Spool, index: usize) -> io::Result<Place> {
        let bytes = spool.get_part(&self.piece, self.text_len + index * Place::SIZE, Place::SIZE)?;
        Ok(Place::read(&bytes))
    }
}

fn located(segment: &Segment, place: Place) -> Location {
    let start = segment.start;
    let line_start = start.line + u64::from(place.line);
    let byte_start = start.offset + u64::from(place.start);
    Location {
        file: segment.file,
        record: start.record + u64::from(place.record),
        line_start,
        line_end: line_start + u64::from(place.lines) - 1,
        byte_start,
        byte_end: byte_start + u64::from(place.len),
    }
}

/// A segment's rows in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentRows<'a> {
    text: &'a [u8],
    places: &'a [u8],
}

impl<'a> SegmentRows<'a> {
    /// The encoded rows, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (text, places) = (self.text, self.places);
        let ends = places.chunks_exact(Place::SIZE).map(|place| Place::read(place).row_end as usize);
        ends.scan(0, move |start, end| {
            let row = &text[*start..end];
            *start = end;
            Some(row)
        })
    }
}
