//! How much the reports of a run will need, by what they have needed so far: a few bytes of an input can become many of
//! its reports, and a run must end before its disk is full.

/// The reports as far as they have grown.
pub(super) struct Growth {
    /// How many findings there will be.
    all: u64,
    done: u64,
    bytes: u64,
    /// After how many findings the rest is estimated again.
    next: u64,
}

impl Growth {
    pub(super) fn new(all: u64) -> Self {
        Self { all, done: 0, bytes: 0, next: 1 }
    }

    /// Adds findings and the bytes that they took. Returns what those to come may need, each time that there are twice
    /// as many.
    pub(super) fn rest(&mut self, findings: u64, bytes: u64) -> Option<u64> {
        self.done += findings;
        self.bytes += bytes;
        if self.done < self.next {
            return None;
        }
        self.next = self.done.saturating_mul(2);
        let left = self.all.saturating_sub(self.done);
        let rest = u128::from(self.bytes) * u128::from(left) / u128::from(self.done);
        Some(u64::try_from(rest).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_like_what_was_written_and_seldom_asked_for() {
        let mut growth = Growth::new(100);
        assert_eq!(growth.rest(0, 10), None);
        assert_eq!(growth.rest(10, 990), Some(9_000));
        assert_eq!(growth.rest(9, 900), None);
        assert_eq!(growth.rest(1, 100), Some(8_000));
        assert_eq!(growth.rest(80, 0), Some(0));
        assert_eq!(Growth::new(u64::MAX).rest(1, u64::MAX), Some(u64::MAX));
    }
}
