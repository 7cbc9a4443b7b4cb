//! A finding the way a compiler shows one: what, where, the line, carets below the cell, what may help.

use std::fmt::Write as _;

use crate::frame::StoredFinding;
use crate::output::visible::visible;
use crate::record::Code;

use super::super::number::grouped;
use super::super::width::{WIDTH, fitted};
use super::Sources;

/// Appends a finding; `sources` has its line.
pub(crate) fn render(out: &mut String, finding: &StoredFinding<'_>, sources: &mut Sources<'_>, colour: bool) {
    let (word, paint) = match &*finding.severity {
        "reject" => ("reject", "1;31"),
        "duplicate" => ("duplicate", "1;33"),
        other => (other, "1;33"),
    };
    let painted = |text: &str| if colour { format!("\x1b[{paint}m{text}\x1b[0m") } else { text.to_owned() };
    let kind = painted(&format!("{}[{}]", visible(word), visible(&finding.code)));
    let message = finding.message.as_deref().unwrap_or_default();
    let _ = writeln!(out, "{kind}: {}", fitted(message, 300));
    let Some(line_start) = finding.line_start else {
        let column = finding.place().map_or_else(String::new, |name| format!(", column {}", visible(name)));
        let _ = writeln!(out, " --> {} ({}{column})\n", visible(&finding.file), visible(&finding.entity));
        return;
    };
    let digits = finding.line_end.unwrap_or(line_start).to_string().len();
    let source = sources.line(finding, WIDTH - digits - 3);
    let at = line_start + source.as_ref().map_or(0, |line| line.offset);
    let margin = " ".repeat(digits);
    let record = finding.record.map_or_else(String::new, |record| format!(", record {}", grouped(record)));
    let column = finding.place().map_or_else(String::new, |name| format!(", column {}", fitted(name, 60)));
    let _ = writeln!(
        out,
        "{margin}--> {}:{at} ({}{record}{column})",
        visible(&finding.file),
        visible(&finding.entity)
    );
    match source {
        Ok(line) => {
            let _ = writeln!(out, "{margin} |\n{at:>digits$} | {}", line.text);
            if !line.carets.is_empty() {
                let _ = writeln!(out, "{margin} | {}", painted(&line.carets));
            }
        }
        Err(why) => {
            if let Some(value) = finding.value.as_deref() {
                let _ = writeln!(out, "{margin} = value: {}", fitted(value, WIDTH - digits - 10));
            }
            let _ = writeln!(out, "{margin} = no line: {}", fitted(&why, 200));
        }
    }
    if let Some(suggestion) = finding.suggestion.as_deref() {
        let _ = writeln!(out, "{margin} = help: perhaps {}", fitted(suggestion, WIDTH - digits - 17));
    } else if let Some(code) = Code::from_name(&finding.code) {
        let _ = writeln!(out, "{margin} = help: {}", code.explanation().fix);
    }
    if let Some(related) = &finding.related {
        let file = related.file.as_deref().unwrap_or("-");
        let _ = writeln!(out, "{margin} = see: {} record {}", visible(file), grouped(related.record));
    }
    out.push('\n');
}
