//! Two runs compared, rule by rule.

use std::fmt::Write as _;

use crate::frame::{Change, Trend};
use crate::output::visible::visible;
use crate::width::COLUMNS;

use super::super::number::grouped;
use super::super::table::Table;
use super::StoredRun;

/// The table's text.
pub(crate) fn render(before: &StoredRun, now: &StoredRun, changes: &[Change]) -> String {
    let mut out = String::new();
    for (name, run) in [("before", before), ("now", now)] {
        let (id, status, started) = (visible(&run.run), visible(&run.status), visible(&run.started));
        let _ = writeln!(out, "{name:6}  {id} {status}, {started}");
    }
    out.push('\n');
    if changes.is_empty() {
        return out + "No findings in either.\n";
    }
    let mut table = Table::new(["", "before", "now", "code", "column"], 0).with_numbers([1, 2]);
    for change in changes {
        let mark =
            if change.severity == "reject" { String::new() } else { format!(" ({})", change.severity) };
        let place = format!("{}.{}{mark}", change.entity, change.column.as_deref().unwrap_or("-"));
        let (before, now) = (grouped(change.before), grouped(change.now));
        table.add([change.verdict.as_str().to_owned(), before, now, change.code.clone(), place].map(Some));
    }
    out + &table.whole(COLUMNS, false) + "\n" + &verdicts(changes) + "\n"
}

/// How many rules have each trend.
pub(crate) fn verdicts(changes: &[Change]) -> String {
    let all = [Trend::New, Trend::Worse, Trend::Same, Trend::Better, Trend::Gone];
    let words = all.map(|trend| {
        let number = changes.iter().filter(|change| change.verdict == trend).count();
        format!("{number} {}", trend.as_str())
    });
    words.join(", ")
}
