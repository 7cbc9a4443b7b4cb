//! Columns that nobody has decided about: neither fields of the schema nor ignored. Data in them would be lost, so that
//! it is said how much there is. Whether a column holds any is known only after all records have been read.

use super::Look;
use crate::record::{Code, Finding};

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

impl Look {
    /// The findings about a file that has been read. `filled` has the number of filled cells of each unknown column.
    pub(crate) fn findings_after(&self, entity: &str, filled: &[u64]) -> Vec<Finding> {
        let counted = |mut finding: Finding| {
            if !is_about(&finding, &self.unknown) {
                return Some(finding);
            }
            let column = usize::from(finding.column?);
            let filled = self.filled(column, filled);
            let name = self.opening.header.get(column).map_or("", String::as_str);
            let near = finding.suggestion.as_deref();
            finding.message = message(entity, name, column, Some(filled), near).into();
            (filled > 0).then_some(finding)
        };
        self.findings.iter().cloned().filter_map(counted).collect()
    }

    /// The columns that are lost. `filled` has the number of filled cells of each unknown column.
    pub(crate) fn not_imported(&self, filled: &[u64]) -> Vec<NotImported> {
        let of_column = |(&column, &filled): (&usize, &u64)| {
            let about = |finding: &&Finding| finding.column.is_some_and(|of| usize::from(of) == column);
            let found = self.findings.iter().filter(|finding| finding.code == Code::UnknownColumn).find(about);
            let field = found.and_then(|finding| finding.suggestion.as_ref()).map(ToString::to_string);
            let column = match self.opening.header.get(column).map_or("", String::as_str) {
                "" => format!("column {}", column + 1),
                name => name.to_owned(),
            };
            (filled > 0).then_some(NotImported { column, filled, field })
        };
        let counted = self.unknown.iter().zip(filled).filter_map(of_column);
        counted.chain(self.left_out.iter().cloned()).collect()
    }

    /// How many columns the file has, with those whose values cannot be read.
    pub(crate) fn columns(&self) -> usize {
        let named = self.opening.header.iter().rposition(|name| !name.is_empty());
        named.map_or(0, |last| last + 1) + self.left_out.len()
    }

    fn filled(&self, column: usize, filled: &[u64]) -> u64 {
        let at = self.unknown.iter().position(|unknown| *unknown == column);
        at.and_then(|at| filled.get(at)).copied().unwrap_or(0)
    }
}
