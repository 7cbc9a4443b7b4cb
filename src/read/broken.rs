//! What can be read of a record that has no row: the text before the fault. If its key is there, the records that refer
//! to it are told that it was rejected, and not that it does not exist.

use super::blocks::Span;
use super::plan::ReadPlan;
use super::split::Shape;

/// How many bytes of a record are looked at.
const MOST: usize = 64 << 10;

/// The text before the fault, and whether it is the whole record; else its last cell is cut off. `bytes` begin with the
/// record's.
pub(super) fn readable<'t>(
    plan: &ReadPlan<'_>,
    span: &Span,
    bytes: &'t [u8],
    buffer: &'t mut String,
) -> (&'t str, bool) {
    let len = usize::try_from(span.len).unwrap_or(usize::MAX);
    let end = match span.shape {
        Shape::StrayQuote(at) | Shape::UnclosedQuote(at) => (at as usize).min(len),
        Shape::Plain | Shape::Quoted | Shape::Endless => len,
    };
    let end = end.min(bytes.len()).min(MOST);
    let end = match plan.encoding.decode(&bytes[..end], buffer) {
        Ok(_) => end,
        Err(valid) => valid,
    };
    let text = plan.encoding.decode(&bytes[..end], buffer).unwrap_or_default();
    let nul = memchr::memchr(0, text.as_bytes());
    (&text[..nul.unwrap_or(text.len())], end == len && nul.is_none())
}
