//! One of a list of values: which spellings are read as which value, and what all other cells become. The schema
//! lists the values; this file knows none.

use super::cell::{CellFinding, NormalForm};
use crate::nearest::nearest;
use crate::record::{Code, Message};

/// One of a list of values.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    values: Vec<(String, Vec<String>)>,
    exact: bool,
    otherwise: Option<String>,
    /// Every folded spelling with the position of its value, the values themselves first.
    spellings: Vec<(String, usize)>,
    /// The message about a cell that is none of the choices.
    message: Message,
}

impl Choice {
    /// `values` are the choices with their aliases. With `exact` a cell must equal a choice exactly; else case,
    /// spaces, `_` and `-` are ignored. `otherwise` is what every other cell becomes, with the warning `defaulted`
    /// if the cell was not empty.
    pub(crate) fn new(values: Vec<(String, Vec<String>)>, exact: bool, otherwise: Option<String>) -> Self {
        let own = values.iter().enumerate().map(|(at, (value, _))| (folded(value), at));
        let aliases = values
            .iter()
            .enumerate()
            .flat_map(|(at, (_, aliases))| aliases.iter().map(move |alias| (folded(alias), at)));
        let spellings = own.chain(aliases).collect();
        let names = values.iter().map(|(value, _)| format!("'{value}'")).collect::<Vec<_>>().join(", ");
        let message = match &otherwise {
            Some(value) => format!("is not exactly one of {names} and was replaced by '{value}'"),
            None => format!("must be one of {names}"),
        };
        Self { values, exact, otherwise, spellings, message: message.into() }
    }

    /// What every other cell becomes.
    pub(crate) fn otherwise(&self) -> Option<&str> {
        self.otherwise.as_deref()
    }

    /// The choices, in the schema's order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(value, _)| value.as_str())
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        if self.values().chain(self.otherwise()).any(|value| value == cell) {
            return NormalForm::Same;
        }
        let meant = self.recognised(cell);
        if !self.exact
            && let Some(value) = meant
        {
            out.push_str(value);
            return NormalForm::Rewritten;
        }
        let code = if self.otherwise.is_some() { Code::Defaulted } else { Code::InvalidChoice };
        let suggestion = meant.or_else(|| self.nearest(cell));
        findings.push(CellFinding::new(code, self.message.clone()).suggest(suggestion));
        match self.otherwise() {
            Some(value) => {
                out.push_str(value);
                NormalForm::Rewritten
            }
            None => NormalForm::Rejected,
        }
    }

    /// The value that has the cell as a spelling; case, spaces, `_` and `-` are ignored.
    fn recognised(&self, cell: &str) -> Option<&str> {
        let mut short = [0; 48];
        let long;
        let folded = if let Some(length) = fold_ascii(cell, &mut short) {
            &short[..length]
        } else {
            long = folded(cell);
            long.as_bytes()
        };
        let (_, at) = self.spellings.iter().find(|(spelling, _)| spelling.as_bytes() == folded)?;
        Some(&self.values[*at].0)
    }

    fn nearest(&self, cell: &str) -> Option<&str> {
        let spellings = self.spellings.iter().map(|(spelling, at)| (spelling.as_str(), *at));
        nearest(&folded(cell), spellings).map(|at| self.values[at].0.as_str())
    }
}

fn folded(text: &str) -> String {
    text.chars().filter(|c| !is_ignored(*c)).flat_map(char::to_lowercase).collect()
}

/// Folds a short ASCII text without allocating. Returns the folded length, or `None` if the text is long or not
/// ASCII.
fn fold_ascii(text: &str, buffer: &mut [u8; 48]) -> Option<usize> {
    if text.len() > buffer.len() || !text.is_ascii() {
        return None;
    }
    let mut length = 0;
    for byte in text.bytes().filter(|byte| !is_ignored(char::from(*byte))) {
        buffer[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    Some(length)
}

fn is_ignored(c: char) -> bool {
    c == '_' || c == '-' || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    fn choice(values: &[(&str, &[&str])], exact: bool, otherwise: Option<&str>) -> Choice {
        let values = values
            .iter()
            .map(|(value, aliases)| ((*value).to_owned(), aliases.iter().map(|a| (*a).to_owned()).collect()))
            .collect();
        Choice::new(values, exact, otherwise.map(str::to_owned))
    }

    fn gender() -> Choice {
        choice(&[("female", &["vrouw"])], true, Some("male"))
    }

    fn role() -> Choice {
        choice(
            &[
                ("none", &["no role"]),
                ("api-developer", &["API developer"]),
                ("beheerder", &["Administratör"]),
            ],
            false,
            None,
        )
    }

    #[test]
    fn a_fixed_rule_accepts_its_exact_values_only() {
        let rule = gender();
        for (cell, value, warned, suggestion) in [
            ("female", "female", false, None),
            ("male", "male", false, None),
            ("FEMALE", "male", true, Some("female")),
            ("vrouw", "male", true, Some("female")),
            ("femael", "male", true, Some("female")),
            ("x", "male", true, None),
        ] {
            let (result, findings) = validated!(rule, cell);
            assert_eq!(result.as_deref(), Some(value), "{cell}");
            assert_eq!(
                findings.iter().map(|n| n.code).collect::<Vec<_>>(),
                vec![Code::Defaulted; usize::from(warned)]
            );
            assert_eq!(findings.first().and_then(|n| n.suggestion.as_deref()), suggestion, "{cell}");
        }
    }

    #[test]
    fn a_loose_choice_ignores_case_and_separators() {
        let rule = role();
        for cell in ["api-developer", "apiDeveloper", "API developer", "api_developer", " A P I-DEVELOPER"] {
            assert_eq!(validated!(rule, cell).0.as_deref(), Some("api-developer"), "{cell}");
        }
        assert_eq!(validated!(rule, "administratÖr").0.as_deref(), Some("beheerder"));
        let (result, findings) = validated!(rule, "api-develper");
        assert_eq!(result, None);
        assert_eq!(findings[0].code, Code::InvalidChoice);
        assert_eq!(findings[0].message, "must be one of 'none', 'api-developer', 'beheerder'");
        assert_eq!(findings[0].suggestion.as_deref(), Some("api-developer"));
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,60}|[Nn][o_]*[ne]*") {
            stays!(gender(), &cell);
            stays!(role(), &cell);
        }
    }
}
