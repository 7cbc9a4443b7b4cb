//! The look at a file before its records are read: from a prefix to everything that the reader must know.

use super::looker::Looker;
use super::{Encoding, FileFormat, Look, LookOptions, Source, SourceError, look_csv, look_ndjson, magic};
use crate::record::Code;
use crate::schema::Schema;

/// How much of a file is looked at.
const PREFIX: usize = 1024 * 1024;

/// Looks at a file. `entity` is what the command line says it holds.
/// Errors: the file cannot be read, two delimiters fit it equally well, or nothing says what it holds.
pub(crate) fn look(
    source: &Source,
    schema: &Schema,
    entity: Option<usize>,
    options: &LookOptions<'_>,
) -> Result<Look, SourceError> {
    let prefix = source.prefix(PREFIX)?;
    let looker = Looker::new(source, schema, entity, options, &prefix);
    if let Some((what, advice)) = magic::not_text(&prefix) {
        return looker.refuse(Code::NotText, format!("this is {what}, not text; {advice}"));
    }
    match options.format.unwrap_or_else(|| FileFormat::detect(source.name(), &prefix)) {
        FileFormat::Ndjson => look_ndjson::look(looker),
        FileFormat::Csv | FileFormat::Parquet => look_csv::look(looker),
    }
}

/// Looks at a table whose columns have these `names`: what it holds, and which column feeds which field. Its rows are
/// written as CSV after the first `header_len` bytes.
/// Errors: nothing says what it holds.
pub(crate) fn look_at_columns(
    source: &Source,
    schema: &Schema,
    entity: Option<usize>,
    options: &LookOptions<'_>,
    names: Vec<String>,
    header_len: u64,
) -> Result<Look, SourceError> {
    let options = LookOptions { encoding: Some(Encoding::Utf8), ..*options };
    Looker::new(source, schema, entity, &options, b"").conclude_columns(
        names,
        FileFormat::Parquet,
        header_len,
    )
}
