//! Rows as exact text: each value as its type prints it. Every type can print its values and read them again, as a dump
//! relies on; JSON has no numbers in brackets for an array, no second key of the same name, no `\u0000`.

use crate::sql::{ident, literal};

/// A hash of the row `t`, all its columns.
pub(crate) const ROW_HASH: &str = "hashtextextended((t.*)::text, 0)";

/// The same as runs made it that an older muster wrote.
pub(crate) const JSON_HASH: &str = "hashtextextended(to_jsonb(t.*)::text, 0)";

/// Types whose cast to text prints a value as it is read again.
const PLAIN: [&str; 11] = [
    "text",
    "character varying",
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "date",
    "timestamp with time zone",
    "timestamp without time zone",
    "text[]",
];

/// The row `t` as a JSON object: the text of each column (name, type) by its name.
pub(crate) fn exact_row<'c>(columns: impl Iterator<Item = (&'c str, &'c str)>) -> String {
    let (names, values): (Vec<_>, Vec<_>) =
        columns.map(|(name, base)| (literal(name), exact(name, base))).unzip();
    format!("jsonb_object(ARRAY[{}]::text[], ARRAY[{}]::text[])", names.join(", "), values.join(", "))
}

/// The text of one column of the row `t`; NULL if the value is NULL.
pub(crate) fn exact(name: &str, base: &str) -> String {
    let value = format!("t.{}", ident(name));
    if PLAIN.contains(&base) {
        return format!("{value}::text");
    }
    // A cast may be anything, and cuts spaces off at the end of a `character`; `format` prints. A composite value of
    // NULLs is not NULL.
    format!("CASE WHEN num_nulls({value}) = 0 THEN format('%s', {value}) END")
}

/// The SQL hash of the row `t` as the run `run` made it.
pub(crate) fn updated_hash(run: &str) -> String {
    format!("CASE WHEN {run}.text_images THEN {ROW_HASH} ELSE {JSON_HASH} END")
}
