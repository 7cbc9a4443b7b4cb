//! The fields of a row as PostgreSQL's COPY sends it, escapes and all.

/// The fields of a row; `None` is NULL.
pub(crate) fn fields(row: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.split(|&byte| byte == b'\t').map(|field| (field != b"\\N").then_some(field))
}

/// The fields of a row that is known to be text; `None` is NULL.
pub(crate) fn texts(row: &str) -> impl Iterator<Item = Option<&str>> {
    let row = row.strip_suffix('\n').unwrap_or(row);
    row.split('\t').map(|field| (field != "\\N").then_some(field))
}
