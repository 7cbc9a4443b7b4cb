//! Findings counted by rule, column and value.

use std::fmt::Write as _;

use crate::frame::Groups;
use crate::output::visible::visible;

use super::super::number::{count, grouped};
use super::super::width::{WIDTH, fitted, padded};
use super::StoredRun;

/// The table's text.
#[must_use]
pub(crate) fn render(run: &StoredRun, groups: &Groups) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "muster {} {}", visible(&run.command), visible(&run.run));
    let _ = writeln!(out, "{}, started {}\n", visible(&run.status), visible(&run.started));
    if groups.rules.is_empty() {
        out.push_str("No findings.\n");
        return out;
    }
    let _ = writeln!(out, "{} by rule, column and value\n", count(groups.findings, "finding"));
    let number = groups.rules.iter().map(|rule| grouped(rule.findings).len()).max().unwrap_or(0).max(8);
    let code = groups.rules.iter().map(|rule| rule.code.len()).max().unwrap_or(0).clamp(4, 20);
    let rest = WIDTH - number - code - 2 - 2 - 11;
    let _ = writeln!(out, "{:>number$}  severity   {}  column", "findings", padded("code", code));
    for rule in &groups.rules {
        let column = rule.column.as_deref().unwrap_or("-");
        let place = format!("{}.{column}", rule.entity);
        let _ = writeln!(
            out,
            "{:>number$}  {}  {}  {}",
            grouped(rule.findings),
            padded(&fitted(&rule.severity, 9), 9),
            padded(&fitted(&rule.code, code), code),
            fitted(&place, rest)
        );
        for value in &rule.values {
            let shown =
                if value.value.is_empty() { "(empty)".to_owned() } else { fitted(&value.value, rest) };
            let times = format!("{} ×", grouped(value.findings));
            let _ = writeln!(out, "{:indent$}{times:>code$}  {shown}", "", indent = number + 2 + 11);
        }
        let listed = rule.values.len() as u64;
        if rule.distinct_values > listed || rule.more_values {
            let more = if rule.more_values { "more than " } else { "" };
            let others = count(rule.distinct_values - listed, "other value");
            let _ = writeln!(out, "{:indent$}and {more}{others}", "", indent = number + 2 + 11 + code + 2);
        }
    }
    out.push('\n');
    let _ = writeln!(out, "With their source lines: --show 10. What a code means: muster explain CODE");
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::width::width;
    use super::*;
    use crate::frame::{RuleGroup, ValueGroup};

    #[test]
    fn the_table_fits_eighty_columns_and_steers_no_terminal() {
        let run = StoredRun {
            folder: "out".into(),
            run: "0193".into(),
            command: "check".into(),
            status: "checked".into(),
            started: "2026-11-24T12:00:00Z".into(),
            schema_sha256: String::new(),
            entities: Vec::new(),
        };
        let value = |text: &str, findings| ValueGroup { value: text.repeat(40), findings };
        let rule = RuleGroup {
            entity: "users".into(),
            code: "invalid-email".into(),
            column: Some("E\x1b[31m".repeat(30)),
            severity: "reject".into(),
            findings: 1_234_567,
            distinct_values: 9,
            more_values: false,
            values: vec![value("日\u{202e}", 1000), value("", 2)],
        };
        let text = render(&run, &Groups { findings: 1_234_567, rules: vec![rule] });
        assert!(text.lines().all(|line| width(line) <= WIDTH), "{text}");
        assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
        assert!(
            text.contains("1,000 ×") && text.contains("(empty)") && text.contains("and 7 other values"),
            "{text}"
        );
    }
}
