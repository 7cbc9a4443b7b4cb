//! The format of a file's records, detected by its first bytes and its name.

use super::error::SourceError;
use super::open::Source;

/// The format of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FileFormat {
    /// Cells with a delimiter between them, below a header.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// What a Parquet file begins and ends with.
const MAGIC: &[u8; 4] = b"PAR1";

impl FileFormat {
    /// The name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// The format of the file with the rejected records of an input; that of a Parquet file is CSV, which can be
    /// fixed by hand.
    pub(crate) fn returned_as(name: &str) -> &'static str {
        if name == Self::Ndjson.name() { "ndjson" } else { "csv" }
    }

    /// The format of an input.
    /// Errors: its first bytes cannot be read.
    pub(crate) fn of(source: &Source) -> Result<Self, SourceError> {
        let prefix = source.prefix(4096)?;
        Ok(Self::detect(source.name(), &prefix))
    }

    /// The format of a file with this name that begins with these bytes.
    pub(super) fn detect(name: &str, prefix: &[u8]) -> Self {
        if prefix.starts_with(MAGIC) {
            return Self::Parquet;
        }
        let name = name.to_ascii_lowercase();
        let name = [".gz", ".zst"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
        let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
        if ends(&[".ndjson", ".jsonl"]) {
            return Self::Ndjson;
        }
        let text = prefix.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(prefix);
        let begins_object = text.trim_ascii_start().starts_with(b"{");
        if begins_object && !ends(&[".csv", ".tsv", ".txt"]) { Self::Ndjson } else { Self::Csv }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_detected_by_the_name_or_else_by_the_first_byte() {
        for (name, prefix, format) in [
            ("users.csv", &b"{\"a\":1}"[..], FileFormat::Csv),
            ("users.ndjson", b"email\n", FileFormat::Ndjson),
            ("USERS.JSONL.GZ", b"", FileFormat::Ndjson),
            ("users.json", b" {\"a\":1}", FileFormat::Ndjson),
            ("-", b"\xEF\xBB\xBF{", FileFormat::Ndjson),
            ("-", b"email,role\n", FileFormat::Csv),
            ("users.parquet", b"PAR1\x15", FileFormat::Parquet),
            ("-", b"PAR1\x15", FileFormat::Parquet),
            ("users.parquet", b"email\n", FileFormat::Csv),
        ] {
            assert_eq!(FileFormat::detect(name, prefix), format, "{name}");
        }
    }
}
