//! Numbers: whole ones that fit PostgreSQL's `bigint`, and decimal ones for its `numeric`.
//!
//! The decimal mark is declared, or decided by the whole column ([`Decimal::automatic`] with the evidence of
//! [`Mark::of`]), never cell by cell: `1.500` may be one and a half or fifteen hundred. Thousands separators are
//! rejected for the same reason. The scale stays as it is written, since `numeric` keeps it (`1.50` is not printed as
//! `1.5`).

use super::cell::{CellFinding, NormalForm};
use crate::record::Code;

/// A whole number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Integer;

impl Integer {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let (negative, digits) = sign(cell);
        let fault = if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            spreadsheet_error(cell).unwrap_or("must be a whole number without separators, for example 1500")
        } else {
            let digits = without_zeros(digits);
            if negative && digits != "0" {
                out.push('-');
            }
            out.push_str(digits);
            // Leading zeros are gone, so a text of more than 19 digits does not fit.
            if out.parse::<i64>().is_ok() {
                return NormalForm::of(cell, out);
            }
            "must be between -9223372036854775808 and 9223372036854775807"
        };
        findings.push(CellFinding::new(Code::InvalidNumber, fault));
        NormalForm::Rejected
    }
}

/// The character before the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

impl Mark {
    /// The mark that a cell proves for its column. `None` if the cell has no mark, is not a number, or can be read
    /// both ways (`1.500`, `12,345`).
    pub(crate) fn of(cell: &str) -> Option<Self> {
        let (_, number) = sign(cell);
        let last = number.rfind(['.', ','])?;
        let (whole, fraction) = (&number[..last], &number[last + 1..]);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (mark, other) =
            if number.as_bytes()[last] == b'.' { (Self::Point, ',') } else { (Self::Comma, '.') };
        if fraction.is_empty() || !digits(fraction) {
            return None;
        }
        // No thousands come before a separator without digits before it (.500).
        if whole.is_empty() {
            return Some(mark);
        }
        // With both marks the last one is the decimal mark, and the others must separate thousands.
        if let Some((first, groups)) = whole.split_once(other) {
            let grouped = digits(first)
                && matches!(first.len(), 1..=3)
                && groups.split(other).all(|group| group.len() == 3 && digits(group));
            return grouped.then_some(mark);
        }
        let could_be_thousands = fraction.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
        (digits(whole) && !could_be_thousands).then_some(mark)
    }
}

/// A decimal number.
#[derive(Debug, Clone)]
pub(crate) struct Decimal {
    /// `None` as long as the column has not decided.
    mark: Option<Mark>,
}

impl Decimal {
    /// A decimal number with a comma, or else a point, as the decimal mark.
    pub(crate) fn new(comma: bool) -> Self {
        Self { mark: Some(if comma { Mark::Comma } else { Mark::Point }) }
    }

    /// A decimal number whose mark the column decides: the reader collects [`Mark::of`] over the cells and validates
    /// with [`Decimal::decided`]. As long as the mark is not decided, a number that can be read both ways is
    /// rejected.
    pub(crate) fn automatic() -> Self {
        Self { mark: None }
    }

    /// The decimal mark, unless the column must decide it.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// Whether the column must decide the mark.
    pub(crate) fn is_automatic(&self) -> bool {
        self.mark.is_none()
    }

    /// The rule with the column's decision.
    pub(crate) fn decided(&self, mark: Mark) -> Self {
        Self { mark: Some(mark) }
    }

    /// The cell for a normal form; this rule reads it as the same number.
    pub(crate) fn written(&self, normal: &str) -> String {
        match self.mark {
            Some(Mark::Comma) => normal.replace('.', ","),
            // One more zero proves the mark, and leaves the value as it is.
            None if normal.contains('.') && Mark::of(normal).is_none() => format!("{normal}0"),
            _ => normal.to_owned(),
        }
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let (negative, number) = sign(cell);
        let has_mark = number.contains(['.', ',']);
        let Some(mark) = self.mark.or_else(|| if has_mark { Mark::of(cell) } else { Some(Mark::Point) })
        else {
            let fault = spreadsheet_error(cell).unwrap_or(
                "may have a decimal mark or a thousands separator, and nothing in the column decides which",
            );
            findings.push(CellFinding::new(Code::InvalidNumber, fault));
            return NormalForm::Rejected;
        };
        let (whole, fraction) = match number.split_once(if mark == Mark::Comma { ',' } else { '.' }) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (number, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // A number may begin with its mark (.5), but not end with it.
        let has_digits = fraction.map_or(!whole.is_empty(), |fraction| !fraction.is_empty());
        // The limits of PostgreSQL's numeric, before and after the point.
        let fits = whole.len() <= 131_072 && fraction.is_none_or(|fraction| fraction.len() <= 16_383);
        if !(has_digits && digits(whole) && fraction.is_none_or(digits) && fits) {
            let fault = spreadsheet_error(cell).unwrap_or(match mark {
                Mark::Point => "must be a number without thousands separators, for example 1500.25",
                Mark::Comma => "must be a number without thousands separators, for example 1500,25",
            });
            let is_cut_off = fraction.is_some_and(str::is_empty) && !whole.is_empty() && digits(whole);
            let finding = CellFinding::new(Code::InvalidNumber, fault);
            findings.push(finding.suggest(is_cut_off.then(|| &cell[..cell.len() - 1])));
            return NormalForm::Rejected;
        }
        let is_zero = number.bytes().all(|byte| matches!(byte, b'0' | b'.' | b','));
        if negative && !is_zero {
            out.push('-');
        }
        out.push_str(if whole.is_empty() { "0" } else { without_zeros(whole) });
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        NormalForm::of(cell, out)
    }
}

/// Whether the number is negative, and the rest of it.
fn sign(cell: &str) -> (bool, &str) {
    match cell.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, cell.strip_prefix('+').unwrap_or(cell)),
    }
}

