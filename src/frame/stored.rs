//! A finding as it is written in `rejects.ndjson`, and filters of findings.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text that is borrowed from its line if it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// One line of `rejects.ndjson`. Values are masked as the run has masked them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs)] // The fields of the contract, under their names.
pub(crate) struct StoredFinding<'a> {
    #[serde(borrow)]
    pub(crate) run: Text<'a>,
    #[serde(borrow)]
    pub(crate) entity: Text<'a>,
    #[serde(borrow)]
    pub(crate) file: Text<'a>,
    pub(crate) record: Option<u64>,
    pub(crate) line_start: Option<u64>,
    pub(crate) line_end: Option<u64>,
    pub(crate) byte_start: u64,
    pub(crate) byte_end: u64,
    #[serde(borrow)]
    pub(crate) column: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) field: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) severity: Text<'a>,
    #[serde(borrow)]
    pub(crate) code: Text<'a>,
    #[serde(borrow)]
    pub(crate) value: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) message: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) suggestion: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) related: Option<StoredRelated<'a>>,
}

/// The other record that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct StoredRelated<'a> {
    /// Its file.
    #[serde(borrow)]
    pub(crate) file: Option<Text<'a>>,
    /// Its number.
    pub(crate) record: u64,
}

impl StoredFinding<'_> {
    /// The column's name in the file, else the field's.
    pub(crate) fn place(&self) -> Option<&str> {
        self.column.as_deref().or(self.field.as_deref())
    }
}

/// The members of a finding that grouping needs.
#[derive(Debug, Deserialize)]
pub(super) struct GroupedFinding<'a> {
    #[serde(borrow)]
    pub(super) entity: Text<'a>,
    #[serde(borrow)]
    pub(super) column: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) field: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) severity: Text<'a>,
    #[serde(borrow)]
    pub(super) code: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Option<Text<'a>>,
}

/// Which findings are wanted: those that match one name of each list that is not empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct FindingFilter {
    pub(crate) codes: Vec<String>,
    /// Columns, by their names in the file or their fields' names.
    pub(crate) columns: Vec<String>,
    pub(crate) entities: Vec<String>,
}

impl FindingFilter {
    /// Whether findings with these names are wanted.
    pub(crate) fn admits(&self, entity: &str, code: &str, column: Option<&str>, field: Option<&str>) -> bool {
        let fits = |wanted: &[String], name: &str| wanted.iter().any(|wanted| wanted == name);
        (self.entities.is_empty() || fits(&self.entities, entity))
            && (self.codes.is_empty() || fits(&self.codes, code))
            && (self.columns.is_empty()
                || [column, field].into_iter().flatten().any(|name| fits(&self.columns, name)))
    }

    /// Whether a finding is wanted.
    pub(crate) fn takes(&self, finding: &StoredFinding<'_>) -> bool {
        self.admits(&finding.entity, &finding.code, finding.column.as_deref(), finding.field.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_admits_any_name_of_each_list() {
        let filter = FindingFilter {
            codes: vec!["required".into(), "too-long".into()],
            columns: vec!["E-mail".into(), "contact.phone".into()],
            entities: Vec::new(),
        };
        assert!(filter.admits("users", "too-long", Some("E-mail"), Some("email")));
        assert!(filter.admits("users", "required", Some("Tel"), Some("contact.phone")));
        assert!(!filter.admits("users", "required", None, None));
        assert!(!filter.admits("users", "invalid-iban", Some("E-mail"), None));
        assert!(FindingFilter::default().admits("users", "required", None, None));
    }

    #[test]
    fn a_line_is_borrowed_and_written_back_as_it_was() {
        let line = r#"{"run":"r","entity":"users","file":"u.csv","record":1,"line_start":2,"line_end":2,"byte_start":6,"byte_end":9,"column":"email","field":null,"severity":"reject","code":"invalid-email","value":"x","message":"no","suggestion":null,"related":{"file":"a.csv","record":4}}"#;
        let finding: StoredFinding<'_> = serde_json::from_str(line).unwrap();
        assert!(matches!(finding.column.as_ref().unwrap().0, Cow::Borrowed("email")));
        assert_eq!(serde_json::to_string(&finding).unwrap(), line);
    }
}
