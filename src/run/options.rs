//! What a user can ask of a run, as the phases take it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use crate::read::ReadOptions;
use crate::report::ShownValues;
use crate::settle::Policy;
use crate::source::InputSpec;

use super::Looking;

/// What `check` and `import` have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// The inputs, in the order given.
    pub(crate) inputs: Vec<InputSpec>,
    /// A folder of schema files; the built-in ones without.
    pub(crate) schemas: Option<PathBuf>,
    /// Where the reports go.
    pub(crate) out: Option<PathBuf>,
    /// The folder of an earlier run to compare with.
    pub(crate) against: Option<PathBuf>,
    /// How many threads read; as many as there are cores without.
    pub(crate) threads: Option<NonZeroUsize>,
    /// How the inputs are looked at.
    pub(crate) looking: Looking,
    /// How records are read.
    pub(crate) read: ReadOptions,
    /// Which of several rows with the same key stays.
    pub(crate) duplicates: Policy,
    /// How many rejects are allowed.
    pub(crate) max_rejects: Option<MaxRejects>,
    /// The options that reading the same files again needs, each word by itself.
    pub(crate) again: Vec<String>,
    /// Those of them that speak of one of the files.
    pub(crate) again_of_files: Vec<String>,
    /// The keys of rejected records are kept for every entity, not only where another one refers to it.
    pub(crate) keep_rejected_keys: bool,
    /// Whether sensitive values are shown.
    pub(crate) values: ShownValues,
}

/// How many rejects a run may have before it is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MaxRejects {
    /// So many rows.
    Rows(u64),
    /// So many of a hundred rows read.
    Percent(f64),
}

impl MaxRejects {
    /// Whether `rejected` of `read` rows are more than allowed.
    #[must_use]
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
