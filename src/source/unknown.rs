//! Columns that nobody has decided about: neither fields of the schema nor ignored. Data in them would be lost, so that
//! it is said how much there is. Whether a column holds any is known only after all records have been read.

use crate::record::{Code, Finding};

/// What becomes of a run whose files have filled columns that nobody has decided about: neither fields nor ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum UnknownColumns {
    /// They are reported, and the exit code says so.
    #[default]
    Report,
    /// The run is refused.
    Refuse,
    /// Nothing is said.
    Ignore,
}

/// A filled column that feeds no field and that nobody said to ignore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotImported {
    /// Its name; `column 5` if it has none.
    pub(crate) column: String,
    /// How many of its cells are filled.
    pub(crate) filled: u64,
    /// The field that was probably meant.
    pub(crate) field: Option<String>,
}

/// The columns of the system that an export may have: no field, and known all the same.
pub(crate) const SYSTEM_COLUMNS: [&str; 3] = ["id", "createdAt", "updatedAt"];

/// Whether a finding says that one of these columns is unknown.
pub(super) fn is_about(finding: &Finding, unknown: &[usize]) -> bool {
    finding.code == Code::UnknownColumn
        && finding.column.is_some_and(|column| unknown.contains(&usize::from(column)))
}

/// What a finding says of such a column. `filled` is the number of its filled cells, if they have been counted.
pub(super) fn message(
    entity: &str,
    name: &str,
    column: usize,
    filled: Option<u64>,
    near: Option<&str>,
) -> String {
    let what = if name.is_empty() {
        format!("column {} has no name", column + 1)
    } else {
        format!("not a column of {entity}")
    };
    let lost = match filled {
        None => "it is not imported".to_owned(),
        Some(1) => "its 1 filled cell is not imported".to_owned(),
        Some(filled) => format!("its {filled} filled cells are not imported"),
    };
    match near {
        Some(near) => format!("{what}: {lost}; is it {near}? then use --map {}", quoted(name, near)),
        None => format!("{what}: {lost}"),
    }
}

/// The value of a `--map`, so that a shell reads it as one word.
pub(super) fn quoted(header: &str, field: &str) -> String {
    format!("'{}={field}'", header.replace('\'', r"'\''"))
}
