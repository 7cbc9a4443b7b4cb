//! A finding as it stands in `rejects.ndjson`, and which findings are asked for.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A text that is borrowed from its line where it holds no escapes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// One line of `rejects.ndjson`. Values are masked as the run has masked them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[allow(missing_docs)] // The fields of the contract, under their names.
pub struct StoredFinding<'a> {
    #[serde(borrow)]
    pub run: Text<'a>,
    #[serde(borrow)]
    pub entity: Text<'a>,
    #[serde(borrow)]
    pub file: Text<'a>,
    pub record: Option<u64>,
    pub line_start: Option<u64>,
    pub line_end: Option<u64>,
    pub byte_start: u64,
    pub byte_end: u64,
    #[serde(borrow)]
    pub column: Option<Text<'a>>,
    #[serde(borrow)]
    pub field: Option<Text<'a>>,
    #[serde(borrow)]
    pub severity: Text<'a>,
    #[serde(borrow)]
    pub code: Text<'a>,
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
    #[serde(borrow)]
    pub message: Option<Text<'a>>,
    #[serde(borrow)]
    pub suggestion: Option<Text<'a>>,
    #[serde(borrow)]
    pub related: Option<StoredRelated<'a>>,
}

/// The record that a finding is about as well.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StoredRelated<'a> {
    /// Its file.
    #[serde(borrow)]
    pub file: Option<Text<'a>>,
    /// Its number.
    pub record: u64,
}

impl StoredFinding<'_> {
    /// The column's name in the file, else the field's.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.column.as_deref().or(self.field.as_deref())
    }
}

/// What grouping needs of a finding; the rest of the line is skipped.
#[derive(Debug, Deserialize)]
pub(super) struct Grouped<'a> {
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

/// Which findings are asked for: those that fit one name of each list that has names.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Codes.
    pub codes: Vec<String>,
    /// Columns, by the name in the file or the field's.
    pub columns: Vec<String>,
    /// Entities.
    pub entities: Vec<String>,
}

impl Filter {
    /// Whether a finding with these is asked for.
    #[must_use]
    pub fn admits(&self, entity: &str, code: &str, column: Option<&str>, field: Option<&str>) -> bool {
        let fits = |wanted: &[String], name: &str| wanted.iter().any(|wanted| wanted == name);
        (self.entities.is_empty() || fits(&self.entities, entity))
            && (self.codes.is_empty() || fits(&self.codes, code))
            && (self.columns.is_empty()
                || [column, field].into_iter().flatten().any(|name| fits(&self.columns, name)))
    }

    /// Whether everything is asked for.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.codes.is_empty() && self.columns.is_empty() && self.entities.is_empty()
    }

    /// Whether a whole finding is asked for.
    #[must_use]
    pub fn takes(&self, finding: &StoredFinding<'_>) -> bool {
        self.admits(&finding.entity, &finding.code, finding.column.as_deref(), finding.field.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_any_of_its_names_in_every_list() {
        let filter = Filter {
            codes: vec!["required".into(), "too-long".into()],
            columns: vec!["E-mail".into(), "contact.phone".into()],
            entities: Vec::new(),
        };
        assert!(filter.admits("users", "too-long", Some("E-mail"), Some("email")));
        assert!(filter.admits("users", "required", Some("Tel"), Some("contact.phone")));
        assert!(!filter.admits("users", "required", None, None));
        assert!(!filter.admits("users", "invalid-iban", Some("E-mail"), None));
        assert!(Filter::default().admits("users", "required", None, None));
    }

    #[test]
    fn a_line_is_borrowed_and_written_back_as_it_was() {
        let line = r#"{"run":"r","entity":"users","file":"u.csv","record":1,"line_start":2,"line_end":2,"byte_start":6,"byte_end":9,"column":"email","field":null,"severity":"reject","code":"invalid-email","value":"x","message":"no","suggestion":null,"related":{"file":"a.csv","record":4}}"#;
        let finding: StoredFinding<'_> = serde_json::from_str(line).unwrap();
        assert!(matches!(finding.column.as_ref().unwrap().0, Cow::Borrowed("email")));
        assert_eq!(serde_json::to_string(&finding).unwrap(), line);
    }
}
