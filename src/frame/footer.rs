//! The footer of a Parquet file, looked through before the library reads it. The library takes the memory that a list
//! says it will need and follows groups as deep as they are nested; neither ends in an error that could be caught.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::thrift::{DEEPEST, LIST, STRUCT, Thrift};

/// The length of the footer and the magic number, at the end of the file.
const TAIL: usize = 8;
const MAGIC: &[u8] = b"PAR1";
/// The longest footer. One of a thousand row groups with two hundred columns has about this length.
const LONGEST: u64 = 32 << 20;
/// A row group and an element of the schema have at least this length.
const SHORTEST: usize = 7;

/// Fields of the footer, and of an element of its schema.
const SCHEMA: i64 = 2;
const ROW_GROUPS: i64 = 4;
const CHILDREN: i64 = 5;

/// Whether the library may read a file's footer. It finds by itself that there is none.
pub(super) fn is_sound(file: &File) -> io::Result<bool> {
    let len = file.metadata()?.len();
    let Some(end) = len.checked_sub(TAIL as u64) else { return Ok(true) };
    let mut tail = [0; TAIL];
    file.read_exact_at(&mut tail, end)?;
    let (footer, magic) = tail.split_at(TAIL - MAGIC.len());
    let footer = u64::from(u32::from_le_bytes([footer[0], footer[1], footer[2], footer[3]]));
    let Some(start) = end.checked_sub(footer).filter(|_| magic == MAGIC) else { return Ok(true) };
    if footer > LONGEST {
        return Ok(false);
    }
    let mut bytes = vec![0; usize::try_from(footer).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, start)?;
    Ok(footer_of(&mut Thrift(&bytes)).is_some())
}

/// Reads the footer.
fn footer_of(footer: &mut Thrift<'_>) -> Option<()> {
    let mut last = 0;
    while let (id, kind @ 1..) = footer.field(&mut last)? {
        match (id, kind) {
            (SCHEMA, LIST) => schema(footer)?,
            (ROW_GROUPS, LIST) => {
                let (kind, len) = footer.list(SHORTEST)?;
                (0..len).try_for_each(|_| footer.skip(kind, 1))?;
            }
            _ => footer.skip(kind, 0)?,
        }
    }
    Some(())
}

/// The elements of the schema, a tree in its order from the root on: each says how many children follow it.
fn schema(footer: &mut Thrift<'_>) -> Option<()> {
    let (kind, len) = footer.list(SHORTEST)?;
    if kind != STRUCT {
        return None;
    }
    // For each group that is open: its children that are still to come.
    let mut open: Vec<u64> = Vec::new();
    for _ in 0..len {
        while open.pop_if(|coming| *coming == 0).is_some() {}
        if let Some(coming) = open.last_mut() {
            *coming -= 1;
        }
        let (mut last, mut children) = (0, 0);
        while let (id, kind @ 1..) = footer.field(&mut last)? {
            if id == CHILDREN {
                children = footer.number()?;
            } else {
                footer.skip(kind, 1)?;
            }
        }
        open.push(u64::try_from(children).ok()?);
        if open.len() > DEEPEST {
            return None;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of a schema: a text, or a group with this number of children.
    fn element(children: u8) -> Vec<u8> {
        match children {
            0 => vec![0x15, 12, 0x25, 0, 0x18, 1, b'x', 0],
            _ => vec![0x48, 1, b'x', 0x15, children << 1, 0],
        }
    }

    fn footer_with(elements: &[Vec<u8>]) -> Vec<u8> {
        let [low, high, ..] = elements.len().to_le_bytes();
        let head = [0x15, 2, 0x19, 0xFC, low | 0x80, high << 1 | low >> 7];
        // The field after it, a text, makes the footer long enough.
        [&head[..], &elements.concat(), &[0x48, 100], &[b' '; 100], &[0]].concat()
    }

    #[test]
    fn a_schema_is_as_deep_as_its_groups_are_nested() {
        let sound = |elements: &[Vec<u8>]| footer_of(&mut Thrift(&footer_with(elements))).is_some();
        assert!(sound(&[element(3), element(0), element(1), element(0), element(0)]));
        assert!(sound(&vec![element(1); DEEPEST]));
        assert!(!sound(&vec![element(1); DEEPEST + 1]));
        let wide = [vec![element(60)], vec![element(0); 60]].concat();
        assert!(sound(&wide));
    }

    #[test]
    fn a_list_is_not_longer_than_the_footer() {
        for footer in [&[0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07][..], &[0x49, 0x5C, 0, 0], &[0x19, 0xF3]] {
            assert!(footer_of(&mut Thrift(footer)).is_none(), "{footer:?}");
        }
        assert!(footer_of(&mut Thrift(&[0])).is_some());
    }
}
