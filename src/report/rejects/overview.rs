//! Findings counted by rule, column and value.

use std::fmt::Write as _;

use crate::frame::Groups;
use crate::output::visible::visible;
use crate::width::COLUMNS;

use super::super::number::{count, grouped};
use super::super::table::Table;
use super::StoredRun;

/// The table's text.
pub(crate) fn render(run: &StoredRun, groups: &Groups) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "muster {} {}", visible(&run.command), visible(&run.run));
    let _ = writeln!(out, "{}, started {}\n", visible(&run.status), visible(&run.started));
    if groups.rules.is_empty() {
        out.push_str("No findings.\n");
        return out;
    }
    let _ = writeln!(out, "{} by rule, column and value\n", count(groups.findings, "finding"));
    let mut table = Table::new(["findings", "severity", "code", "column"], 0).with_numbers([0]);
    for rule in &groups.rules {
        let place = format!("{}.{}", rule.entity, rule.column.as_deref().unwrap_or("-"));
        table.add([grouped(rule.findings), rule.severity.clone(), rule.code.clone(), place].map(Some));
        let times = rule.values.iter().map(|value| grouped(value.findings)).collect::<Vec<_>>();
        let widest = times.iter().map(String::len).max().unwrap_or(0);
        for (value, times) in rule.values.iter().zip(times) {
            let value = if value.value.is_empty() { "(empty)" } else { &value.value };
            table.add([None, None, None, Some(format!("  {times:>widest$} × {value}"))]);
        }
        let others = rule.distinct_values - rule.values.len() as u64;
        if others > 0 || rule.more_values {
            let more = if rule.more_values { "more than " } else { "" };
            table.add([None, None, None, Some(format!("  and {more}{}", count(others, "other value")))]);
        }
    }
    out + &table.whole(COLUMNS, false)
        + "\nWith their source lines: --show 10. What a code means: muster explain CODE\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{RuleGroup, ValueGroup};
    use crate::width::width;

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
        assert!(text.lines().all(|line| width(line) <= COLUMNS), "{text}");
        assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
        assert!(
            text.contains("1,000 ×")
                && text.contains("    2 × (empty)")
                && text.contains("and 7 other values"),
            "{text}"
        );
    }
}
