//! Whether bytes are UTF-8: counted for each block while a file is read, and summed.

use std::ops::AddAssign;

use crate::fault;

/// How many multi-byte sequences of UTF-8 are valid and how many are malformed.
///
/// Blocks must not cut a sequence in two; those that begin with a record do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Utf8Evidence {
    /// Valid sequences of two bytes or more.
    pub(crate) valid: u64,
    /// Malformed sequences, counted like WHATWG's replacement characters: each is the longest prefix that could
    /// begin a character.
    pub(crate) malformed: u64,
}

impl Utf8Evidence {
    /// Counts the sequences in `bytes`. ASCII takes one scan, other valid text a validation and a count.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        if !fault::slow() {
            if bytes.is_ascii() {
                return Self::default();
            }
            if simdutf8::basic::from_utf8(bytes).is_ok() {
                return Self { valid: leading_bytes(bytes), malformed: 0 };
            }
        }
        let mut sum = Self::default();
        for chunk in bytes.utf8_chunks() {
            sum.valid += leading_bytes(chunk.valid().as_bytes());
            sum.malformed += u64::from(!chunk.invalid().is_empty());
        }
        sum
    }

    /// Whether the bytes are read as UTF-8: all are valid, or the valid multi-byte sequences outnumber the
    /// malformed ones (whose records are then rejected).
    pub(crate) fn is_utf8(&self) -> bool {
        self.malformed == 0 || self.valid > self.malformed
    }
}

impl AddAssign for Utf8Evidence {
    fn add_assign(&mut self, other: Self) {
        self.valid += other.valid;
        self.malformed += other.malformed;
    }
}

fn leading_bytes(valid: &[u8]) -> u64 {
    // Short runs whose sum fits a byte: the compiler vectorises them.
    valid.chunks(255).map(|run| u64::from(run.iter().fold(0_u8, |n, byte| n + u8::from(*byte >= 0xC0)))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_counted_and_the_greater_number_decides() {
        for (bytes, valid, malformed, utf8) in [
            (&b"abc"[..], 0, 0, true),
            ("Zoë, €, 😀".as_bytes(), 3, 0, true),
            (b"Zo\xEB", 0, 1, false),
            (b"Zo\xEB\xEB", 0, 2, false),
            (b"\xC3\xAB \xEB", 1, 1, false),
            (b"\xC3\xAB \xC3\xAB \xEB", 2, 1, true),
            (b"\xE2\x82", 0, 1, false),
            (b"\xED\xA0\x80", 0, 3, false),
        ] {
            let found = Utf8Evidence::of(bytes);
            assert_eq!(found, Utf8Evidence { valid, malformed }, "{bytes:x?}");
            assert_eq!(found.is_utf8(), utf8, "{bytes:x?}");
        }
        let long = "é".repeat(1000);
        assert_eq!(Utf8Evidence::of(long.as_bytes()).valid, 1000);
    }
}
