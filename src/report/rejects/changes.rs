//! Two runs side by side, rule by rule.

use std::fmt::Write as _;

use crate::frame::{Change, Trend};
use crate::output::visible::visible;

use super::super::number::grouped;
use super::super::width::{WIDTH, fitted, padded};
use super::StoredRun;

/// The table's text.
#[must_use]
pub(crate) fn render(before: &StoredRun, now: &StoredRun, changes: &[Change]) -> String {
    let mut out = String::new();
    for (name, run) in [("before", before), ("now", now)] {
        let _ = writeln!(
            out,
            "{name:6}  {} {}, {}",
            visible(&run.run),
            visible(&run.status),
            visible(&run.started)
        );
    }
    out.push('\n');
    if changes.is_empty() {
        out.push_str("No findings in either.\n");
        return out;
    }
    let widest = changes.iter().map(|c| grouped(c.before.max(c.now)).len()).max().unwrap_or(0).max(6);
    let code = changes.iter().map(|change| change.code.len()).max().unwrap_or(0).clamp(4, 20);
    let rest = WIDTH - 8 - 2 * (widest + 2) - code - 2;
    let _ = writeln!(
        out,
        "{:6}  {:>widest$}  {:>widest$}  {}  column",
        "",
        "before",
        "now",
        padded("code", code)
    );
    for change in changes {
        let mark =
            if change.severity == "reject" { String::new() } else { format!(" ({})", change.severity) };
        let place = format!("{}.{}{mark}", change.entity, change.column.as_deref().unwrap_or("-"));
        let _ = writeln!(
            out,
            "{:6}  {:>widest$}  {:>widest$}  {}  {}",
            change.verdict.as_str(),
            grouped(change.before),
            grouped(change.now),
            padded(&fitted(&change.code, code), code),
            fitted(&place, rest)
        );
    }
    out.push('\n');
    let words = [Trend::New, Trend::Worse, Trend::Same, Trend::Better, Trend::Gone].map(|verdict| {
        format!("{} {}", changes.iter().filter(|change| change.verdict == verdict).count(), verdict.as_str())
    });
    let _ = writeln!(out, "{}", words.join(", "));
    out
}
