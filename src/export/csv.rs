//! Rows of the database as CSV: each value as its field's rule writes it. How cells are quoted is left to
//! [`crate::output::csv`].

use memchr::memchr;

use crate::output::Csv;
use crate::record::RowEncoder;
use crate::rule::Rule;

use super::error::ExportError;
use super::job::Job;
use super::row::fields;

/// Appends a row as the server sent it.
pub(crate) fn row(csv: Csv, row: &[u8], job: &Job, out: &mut Vec<u8>) -> Result<(), ExportError> {
    for (position, (field, column)) in fields(row).zip(&job.columns).enumerate() {
        if let Some(raw) = field {
            value(csv, raw, &column.rule, out).ok_or_else(|| job.unwritable(row, position))?;
        }
        csv.delimit(out);
    }
    csv.end_line(out);
    Ok(())
}

/// Appends one value; `None` if no cell can hold it.
fn value(csv: Csv, raw: &[u8], rule: &Rule, out: &mut Vec<u8>) -> Option<()> {
    let has_form = matches!(rule, Rule::List(_) | Rule::Decimal(_) | Rule::Date(_) | Rule::Timestamp(_));
    if !has_form && memchr(b'\\', raw).is_none() {
        csv.cell(out, raw);
        return Some(());
    }
    let normal = RowEncoder::unescape(raw);
    let written = rule.written(&normal)?;
    csv.cell(out, written.as_bytes());
    Some(())
}
