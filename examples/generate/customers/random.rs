//! The generator's own random numbers (splitmix64). No library's, so that a seed gives the same bytes for
//! ever. Each row has a separate stream: any row can be made again without those before it.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of random numbers.
pub(crate) struct Random(u64);

impl Random {
    /// The stream for one row of one kind of thing.
    pub(crate) fn for_row(seed: u64, kind: u64, row: u64) -> Self {
        let mut start = Self(seed.wrapping_add(kind.wrapping_mul(GOLDEN)));
        let base = start.next();
        Self(base ^ row.wrapping_mul(0xD134_2543_DE82_EF95))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `limit - 1`; `limit` is far below 2⁶⁴, so the bias of the remainder is not seen.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True in `share` of a million cases.
    pub(crate) fn chance(&mut self, share: u64) -> bool {
        self.below(1_000_000) < share
    }

    /// True in `share` of a hundred cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of the items.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.index(items.len())]
    }

    /// A position below `len`.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }
}

/// Appends `value` with at least `width` digits.
pub(crate) fn push_number(out: &mut String, value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = value;
    let mut first = digits.len();
    while rest > 0 {
        first -= 1;
        digits[first] += u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    let first = first.min(digits.len() - width.min(digits.len()));
    out.extend(digits[first..].iter().map(|&digit| char::from(digit)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut random = Random::for_row(7, 1, 1);
        let seen: Vec<u64> = (0..4).map(|_| random.below(1000)).collect();
        let mut again = Random::for_row(7, 1, 1);
        assert_eq!(seen, (0..4).map(|_| again.below(1000)).collect::<Vec<_>>());
        let mut splitmix = Random(0);
        assert_eq!(splitmix.next(), 0xE220_A839_7B1D_CDAF, "the published first value for seed 0");
    }

    #[test]
    fn a_number_is_padded_and_never_cut() {
        let mut out = String::new();
        push_number(&mut out, 42, 5);
        out.push(' ');
        push_number(&mut out, 123_456, 3);
        out.push(' ');
        push_number(&mut out, 0, 1);
        assert_eq!(out, "00042 123456 0");
    }
}
