//! A finding about a record that somebody has just typed, as a compiler would show it: there is no file and no
//! line to name, the field is the place.

use std::fmt::Write as _;

use crate::frame::StoredFinding;
use crate::output::visible::visible;
use crate::record::{Code, Finding};
use crate::schema::Entity;

use super::mask::mask;
use super::width::{WIDTH, fitted, width};

/// What is shown of a finding.
#[derive(Debug)]
pub(crate) struct Told<'f> {
    severity: &'f str,
    code: &'f str,
    message: &'f str,
    place: Option<&'f str>,
    value: Option<String>,
    suggestion: Option<String>,
}

impl<'f> Told<'f> {
    /// A finding of a run's reports, masked as they are.
    #[must_use]
    pub(crate) fn stored(finding: &'f StoredFinding<'_>) -> Self {
        Self {
            severity: &finding.severity,
            code: &finding.code,
            message: finding.message.as_deref().unwrap_or_default(),
            place: finding.place(),
            value: finding.value.as_deref().map(str::to_owned),
            suggestion: finding.suggestion.as_deref().map(str::to_owned),
        }
    }

    /// A finding about a record of `entity`, masked unless `open`.
    #[must_use]
    pub(crate) fn fresh(finding: &'f Finding, entity: &'f Entity, open: bool) -> Self {
        let field = finding.field.and_then(|index| entity.fields.get(usize::from(index)));
        let veiled = |text: &str| match field {
            Some(field) if field.sensitive && !open => mask(text),
            _ => text.to_owned(),
        };
        Self {
            severity: finding.severity.as_str(),
            code: finding.code.as_str(),
            message: &finding.message,
            place: field.map(|field| field.name.as_str()),
            value: Some(veiled(&finding.value)),
            suggestion: finding.suggestion.as_deref().map(veiled),
        }
    }

    /// Appends it.
    pub(crate) fn render(&self, out: &mut String, colour: bool) {
        let paint = if self.severity == "reject" { "1;31" } else { "1;33" };
        let painted =
            |text: &str| if colour { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() };
        let kind = painted(&format!("{}[{}]", visible(self.severity), visible(self.code)));
        let _ = writeln!(out, "{kind}: {}", fitted(self.message, 300));
        if let Some(place) = self.place {
            let _ = writeln!(out, " --> {}", fitted(place, WIDTH - 5));
        }
        if let Some(value) = self.value.as_deref().filter(|value| !value.is_empty()) {
            let shown = fitted(value, WIDTH - 3);
            let _ = writeln!(out, "  | {shown}\n  | {}", painted(&"^".repeat(width(&shown).max(1))));
        }
        match (&self.suggestion, Code::from_name(self.code)) {
            (Some(suggestion), _) => {
                let _ = writeln!(out, "  = help: perhaps {}", fitted(suggestion, WIDTH - 20));
            }
            (None, Some(code)) => {
                let _ = writeln!(out, "  = help: {}", code.explanation().fix);
            }
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_points_at_the_field_and_its_value() {
        let told = Told {
            severity: "reject",
            code: "invalid-email",
            message: "there is no @",
            place: Some("contact.email"),
            value: Some("jan\u{1b}.nl".to_owned()),
            suggestion: Some("jan@x.nl".to_owned()),
        };
        let mut out = String::new();
        told.render(&mut out, false);
        assert_eq!(
            out,
            "reject[invalid-email]: there is no @\n --> contact.email\n  | jan␛.nl\n  | ^^^^^^^\n  = help: perhaps jan@x.nl\n"
        );
    }
}
