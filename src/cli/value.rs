//! The values of options that are more than a word or a number, each parsed once, here, into what it means.

use std::str::FromStr;
use std::time::Duration;

/// What a cell is that is quoted and empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum QuotedEmpty {
    /// The empty text, where the field can hold one
    Text,
    /// As empty as a cell without quotes
    Empty,
}

/// A header that is to be read as a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldMapping {
    /// The header in the file.
    pub(crate) header: String,
    /// The field of the schema.
    pub(crate) field: String,
}

impl FromStr for FieldMapping {
    type Err = String;

    /// `Header=field`; the last `=` counts, since a header may hold one and a field never does.
    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('=').map(|(header, field)| (header.trim(), field.trim())) {
            Some((header, field)) if !header.is_empty() && !field.is_empty() => {
                Ok(Self { header: header.to_owned(), field: field.to_owned() })
            }
            _ => Err("write 'Header=field', for example 'Klantnummer=legacyId'".to_owned()),
        }
    }
}

/// A size in bytes: a whole number, with `K`, `M` or `G` for powers of 1024 (`KiB` and `KB` mean the same).
///
/// # Errors
///
/// What to write instead.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit: u64 = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return Err("write a size such as 64K, 512M or 2G".to_owned()),
    };
    let number: u64 =
        text[..digits].parse().map_err(|_| "write a size such as 64K, 512M or 2G".to_owned())?;
    match number.checked_mul(unit) {
        Some(0) => Err("the size must be more than nothing".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("the size is too large".to_owned()),
    }
}

/// An age: a whole number of hours (`h`), days (`d`) or weeks (`w`).
///
/// # Errors
///
/// What to write instead.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let wrong = || "write an age such as 12h, 30d or 8w".to_owned();
    let unit = match text.trim().chars().last().ok_or_else(wrong)? {
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = text.trim()[..text.trim().len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

/// A delimiter: one ASCII character that is neither a quote nor a line end, `\t` or `tab`.
///
/// # Errors
///
/// What to write instead.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        _ if text == "\\t" || text.eq_ignore_ascii_case("tab") => Ok(b'\t'),
        [b'"' | b'\r' | b'\n' | 0] => Err("a quote or a line end cannot be the delimiter".to_owned()),
        [byte] if byte.is_ascii() => Ok(*byte),
        _ => Err("write one ASCII character, for example ';', or tab".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_takes_the_last_equals_sign() {
        let mapping: FieldMapping = "a=b = legacyId".parse().unwrap();
        assert_eq!((mapping.header.as_str(), mapping.field.as_str()), ("a=b", "legacyId"));
        for wrong in ["legacyId", "=legacyId", "Klant="] {
            assert!(wrong.parse::<FieldMapping>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [("1", 1), ("64K", 65536), ("1 MiB", 1 << 20), ("2g", 2 << 30)] {
            assert_eq!(memory(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "M", "0", "1.5G", "5 bananas", "99999999999G"] {
            assert!(memory(wrong).is_err(), "{wrong}");
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
    fn a_delimiter_is_one_ascii_character() {
        for (text, byte) in [(";", b';'), ("\\t", b'\t'), ("tab", b'\t'), ("|", b'|'), ("\t", b'\t')] {
            assert_eq!(delimiter(text), Ok(byte), "{text}");
        }
        for wrong in ["", "\"", "\n", "§", "ab"] {
            assert!(delimiter(wrong).is_err(), "{wrong}");
        }
    }
}
