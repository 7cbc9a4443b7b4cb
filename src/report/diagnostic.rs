//! A finding the way a compiler shows one: what, where, the value or its line, and what may help.

use std::fmt::Write as _;

use crate::frame::StoredFinding;
use crate::output::visible::{fitted, visible};
use crate::record::{Code, Finding};
use crate::schema::Entity;
use crate::width::{COLUMNS, width};

use super::mask::mask;
use super::number::grouped;
use super::rejects::Sources;

/// How many columns of a message are shown.
const MESSAGE: usize = 300;

/// What is shown of a finding.
#[derive(Debug)]
pub(crate) struct Diagnostic<'f> {
    severity: &'f str,
    code: &'f str,
    message: &'f str,
    place: Option<&'f str>,
    value: Option<String>,
    suggestion: Option<String>,
}

impl<'f> Diagnostic<'f> {
    /// A finding of a run's reports, masked as they are.
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

    /// A finding about a record of `entity`, masked unless `show_values`.
    pub(crate) fn fresh(finding: &'f Finding, entity: &'f Entity, show_values: bool) -> Self {
        let field = finding.field.and_then(|index| entity.fields.get(usize::from(index)));
        let masked = |text: &str| match field {
            Some(field) if field.sensitive && !show_values => mask(text),
            _ => text.to_owned(),
        };
        Self {
            severity: finding.severity.as_str(),
            code: finding.code.as_str(),
            message: &finding.message,
            place: field.map(|field| field.name.as_str()),
            value: Some(masked(&finding.value)),
            suggestion: finding.suggestion.as_deref().map(masked),
        }
    }

    /// Appends it for a record that was typed: its place is the field.
    pub(crate) fn render(&self, out: &mut String, colour: bool) {
        self.head(out, colour);
        if let Some(place) = self.place {
            let _ = writeln!(out, " --> {}", fitted(place, COLUMNS - 5));
        }
        if let Some(value) = self.value.as_deref().filter(|value| !value.is_empty()) {
            let shown = fitted(value, COLUMNS - 3);
            let carets = self.painted(&"^".repeat(width(&shown).max(1)), colour);
            let _ = writeln!(out, "  | {shown}\n  | {carets}");
        }
        self.help(out, " ");
    }

    fn painted(&self, text: &str, colour: bool) -> String {
        let paint = if self.severity == "reject" { "1;31" } else { "1;33" };
        if colour { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn head(&self, out: &mut String, colour: bool) {
        let kind = self.painted(&format!("{}[{}]", visible(self.severity), visible(self.code)), colour);
        let _ = writeln!(out, "{kind}: {}", fitted(self.message, MESSAGE));
    }

    fn help(&self, out: &mut String, margin: &str) {
        if let Some(suggestion) = &self.suggestion {
            let suggestion = fitted(suggestion, COLUMNS - margin.len() - 17);
            let _ = writeln!(out, "{margin} = help: perhaps {suggestion}");
        } else if let Some(code) = Code::from_name(self.code) {
            let _ = writeln!(out, "{margin} = help: {}", code.explanation().fix);
        }
    }
}

/// Appends a finding of a file with its line, taken from `sources`, and carets below the cell.
pub(crate) fn render_finding(
    out: &mut String,
    finding: &StoredFinding<'_>,
    sources: &mut Sources<'_>,
    colour: bool,
) {
    let diagnostic = Diagnostic::stored(finding);
    diagnostic.head(out, colour);
    let (file, entity) = (visible(&finding.file), visible(&finding.entity));
    let column = diagnostic.place.map_or_else(String::new, |name| format!(", column {}", fitted(name, 60)));
    let Some(line_start) = finding.line_start else {
        let _ = writeln!(out, " --> {file} ({entity}{column})\n");
        return;
    };
    let digits = finding.line_end.unwrap_or(line_start).to_string().len();
    let source = sources.line(finding, COLUMNS - digits - 3);
    let at = line_start + source.as_ref().map_or(0, |line| line.offset);
    let margin = " ".repeat(digits);
    let record = finding.record.map_or_else(String::new, |record| format!(", record {}", grouped(record)));
    let _ = writeln!(out, "{margin}--> {file}:{at} ({entity}{record}{column})");
    match source {
        Ok(line) => {
            let _ = writeln!(out, "{margin} |\n{at:>digits$} | {}", line.text);
            if !line.carets.is_empty() {
                let _ = writeln!(out, "{margin} | {}", diagnostic.painted(&line.carets, colour));
            }
        }
        Err(why) => {
            if let Some(value) = &diagnostic.value {
                let _ = writeln!(out, "{margin} = value: {}", fitted(value, COLUMNS - digits - 10));
            }
            let _ = writeln!(out, "{margin} = no line: {}", fitted(&why, 200));
        }
    }
    diagnostic.help(out, &margin);
    if let Some(related) = &finding.related {
        let file = related.file.as_deref().unwrap_or("-");
        let _ = writeln!(out, "{margin} = see: {} record {}", visible(file), grouped(related.record));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_points_at_the_field_and_its_value() {
        let diagnostic = Diagnostic {
            severity: "reject",
            code: "invalid-email",
            message: "there is no @",
            place: Some("contact.email"),
            value: Some("jan\u{1b}.nl".to_owned()),
            suggestion: Some("jan@x.nl".to_owned()),
        };
        let mut out = String::new();
        diagnostic.render(&mut out, false);
        assert_eq!(
            out,
            "reject[invalid-email]: there is no @\n --> contact.email\n  | jan␛.nl\n  | ^^^^^^^\n  = help: perhaps jan@x.nl\n"
        );
    }
}