/// Without leading zeros; the last digit stays.
fn without_zeros(digits: &str) -> &str {
    let zeros = digits.bytes().take_while(|&byte| byte == b'0').count();
    &digits[zeros.min(digits.len().saturating_sub(1))..]
}

/// The message about what Excel writes instead of a result (`#N/A`, `#REF!`), in any language.
fn spreadsheet_error(cell: &str) -> Option<&'static str> {
    let is_error = cell.starts_with('#') && cell[1..].starts_with(|c: char| c.is_ascii_alphabetic());
    is_error.then_some("is an error value of a spreadsheet, not a number")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn whole_numbers() {
        for (cell, want) in [
            ("0", Some("0")),
            ("42", Some("42")),
            ("-7", Some("-7")),
            ("+5", Some("5")),
            ("007", Some("7")),
            ("-0", Some("0")),
            ("000", Some("0")),
            ("9223372036854775807", Some("9223372036854775807")),
            ("-9223372036854775808", Some("-9223372036854775808")),
            ("0000000000000000000000001", Some("1")),
            ("9223372036854775808", None),
            ("1.0", None),
            ("1 000", None),
            ("1e3", None),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+-1", None),
            ("٣", None),
            ("#N/A", None),
            ("0x10", None),
        ] {
            let (result, findings) = validated!(Integer, cell);
            assert_eq!(result.as_deref(), want, "{cell}");
            assert_eq!(findings.len(), usize::from(want.is_none()), "{cell}");
        }
        for cell in ["#N/A", "#REF!", "#DEEL/0!"] {
            assert!(validated!(Integer, cell).1[0].message.contains("spreadsheet"), "{cell}");
        }
    }

    #[test]
    fn decimal_numbers() {
        for (cell, point, comma) in [
            ("1.50", Some("1.50"), None),
            ("1,50", None, Some("1.50")),
            ("12", Some("12"), Some("12")),
            ("-0.5", Some("-0.5"), None),
            ("+007,10", None, Some("7.10")),
            ("-0.00", Some("0.00"), None),
            ("1.234,56", None, None),
            ("1,234.56", None, None),
            (".5", Some("0.5"), None),
            ("-.25", Some("-0.25"), None),
            ("+.0", Some("0.0"), None),
            (",75", None, Some("0.75")),
            ("5.", None, None),
            (".", None, None),
            ("-.", None, None),
            (".5.", None, None),
            ("1e3", None, None),
            ("NaN", None, None),
            ("1.2.3", None, None),
            ("€ 5", None, None),
            ("#REF!", None, None),
        ] {
            for (rule, want) in [(Decimal::new(false), point), (Decimal::new(true), comma)] {
                let (result, findings) = validated!(rule, cell);
                assert_eq!(result.as_deref(), want, "{cell}");
                assert!(want.is_some() || findings[0].code == Code::InvalidNumber, "{cell}");
            }
        }
    }

    #[test]
    fn a_number_that_ends_with_its_mark_gets_a_suggestion() {
        for (comma, cell, suggestion) in
            [(false, "5.", Some("5")), (true, "-12,", Some("-12")), (false, ".", None), (false, "5..", None)]
        {
            let (result, findings) = validated!(Decimal::new(comma), cell);
            assert_eq!((result, findings[0].suggestion.as_deref()), (None, suggestion), "{cell}");
        }
    }

    #[test]
    fn the_mark_of_a_column_is_found_in_cells_that_can_be_read_in_one_way() {
        for (cell, mark) in [
            ("1.5", Some(Mark::Point)),
            ("1,5", Some(Mark::Comma)),
            ("1.234,56", Some(Mark::Comma)),
            ("1,234.56", Some(Mark::Point)),
            ("-1234.567", Some(Mark::Point)),
            ("0,123", Some(Mark::Comma)),
            (".5", Some(Mark::Point)),
            (".500", Some(Mark::Point)),
            ("-,125", Some(Mark::Comma)),
            ("1.500", None),
            ("12,345", None),
            ("1500", None),
            (".", None),
            ("1.2.3", None),
            ("a,b", None),
            ("1,,5", None),
            (",", None),
        ] {
            assert_eq!(Mark::of(cell), mark, "{cell}");
        }
        let undecided = Decimal::automatic();
        assert_eq!(validated!(undecided, "1500").0.as_deref(), Some("1500"));
        let (result, findings) = validated!(undecided, "1.500");
        assert_eq!((result, findings[0].code), (None, Code::InvalidNumber));
        assert_eq!(validated!(undecided.decided(Mark::Point), "1.500").0.as_deref(), Some("1.500"));
        assert!(undecided.is_automatic() && !undecided.decided(Mark::Comma).is_automatic());
    }

    proptest! {
        #[test]
        fn a_whole_number_stays(cell in "\\PC{0,8}|[+-]?[0-9]{1,22}") {
            stays!(Integer, &cell);
        }

        #[test]
        fn a_decimal_number_written_and_read_again_is_the_same(cell in "\\PC{0,8}|[+-]?[0-9]{0,5}([.,][0-9]{1,4}){0,2}") {
            stays!(Decimal::new(false), &cell);
            for rule in [Decimal::new(true), Decimal::new(false)] {
                if let Some(normal) = validated!(rule, &cell).0 {
                    prop_assert_eq!(validated!(rule, &rule.written(&normal)).0, Some(normal));
                }
            }
            let _ = validated!(Decimal::automatic(), &cell);
        }
    }
}
