//! What a row must be like.

use std::path::PathBuf;
use std::str::FromStr;

/// What a row must be like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    /// `--schemas`: a folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// `--duplicates`.
    pub(crate) duplicates: Duplicates,
    /// `--strict`: warnings about cells reject their rows.
    pub(crate) strict: bool,
    /// `--max-rejects`: the run is refused if there are more.
    pub(crate) max_rejects: Option<Limit>,
}

/// Which of several rows with the same key is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Duplicates {
    /// The first in input order.
    #[default]
    KeepFirst,
    /// The last in input order.
    KeepLast,
    /// None of them.
    RejectAll,
}

/// How many rows may be rejected, or deleted, before a run is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limit {
    /// This many rows.
    Rows(u64),
    /// This many of a hundred rows.
    Percent(f64),
}

impl Limit {
    /// Which deletions need `--allow-mass-deletes`.
    pub(crate) const DELETES: Self = Self::Percent(20.0);

    /// Whether `found` of `all` rows are more than allowed.
    pub(crate) fn is_exceeded(self, found: u64, all: u64) -> bool {
        match self {
            Self::Rows(rows) => found > rows,
            Self::Percent(percent) => found as f64 * 100.0 > percent * all as f64,
        }
    }

    /// Whether so many of `all` rows must not be deleted. A percentage of few rows says little: a handful may always be
    /// deleted, but not the last row, since a table that seems empty is what the limit is for.
    pub(crate) fn forbids(self, deletes: u64, all: u64) -> bool {
        let is_handful = matches!(self, Self::Percent(_)) && deletes < HANDFUL && deletes < all;
        self.is_exceeded(deletes, all) && !is_handful
    }

    /// With as many rows as this, or more, so many may be deleted; it need not be known how many there are.
    pub(crate) fn enough(self, deletes: u64) -> u64 {
        match self {
            Self::Percent(percent) if percent > 0.0 => (deletes as f64 * 100.0 / percent).ceil() as u64 + 1,
            _ => deletes + 1,
        }
    }
}

/// So many deletions are no longer a few.
const HANDFUL: u64 = 5;

impl FromStr for Limit {
    type Err = String;

    /// A whole number, or a percentage with `%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number of rows (100) or a percentage from 0% to 100% (0.5%)".to_owned();
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Rows).map_err(|_| wrong()),
            Some(percent) => match percent.trim().parse() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Self::Percent(percent)),
                _ => Err(wrong()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_exceeded_by_more_and_not_by_as_many() {
        let limit = |text: &str| text.parse::<Limit>().unwrap();
        assert!(!limit("0").is_exceeded(0, 10));
        assert!(limit("0").is_exceeded(1, 10));
        assert!(!limit("10%").is_exceeded(1, 10));
        assert!(limit("9.9%").is_exceeded(1, 10));
        assert!(!limit("0%").is_exceeded(0, 0));
        for wrong in ["", "-1", "101%", "x%", "NaN%", "1.5"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_handful_may_be_deleted_but_not_all() {
        let limit = Limit::DELETES;
        for (deletes, all, forbidden) in [
            (0, 0, false),
            (1, 3, false),
            (4, 5, false),
            (1, 1, true),
            (4, 4, true),
            (5, 24, true),
            (5, 25, false),
            (20_000, 20_000, true),
        ] {
            assert_eq!(limit.forbids(deletes, all), forbidden, "{deletes} of {all}");
            assert!(!limit.forbids(deletes, limit.enough(deletes)), "{deletes}");
        }
        let all = Limit::Percent(100.0);
        assert!(!all.forbids(9, 9) && !all.forbids(9, all.enough(9)));
        assert!(Limit::Rows(2).forbids(3, 1000) && !Limit::Rows(3).forbids(3, 3));
        assert!(Limit::Percent(0.0).forbids(5, u64::MAX));
    }
}
