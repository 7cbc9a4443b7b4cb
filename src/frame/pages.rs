//! The pages of a Parquet file, looked through before their values are read: how many values they say they have, and
//! how much memory these will take. The library takes that memory on the page's word, and an allocation that fails ends
//! the process.

use std::io::{self, Cursor};
use std::ops::AddAssign;

use polars::prelude::PolarsError;
use polars_io::mmap::ReaderBytes;
use polars_parquet::parquet::compression::DecompressionContext;
use polars_parquet::parquet::page::split_buffer;
use polars_parquet::read::{self, ColumnChunkMetadata, FileMetadata, PageReader, ParquetError, PhysicalType};

use super::thrift::{STRUCT, Thrift};

/// The largest page, in bytes. Writers make pages of a megabyte; the largest known limit of one is 100 MB.
const LARGEST: usize = 128 << 20;
/// The largest number of rows in a group, and in one with lists.
const ROWS: u64 = 1 << 28;
const ROWS_OF_LISTS: u64 = 1 << 24;
/// The encodings of texts whose lengths come first, and a type of Thrift.
const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
const DELTA_BYTE_ARRAY: i64 = 7;
const I32: u8 = 5;
/// The largest number of lengths in a block of them.
const LARGEST_BLOCK: usize = 1 << 16;
/// How many items lists may have in a group, and how many for each byte of their pages.
const ITEMS: u64 = 1 << 22;
const ITEMS_A_BYTE: u64 = 64;

/// Why the values of a file must not be read.
#[derive(Debug)]
pub(super) enum PageFault {
    /// It contradicts itself, or needs more than any file needs.
    Broken,
    /// The library cannot read its pages.
    Library(PolarsError),
    /// The caller does not want so much.
    Refused(io::Error),
}

impl From<ParquetError> for PageFault {
    fn from(error: ParquetError) -> Self {
        Self::Library(error.into())
    }
}

/// How many bytes a part of a file holds, and how many are stored of it.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    bytes: u64,
    stored: u64,
}

impl AddAssign for Held {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.stored += other.stored;
    }
}

/// Looks through the pages of the columns with these names. For each row group `admits` is asked how many bytes so many
/// stored ones may hold.
/// Errors: see [`PageFault`]. The library may panic.
pub(super) fn check(
    file: &ReaderBytes<'_>,
    metadata: &FileMetadata,
    names: &[&str],
    admits: &dyn Fn(u64, u64) -> io::Result<()>,
) -> Result<(), PageFault> {
    for group in metadata.row_groups.iter().filter(|group| group.num_rows() > 0) {
        let mut held = Held::default();
        for name in names {
            let Some(chunks) = group.columns_under_root_iter(name) else { return Err(PageFault::Broken) };
            for chunk in chunks {
                held += Chunk { chunk, rows: group.num_rows() as u64, held: Held::default() }.check(file)?;
            }
        }
        admits(held.bytes, held.stored).map_err(PageFault::Refused)?;
    }
    Ok(())
}

/// The values of a column in a row group.
struct Chunk<'c> {
    chunk: &'c ColumnChunkMetadata,
    rows: u64,
    held: Held,
}

