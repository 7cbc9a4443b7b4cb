//! Days as Parquet counts them: from 1970-01-01 on.

use jiff::civil::{self, Date};

const FIRST: Date = civil::date(1970, 1, 1);

/// The number of a day written as in ISO 8601; `None` if it is not a valid date.
pub(super) fn number(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    Some(date.since((jiff::Unit::Day, FIRST)).ok()?.get_days())
}

/// A day as ISO 8601 writes it; a number outside the calendar is written as it is.
pub(super) fn written(number: i32) -> String {
    let span = jiff::Span::new().try_days(i64::from(number));
    let date = span.and_then(|span| FIRST.checked_add(span));
    date.map_or_else(|_| number.to_string(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_counted_and_written_back() {
        for (text, day) in [("1970-01-01", 0), ("1969-12-31", -1), ("2026-01-31", 20_484)] {
            assert_eq!(number(text), Some(day));
            assert_eq!(written(day), text);
        }
        assert_eq!(number("infinity"), None);
        assert_eq!(written(i32::MAX), i32::MAX.to_string());
    }
}
