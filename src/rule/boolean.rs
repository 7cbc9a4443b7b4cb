//! `true` or `false`, exactly, and further spellings where the schema lists them.

use super::cell::{CellFinding, NormalForm};
use crate::record::Code;

/// A boolean.
#[derive(Debug, Clone)]
pub(crate) struct Boolean {
    more: Vec<(String, bool)>,
}

impl Boolean {
    /// A boolean; `more` lists further spellings and what each means.
    pub(crate) fn new(more: Vec<(String, bool)>) -> Self {
        Self { more }
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        if cell == "true" || cell == "false" {
            return NormalForm::Same;
        }
        if let Some((_, meaning)) = self.more.iter().find(|(spelling, _)| spelling == cell) {
            out.push_str(name(*meaning));
            return NormalForm::Rewritten;
        }
        let finding = CellFinding::new(Code::InvalidBoolean, "is neither true nor false");
        findings.push(finding.suggest(likely(cell).map(name)));
        NormalForm::Rejected
    }
}

fn name(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// What a spelling of other systems usually means.
fn likely(cell: &str) -> Option<bool> {
    const YES: [&str; 10] = ["true", "yes", "y", "ja", "j", "1", "t", "waar", "wahr", "on"];
    const NO: [&str; 10] = ["false", "no", "n", "nee", "nein", "0", "f", "onwaar", "falsch", "off"];
    let among = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(cell));
    if among(&YES) {
        Some(true)
    } else if among(&NO) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn only_true_and_false_count() {
        let rule = Boolean::new(Vec::new());
        for cell in ["true", "false"] {
            assert_eq!(validated!(rule, cell), (Some(cell.to_owned()), vec![]));
        }
        for (cell, suggestion) in [
            ("yes", Some("true")),
            ("JA", Some("true")),
            ("1", Some("true")),
            ("TRUE", Some("true")),
            ("nee", Some("false")),
            ("0", Some("false")),
            ("False", Some("false")),
            ("X", None),
            ("2", None),
        ] {
            let (result, findings) = validated!(rule, cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidBoolean), "{cell}");
            assert_eq!(findings[0].suggestion.as_deref(), suggestion, "{cell}");
        }
    }

    #[test]
    fn the_schema_may_allow_more() {
        let rule = Boolean::new(vec![("ja".to_owned(), true), ("nee".to_owned(), false)]);
        assert_eq!(validated!(rule, "ja").0.as_deref(), Some("true"));
        assert_eq!(validated!(rule, "nee").0.as_deref(), Some("false"));
        assert_eq!(validated!(rule, "Ja").0, None);
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,8}|true|ja") {
            stays!(Boolean::new(vec![("ja".to_owned(), true)]), &cell);
        }
    }
}
