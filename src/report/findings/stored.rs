//! A finding read back from `rejects.ndjson` as a record of `rejects.csv`: the same bytes as when both files
//! were written.

use crate::frame::StoredFinding;
use crate::output::spreadsheet;

/// Appends the record.
pub(crate) fn csv_of_stored(out: &mut Vec<u8>, finding: &StoredFinding<'_>) {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let related = finding.related.as_ref();
    let related = related.map(|r| format!("{}:{}", r.file.as_deref().unwrap_or_default(), r.record));
    let cells = [
        &*finding.run,
        &*finding.entity,
        &*finding.file,
        &number(finding.record),
        &number(finding.line_start),
        &number(finding.line_end),
        &finding.byte_start.to_string(),
        &finding.byte_end.to_string(),
        finding.column.as_deref().unwrap_or_default(),
        finding.field.as_deref().unwrap_or_default(),
        &*finding.severity,
        &*finding.code,
        finding.value.as_deref().unwrap_or_default(),
        finding.message.as_deref().unwrap_or_default(),
        finding.suggestion.as_deref().unwrap_or_default(),
        related.as_deref().unwrap_or_default(),
    ];
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        spreadsheet::cell(out, cell);
    }
    out.extend_from_slice(spreadsheet::LINE_END);
}
