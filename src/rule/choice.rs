//! One of a list of values: which spellings count, and what becomes of all others. Knows no value by itself;
//! the schema lists them all.

use super::nearest::nearest;
use super::{Fate, Note};
use crate::record::{Code, Message};

/// One of a list of values.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    values: Vec<(String, Vec<String>)>,
    exact: bool,
    otherwise: Option<String>,
    /// Every folded spelling with the position of its value; the values' own spellings first.
    spellings: Vec<(String, usize)>,
    /// Said of a value that is not among the choices.
    message: Message,
}

impl Choice {
    /// `values` are the choices with their aliases. With `exact`, only the choices themselves count, to the
    /// letter; else case, spaces, `_` and `-` are not looked at. `otherwise` is what every other value
    /// becomes (with a `defaulted` warning where the cell was not empty).
    #[must_use]
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

    /// What every other value becomes.
    #[must_use]
    pub(crate) fn otherwise(&self) -> Option<&str> {
        self.otherwise.as_deref()
    }

    /// The choices, in the schema's order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(|(value, _)| value.as_str())
    }

    /// See [`super::Rule::judge`].
    pub(crate) fn judge(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        if self.values().chain(self.otherwise()).any(|value| value == cell) {
            return Fate::Same;
        }
        let meant = self.recognised(cell);
        if !self.exact
            && let Some(value) = meant
        {
            out.push_str(value);
            return Fate::Rewritten;
        }
        let code = if self.otherwise.is_some() { Code::Defaulted } else { Code::InvalidChoice };
        let mut note = Note::new(code, self.message.clone());
        note.suggestion = meant.or_else(|| self.nearest(cell)).map(Into::into);
        notes.push(note);
        match self.otherwise() {
            Some(value) => {
                out.push_str(value);
                Fate::Rewritten
            }
            None => Fate::Rejected,
        }
    }

    /// The value one of whose spellings the cell is, case, spaces, `_` and `-` not looked at.
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

/// Folds a short ASCII text without allocating; the folded length, or `None` where it is neither.
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
    use crate::rule::tests::{judged, stays};

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
    fn a_fixed_rule_is_kept_to_the_letter() {
        let rule = gender();
        for (cell, value, warned, suggestion) in [
            ("female", "female", false, None),
            ("male", "male", false, None),
            ("FEMALE", "male", true, Some("female")),
            ("vrouw", "male", true, Some("female")),
            ("femael", "male", true, Some("female")),
            ("x", "male", true, None),
        ] {
            let (result, notes) = judged!(rule, cell);
            assert_eq!(result.as_deref(), Some(value), "{cell}");
            assert_eq!(
                notes.iter().map(|n| n.code).collect::<Vec<_>>(),
                vec![Code::Defaulted; usize::from(warned)]
            );
            assert_eq!(notes.first().and_then(|n| n.suggestion.as_deref()), suggestion, "{cell}");
        }
    }

    #[test]
    fn a_loose_choice_forgives_case_and_separators() {
        let rule = role();
        for cell in ["api-developer", "apiDeveloper", "API developer", "api_developer", " A P I-DEVELOPER"] {
            assert_eq!(judged!(rule, cell).0.as_deref(), Some("api-developer"), "{cell}");
        }
        assert_eq!(judged!(rule, "administratÖr").0.as_deref(), Some("beheerder"));
        let (result, notes) = judged!(rule, "api-develper");
        assert_eq!(result, None);
        assert_eq!(notes[0].code, Code::InvalidChoice);
        assert_eq!(notes[0].message, "must be one of 'none', 'api-developer', 'beheerder'");
        assert_eq!(notes[0].suggestion.as_deref(), Some("api-developer"));
    }

    proptest! {
        #[test]
        fn a_judged_value_stays(cell in "\\PC{0,60}|[Nn][o_]*[ne]*") {
            stays!(gender(), &cell);
            stays!(role(), &cell);
        }
    }
}