impl Chunk<'_> {
    fn check(mut self, file: &ReaderBytes<'_>) -> Result<Held, PageFault> {
        let range = self.chunk.byte_range();
        let place = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
        let Some(mut bytes) = place.and_then(|(start, end)| file.get(start..end)) else {
            return Err(PageFault::Broken);
        };
        let total = u64::try_from(self.chunk.num_values()).unwrap_or(0);
        let mut values = 0;
        // A dictionary is before the first page of values.
        while values < total {
            let mut after = Thrift(bytes);
            let page = Page::read(&mut after).ok_or(PageFault::Broken)?;
            let Some((_, rest)) = after.0.split_at_checked(page.stored) else {
                return Err(PageFault::Broken);
            };
            self.held += Held { bytes: page.bytes as u64, stored: page.stored as u64 };
            sound(page.bytes <= LARGEST)?;
            if page.is_dictionary {
                sound(values == 0 && page.values <= page.bytes)?;
            } else {
                values += page.values as u64;
                self.texts(&page, &bytes[..bytes.len() - rest.len()])?;
            }
            bytes = rest;
        }
        let is_flat = self.chunk.descriptor().descriptor.max_rep_level == 0;
        sound(values == total && self.rows <= if is_flat { ROWS } else { ROWS_OF_LISTS })?;
        let items = values.saturating_sub(self.rows);
        sound(if is_flat {
            values == self.rows
        } else {
            values >= self.rows && items <= ITEMS.max(self.held.bytes.saturating_mul(ITEMS_A_BYTE))
        })?;
        Ok(self.held)
    }

    /// Checks the lengths in a page of texts that are stored apart from them: neither their number nor their sum is
    /// limited by the length of the page, of which `bytes` are all.
    fn texts(&mut self, page: &Page, bytes: &[u8]) -> Result<(), PageFault> {
        let is_delta = page.encoding == DELTA_BYTE_ARRAY;
        let is_text = self.chunk.physical_type() == PhysicalType::ByteArray;
        if !is_text || (!is_delta && page.encoding != DELTA_LENGTH_BYTE_ARRAY) {
            return Ok(());
        }
        let mut reader = PageReader::new(Cursor::new(bytes.to_vec().into()), self.chunk, Vec::new(), LARGEST);
        let Some(stored) = reader.next() else { return Err(PageFault::Broken) };
        let (mut buffer, mut context) = (Vec::new(), DecompressionContext::Unset);
        let read::Page::Data(data) = read::decompress(stored?, &mut buffer, &mut context)? else {
            return Err(PageFault::Broken);
        };
        let values = split_buffer(&data)?.values;
        // The lengths of what each text has in common with the one before it, and of the rest of it.
        let lengths = |bytes| lengths(bytes, page.values).ok_or(PageFault::Broken);
        let (common, values) = if is_delta { lengths(values)? } else { (Lengths::default(), values) };
        let (own, values) = lengths(values)?;
        let all = common.sum.saturating_add(own.sum);
        sound(own.sum <= values.len() && (!is_delta || common.count == own.count) && all <= LARGEST)?;
        self.held.bytes += all as u64;
        Ok(())
    }
}

/// What the header of a page says.
#[derive(Debug, Default)]
struct Page {
    is_dictionary: bool,
    /// How many bytes it has, decompressed, and how many are stored.
    bytes: usize,
    stored: usize,
    values: usize,
    encoding: i64,
}

impl Page {
    /// Reads a header; `None` if it is none of a page with values.
    fn read(header: &mut Thrift<'_>) -> Option<Self> {
        let (mut page, mut kind, mut last) = (Self::default(), None, 0);
        // The field with the number of values.
        let mut described = None;
        let size = |number: i64| usize::try_from(i32::try_from(number).ok()?).ok();
        while let (id, of @ 1..) = header.field(&mut last)? {
            match (id, of) {
                (1, I32) => kind = Some(header.number()?),
                (2, I32) => page.bytes = size(header.number()?)?,
                (3, I32) => page.stored = size(header.number()?)?,
                (5 | 7 | 8, STRUCT) => {
                    if described.replace(id).is_some() {
                        return None;
                    }
                    let (encoding, mut last) = (if id == 8 { 4 } else { 2 }, 0);
                    while let (id, of @ 1..) = header.field(&mut last)? {
                        match (id, of) {
                            (1, I32) => page.values = size(header.number()?)?,
                            (id, I32) if id == encoding => page.encoding = header.number()?,
                            _ => header.skip(of, 1)?,
                        }
                    }
                }
                _ => header.skip(of, 0)?,
            }
        }
        page.is_dictionary = kind == Some(2);
        matches!((kind?, described?), (0, 5) | (2, 7) | (3, 8)).then_some(page)
    }
}

