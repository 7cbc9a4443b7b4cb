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
    pub(crate) max_rejects: Option<MaxRejects>,
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

/// How many rejects a run may have before it is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MaxRejects {
    /// This many rows.
    Rows(u64),
    /// This many of a hundred rows read.
    Percent(f64),
}

impl MaxRejects {
    /// Whether `rejected` of `read` rows are more than allowed.
    pub(crate) fn is_exceeded(self, rejected: u64, read: u64) -> bool {
        match self {
            Self::Rows(rows) => rejected > rows,
            Self::Percent(percent) => rejected as f64 * 100.0 > percent * read as f64,
        }
    }
}

impl FromStr for MaxRejects {
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
        let limit = |text: &str| text.parse::<MaxRejects>().unwrap();
        assert!(!limit("0").is_exceeded(0, 10));
        assert!(limit("0").is_exceeded(1, 10));
        assert!(!limit("10%").is_exceeded(1, 10));
        assert!(limit("9.9%").is_exceeded(1, 10));
        assert!(!limit("0%").is_exceeded(0, 0));
        for wrong in ["", "-1", "101%", "x%", "NaN%", "1.5"] {
            assert!(wrong.parse::<MaxRejects>().is_err(), "{wrong}");
        }
    }
}
