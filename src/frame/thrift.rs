//! Thrift's compact protocol, as far as Parquet uses it: what has no value here is skipped, and nothing is believed that
//! the bytes do not hold.
//!
//! <https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>

/// How deeply structs and lists may be nested.
pub(super) const DEEPEST: usize = 32;

/// The types of the protocol.
const STOP: u8 = 0;
pub(super) const LIST: u8 = 9;
pub(super) const STRUCT: u8 = 12;

/// What is left of some bytes. Its methods read from them and return `None` if they cannot be what they say.
#[derive(Debug)]
pub(super) struct Thrift<'b>(pub(super) &'b [u8]);

impl<'b> Thrift<'b> {
    /// The number and the type of the next field; the type is 0 at the end of the struct. `last` is the field before.
    pub(super) fn field(&mut self, last: &mut i64) -> Option<(i64, u8)> {
        let header = self.byte()?;
        if header & 0xF == STOP {
            return Some((0, STOP));
        }
        *last = match header >> 4 {
            0 => self.number()?,
            more => last.saturating_add(more.into()),
        };
        Some((*last, header & 0xF))
    }

    /// The type of a list's items and how many there are, none of which is shorter than `shortest`.
    pub(super) fn list(&mut self, shortest: usize) -> Option<(u8, usize)> {
        let header = self.byte()?;
        let len = match header >> 4 {
            15 => usize::try_from(self.varint()?).ok()?,
            len => usize::from(len),
        };
        (len <= self.0.len() / shortest).then_some((header & 0xF, len))
    }

    pub(super) fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            // A boolean is in the field's header.
            1 | 2 => {}
            3 => _ = self.byte()?,
            4..=6 => _ = self.varint()?,
            7 => _ = self.take(8)?,
            8 => {
                let len = usize::try_from(self.varint()?).ok()?;
                self.take(len)?;
            }
            LIST | 10 => {
                let shortest = if self.0.first()? & 0xF == STRUCT { 2 } else { 1 };
                let (kind, len) = self.list(shortest)?;
                // In a list a boolean is a byte.
                let kind = if kind < 3 { 3 } else { kind };
                (0..len).try_for_each(|_| self.skip(kind, depth + 1))?;
            }
            STRUCT => {
                let mut last = 0;
                while let (_, kind @ 1..) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            // The format has no maps.
            _ => return None,
        }
        Some(())
    }

    /// A signed number (zigzag).
    pub(super) fn number(&mut self) -> Option<i64> {
        let raw = self.varint()?;
        i64::try_from(raw >> 1).ok().map(|half| if raw & 1 == 0 { half } else { -half - 1 })
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_any_length() {
        for (bytes, number) in [
            (&[0][..], Some(0)),
            (&[1], Some(-1)),
            (&[0x80, 0x01], Some(64)),
            (&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], Some(i64::MIN)),
            (&[0x80], None),
            (&[0x80; 11], None),
        ] {
            assert_eq!(Thrift(bytes).number(), number, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_skipped_is_there() {
        // A struct with a text, a list of booleans, a list of structs and a double.
        let whole = [
            0x18, 2, b'a', b'b', 0x19, 0x21, 1, 2, 0x19, 0x2C, STOP, STOP, 0x17, 0, 0, 0, 0, 0, 0, 0, 0, STOP,
        ];
        let mut thrift = Thrift(&whole);
        assert_eq!((thrift.skip(STRUCT, 0), thrift.0.len()), (Some(()), 0));
        for end in 0..whole.len() {
            assert_eq!(Thrift(&whole[..end]).skip(STRUCT, 0), None, "{end}");
        }
        let nested = [vec![0x1C; 5_000], vec![STOP; 5_001]].concat();
        assert_eq!(Thrift(&nested).skip(STRUCT, 0), None);
    }
}