/// Some lengths.
#[derive(Debug, Default)]
struct Lengths {
    count: usize,
    sum: usize,
}

/// The lengths at the beginning of some bytes (`DELTA_BINARY_PACKED`), at most `most` of them, and the bytes after them;
/// `None` if they are none. <https://github.com/apache/parquet-format/blob/master/Encodings.md>.
fn lengths(bytes: &[u8], most: usize) -> Option<(Lengths, &[u8])> {
    let mut from = Thrift(bytes);
    let mut size = || from.varint().and_then(|number| usize::try_from(number).ok());
    let (block, parts, count) = (size()?, size()?, size()?);
    let part = block.checked_div(parts)?;
    if count > most || block > LARGEST_BLOCK || part == 0 || part % 32 != 0 || part * parts != block {
        return None;
    }
    let mut value = from.number()?;
    let mut all = Lengths::default();
    let mut add = |length: i64| {
        all.count += 1;
        all.sum = usize::try_from(length).ok().and_then(|length| all.sum.checked_add(length))?;
        Some(())
    };
    if count > 0 {
        add(value)?;
    }
    let mut left = count.saturating_sub(1);
    while left > 0 {
        let least = from.number()?;
        for &width in from.take(parts)? {
            // The parts after the last value have a width, and no bits.
            let values = part.min(left);
            let width = usize::from(width);
            let bits = from.take(if values > 0 { width * part / 8 } else { 0 })?;
            for at in 0..values {
                value = value.wrapping_add(least).wrapping_add(number(bits, at * width, width)?);
                add(value)?;
            }
            left -= values;
        }
    }
    Some((all, from.0))
}

/// The number of `width` bits that begins at a bit, the least significant first.
fn number(bits: &[u8], at: usize, width: usize) -> Option<i64> {
    let end = (at + width).div_ceil(8);
    let bytes = bits.get(at / 8..end)?.iter().rev();
    let all = bytes.fold(0_u128, |all, byte| (all << 8) | u128::from(*byte)) >> (at % 8);
    let mask = 1_u128.checked_shl(u32::try_from(width).ok().filter(|width| *width <= 64)?)? - 1;
    u64::try_from(all & mask).ok().map(u64::cast_signed)
}

fn sound(is_sound: bool) -> Result<(), PageFault> {
    if is_sound { Ok(()) } else { Err(PageFault::Broken) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_added_up_and_not_believed() {
        // Blocks of 128 lengths in 4 parts, here 3 lengths: 5, then the differences 0 and 2 in two bits each.
        let three =
            [&[0x80, 1, 4, 3, 10, 0, 2, 0, 0, 0][..], &[0b1000, 0, 0, 0, 0, 0, 0, 0], b"rest"].concat();
        let (all, rest) = lengths(&three, 3).unwrap();
        assert_eq!((all.count, all.sum, rest), (3, 5 + 5 + 7, &b"rest"[..]));
        assert!(lengths(&three, 2).is_none(), "there are more than values");
        assert!((0..three.len() - 4).all(|end| lengths(&three[..end], 3).is_none()));
        // A length below 0, and a block for 2^40 lengths.
        assert!(lengths(&[0x80, 1, 4, 1, 1], 1).is_none());
        assert!(lengths(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 4, 3, 0, 0, 0, 0, 0, 0], 3).is_none());
        assert_eq!(lengths(&[0x80, 1, 4, 0, 0], 0).map(|(all, _)| all.sum), Some(0));
    }

    #[test]
    fn numbers_of_any_width_are_unpacked() {
        assert_eq!(number(&[0xFF; 9], 1, 64), Some(-1));
        assert_eq!(number(&[0b1010_0000, 0b1], 5, 4), Some(0b1101));
        assert_eq!((number(&[], 0, 0), number(&[0], 4, 5), number(&[0; 16], 0, 65)), (Some(0), None, None));
    }
}
