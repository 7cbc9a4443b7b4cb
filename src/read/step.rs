//! The cells that need no full check: free text, empty cells, and short values that are their own normal forms, in a
//! record of printable ASCII. They are nearly all cells of a clean file; `validate` checks all others. The field's rule
//! never sees these cells, so what it would find in them must keep them out of here.

use crate::rule::Rule;
use crate::schema::FieldIndex;

use super::cells::Cell;
use super::plan::ReadPlan;
use super::value::Value;

/// How one field is checked: what nearly every cell needs, together in memory.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) field: FieldIndex,
    /// The cell that feeds it.
    pub(crate) position: usize,
    /// An empty cell has no finding.
    optional: bool,
    /// Free text of at most this many characters is its own normal form; 0 for all other types.
    free: usize,
    /// Short values that are their own normal forms (`male`, `false`), as words.
    words: Vec<u64>,
}

impl Step {
    /// The step of a field; `None` if no cell feeds it.
    pub(crate) fn new(plan: &ReadPlan<'_>, field: FieldIndex) -> Option<Self> {
        let position = plan.cells[field]?;
        let rules = &plan.entity.fields[field];
        let is_free =
            matches!(rules.rule, Rule::Text(_)) && rules.pattern.is_none() && rules.min_length.is_none();
        let is_measured = rules.pattern.is_some() || rules.min_length.is_some() || rules.max_length.is_some();
        let values: Vec<&str> = match &rules.rule {
            Rule::Choice(choice) => choice.values().collect(),
            Rule::Boolean(_) => vec!["true", "false"],
            _ => Vec::new(),
        };
        let words = values
            .into_iter()
            .filter(|_| !is_measured)
            .filter_map(|value| word(value.as_bytes(), value.len()));
        Some(Self {
            field,
            position,
            // The full check tells an empty cell from an empty text in quotes.
            optional: !(rules.required || plan.options.empty_text && rules.rule.holds_empty_text()),
            free: if is_free { rules.max_length.unwrap_or(usize::MAX) } else { 0 },
            words: words.collect(),
        })
    }

    /// The value of a cell that needs no full check, in a record of printable ASCII.
    #[inline]
    pub(crate) fn at_once(&self, record: &str, cell: Cell) -> Option<Value> {
        let rest = &record.as_bytes()[cell.start as usize..];
        let len = (cell.end - cell.start) as usize;
        if len == 0 {
            return self.optional.then_some(Value::Empty);
        }
        let known = if self.free > 0 {
            len <= self.free && !cell.doubled && rest[0] != b' ' && rest[len - 1] != b' '
        } else {
            !self.words.is_empty() && word(rest, len).is_some_and(|word| self.words.contains(&word))
        };
        known.then_some(Value::Record(cell.start, cell.end))
    }
}

/// The first `len` bytes as one word, if they fit. `bytes` may be longer.
#[inline]
fn word(bytes: &[u8], len: usize) -> Option<u64> {
    if !(1..=8).contains(&len) {
        return None;
    }
    match bytes.first_chunk::<8>() {
        Some(eight) => Some(u64::from_le_bytes(*eight) << (64 - 8 * len)),
        None => Some(
            bytes[..len].iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)) << (64 - 8 * len),
        ),
    }
}
