//! The values of options that are more than a number: the words of each choice, and how the others are parsed.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::export::{Compression, Filter, Format};
use crate::report::log;
use crate::schema::OnUpdate;
use crate::settings::{Decision, Duplicates, QuotedEmpty};
use crate::source::{Encoding, SourceError, UnknownColumns};

/// Makes the variants of a type the words of an option, except for some.
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal, $help:literal;)+ $(! $other:ident)? }) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(match self {
                    $(Self::$variant => PossibleValue::new($word).help($help),)+
                    $(Self::$other => return None,)?
                })
            }
        }
    };
}

words! { Duplicates {
    KeepFirst = "keep-first", "The first one in input order";
    KeepLast = "keep-last", "The last one in input order";
    RejectAll = "reject-all", "None of them";
} }

words! { OnUpdate {
    Overwrite = "overwrite", "It empties the field";
    Keep = "keep", "The field keeps its value";
    !FillEmpty
} }

words! { UnknownColumns {
    Report = "report", "Report them, and end with exit code 3";
    Refuse = "refuse", "Refuse the run; the target is as it was before";
    Ignore = "ignore", "Say nothing";
} }

words! { QuotedEmpty {
    Text = "text", "The empty text, if the field can hold one";
    Empty = "empty", "As empty as a cell without quotes";
} }

words! { log::Format {
    Text = "text", "For people";
    Json = "json", "One JSON object a line";
} }

words! { Format {
    Csv = "csv", "Comma-separated";
    Ndjson = "ndjson", "One JSON object a line";
    Parquet = "parquet", "Apache Parquet";
} }

words! { Compression {
    Gzip = "gzip", "gzip";
    Zstd = "zstd", "Zstandard";
} }

/// `[ENTITY:|FILE:]Header=field`; the last `=` counts, since a header may hold one and a field never does.
pub(super) fn mapping(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=').map(|(header, field)| (header.trim(), field.trim())) {
        Some((header, field)) if !header.is_empty() && !field.is_empty() => {
            Ok((header.to_owned(), field.to_owned()))
        }
        _ => Err(format!("--map '{text}': write 'Header=field', for example 'Klantnummer=legacyId'")),
    }
}

/// `FIELD=VALUE`.
impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((field, value)) if !field.trim().is_empty() => {
                Ok(Self { field: field.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("write FIELD=VALUE, for example account=A-17".to_owned()),
        }
    }
}

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// The units of a size, the largest first.
const UNITS: [(&str, u64); 3] = [("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)];

impl FromStr for Size {
    type Err = String;

    /// A whole number, with `K`, `M` or `G` for powers of 1024 (`KiB` and `KB` mean the same).
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a size such as 64K, 512M or 2G".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let unit = text[digits..].trim().to_ascii_uppercase();
        let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
        let unit = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, bytes)) => *bytes,
            None if unit.is_empty() => 1,
            None => return Err(wrong()),
        };
        let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
        match number.checked_mul(unit) {
            Some(0) => Err("the size must be more than 0".to_owned()),
            Some(bytes) => Ok(Self(bytes)),
            None => Err("the size is too large".to_owned()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) =
            UNITS.into_iter().find(|(_, bytes)| self.0.is_multiple_of(*bytes)).unwrap_or(("", 1));
        write!(f, "{}{name}", self.0 / bytes)
    }
}

/// An encoding's name, after the file that it is for unless it is for all.
pub(super) fn encoding(text: &str) -> Result<(Option<PathBuf>, Encoding), SourceError> {
    match text.rsplit_once('=') {
        Some((file, name)) => Ok((Some(PathBuf::from(file)), Encoding::from_label(name)?)),
        None => Ok((None, Encoding::from_label(text)?)),
    }
}

/// How a field is read, after the file that it is for unless it is for all.
pub(super) fn reading(text: &str) -> Result<(Option<PathBuf>, String, Decision), SourceError> {
    let bad = || SourceError::BadReading { given: text.to_owned() };
    let (place, how) = text.rsplit_once('=').ok_or_else(bad)?;
    let (_, decision) = Decision::NAMES.into_iter().find(|(name, _)| *name == how).ok_or_else(bad)?;
    Ok(match place.rsplit_once(':') {
        Some((file, field)) => (Some(PathBuf::from(file)), field.to_owned(), decision),
        None => (None, place.to_owned(), decision),
    })
}

/// An age: a whole number of hours (`h`), days (`d`) or weeks (`w`).
pub(super) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write an age such as 12h, 30d or 8w".to_owned();
    let unit = match text.trim().chars().last().ok_or_else(wrong)? {
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = text.trim()[..text.trim().len() - 1].parse().map_err(|_| wrong())?;
    time(number, unit)
}

/// So many times `unit` seconds. No calendar reaches further than some millennia.
pub(super) fn time(number: u32, unit: u64) -> Result<Duration, String> {
    const LONGEST: u64 = 100 * 365 * 24 * 3600;
    match u64::from(number) * unit {
        seconds @ ..=LONGEST => Ok(Duration::from_secs(seconds)),
        _ => Err("at most 100 years".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_takes_the_last_equals_sign() {
        assert_eq!(mapping("a=b = legacyId"), Ok(("a=b".to_owned(), "legacyId".to_owned())));
        for wrong in ["legacyId", "=legacyId", "Klant="] {
            assert!(mapping(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [("1", 1), ("64K", 65536), ("1 MiB", 1 << 20), ("2g", 2 << 30), ("3kb", 3072)] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
            assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)), "{text}");
        }
        for wrong in ["", "M", "0", "1.5G", "5 bananas", "99999999999G"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_age_has_a_unit() {
        for (text, hours) in [("12h", 12), ("30d", 720), ("2w", 336), ("0d", 0)] {
            assert_eq!(age(text), Ok(Duration::from_secs(hours * 3600)), "{text}");
        }
        for wrong in ["", "d", "30", "1.5d", "-1d", "3y", "é"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_encoding_is_for_all_files_or_for_one() {
        assert_eq!(encoding("latin1").unwrap(), (None, Encoding::FALLBACK));
        let one = encoding("a=b.csv=utf-8").unwrap();
        assert_eq!(one, (Some(PathBuf::from("a=b.csv")), Encoding::Utf8));
        assert!(encoding("users.csv=klingon").is_err());
    }
}
