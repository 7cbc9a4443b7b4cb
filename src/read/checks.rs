//! Checks of a value beyond its field's type: its length, its pattern, and what the schema says about several fields
//! of a row.

use crate::record::Code;
use crate::rule::CellFinding;
use crate::schema::{Entity, Field, FieldIndex, RowRule};

use super::cells::Cell;
use super::value::{RowValues, Value};

/// Checks the number of characters of a normal form.
#[inline]
pub(super) fn length(field: &Field, normal: &str) -> Option<CellFinding> {
    // A character has at most four bytes, so most values need no counting.
    if let Some(max) = field.max_length
        && normal.len() > max
        && normal.chars().count() > max
    {
        let message =
            format!("the value has {} characters, at most {max} are allowed", normal.chars().count());
        return Some(CellFinding::new(Code::TooLong, message));
    }
    if let Some(min) = field.min_length
        && normal.len() < min * 4
        && normal.chars().count() < min
    {
        let message =
            format!("the value has {} characters, at least {min} are needed", normal.chars().count());
        return Some(CellFinding::new(Code::TooShort, message));
    }
    None
}

/// Checks a normal form against its field's pattern, if that applies to the row: `value` returns the value of another
/// field.
#[inline]
pub(super) fn pattern<'v>(
    field: &Field,
    normal: &str,
    value: impl Fn(FieldIndex) -> Option<&'v str>,
) -> Option<CellFinding> {
    let pattern = field.pattern.as_ref()?;
    let applies = pattern.when.as_ref().is_none_or(|when| value(when.field) == Some(&when.equals));
    (applies && !pattern.regex.is_match(normal)).then(|| {
        CellFinding::new(
            Code::PatternMismatch,
            format!("the value does not match the pattern {}", pattern.source),
        )
    })
}

/// Checks a rule about several fields. Returns the field that a finding is about, and what is wrong.
pub(super) fn row(
    rule: &RowRule,
    entity: &Entity,
    values: &RowValues,
    record: &str,
) -> Option<(FieldIndex, CellFinding)> {
    let value = |field: FieldIndex| values.text(field, record);
    let refused = |field: FieldIndex| matches!(values.get(field), Value::Refused);
    let name = |field: FieldIndex| entity.fields[field].name.as_str();
    match rule {
        RowRule::RequiredWhen { field, when, equals } => {
            if value(*when) != Some(equals) || value(*field).is_some() || refused(*field) {
                return None;
            }
            let message = format!("the cell is empty and must not be where {} is {equals}", name(*when));
            Some((*field, CellFinding::new(Code::Required, message)))
        }
        RowRule::OneOf { fields } => {
            if fields.iter().any(|&field| value(field).is_some() || refused(field)) {
                return None;
            }
            let names: Vec<_> = fields.iter().map(|&field| name(field)).collect();
            let message = format!("at least one of {} must be filled", names.join(", "));
            Some((fields[0], CellFinding::new(Code::Required, message)))
        }
        RowRule::EqualTo { field, other } => {
            if value(*field) == value(*other) || refused(*field) || refused(*other) {
                return None;
            }
            Some((
                *field,
                CellFinding::new(Code::PatternMismatch, format!("the value must equal {}", name(*other))),
            ))
        }
    }
}

/// Whether an empty cell is in quotes and so is the empty text, in a field that can hold one.
#[cold]
pub(super) fn is_empty_text(field: &Field, record: &str, cell: Option<Cell>) -> bool {
    let quoted = |cell: Cell| {
        cell.start == cell.end && cell.start > 0 && record.as_bytes()[cell.start as usize - 1] == b'"'
    };
    field.reference.is_none() && field.rule.holds_empty_text() && cell.is_some_and(quoted)
}

/// What is wrong with a cell that has a control character at byte `at`.
#[cold]
pub(super) fn control_character(raw: &str, at: usize) -> CellFinding {
    let name = match raw[at..].chars().next() {
        Some('\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') => {
            return CellFinding::new(
                Code::ControlCharacter,
                "the value holds a line break, which is not allowed here",
            );
        }
        Some('\t') => "a tab".to_owned(),
        Some(char) => format!("the control character U+{:04X}", u32::from(char)),
        None => "a control character".to_owned(),
    };
    CellFinding::new(Code::ControlCharacter, format!("the value holds {name}"))
}
