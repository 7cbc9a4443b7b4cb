//! Points in time as Parquet counts them: ticks from 1970-01-01 on. The calendar ends with the year 9999.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

/// The microseconds of a point in time as PostgreSQL prints it; `None` if it is not one of the calendar.
pub(super) fn microseconds(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text).ok()?;
    let offset: Offset = pieces.to_numeric_offset()?;
    let local = DateTime::from_parts(pieces.date(), pieces.time()?);
    let since =
        local.duration_since(epoch()).checked_sub(SignedDuration::from_secs(offset.seconds().into()))?;
    i64::try_from(since.as_micros()).ok()
}

/// A point in time as PostgreSQL prints it in UTC; without a time zone, a local date and time as ISO 8601 writes it. A
/// number outside the calendar is written as it is.
pub(super) fn written(tick: i64, per_second: i64, is_instant: bool) -> String {
    let nanoseconds = i32::try_from(tick.rem_euclid(per_second) * (1_000_000_000 / per_second)).unwrap_or(0);
    let since = SignedDuration::new(tick.div_euclid(per_second), nanoseconds);
    let Ok(clock) = epoch().checked_add(since) else { return tick.to_string() };
    if !is_instant {
        return clock.to_string();
    }
    let time = clock.time();
    let mut text = format!("{} {:02}:{:02}:{:02}", clock.date(), time.hour(), time.minute(), time.second());
    if time.subsec_nanosecond() > 0 {
        text.push_str(format!(".{:09}", time.subsec_nanosecond()).trim_end_matches('0'));
    }
    text + "+00"
}

fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_counted_and_written_back() {
        for (text, microseconds_of_it) in [
            ("1970-01-01 00:00:00+00", 0),
            ("1969-12-31 23:59:59.5+00", -500_000),
            ("2026-01-31 12:00:00.000001+00", 1_769_860_800_000_001),
            ("9999-12-31 00:00:00+00", 253_402_214_400_000_000),
            ("9999-12-31 23:59:59.999999+00", 253_402_300_799_999_999),
            ("0001-01-01 00:00:00+00", -62_135_596_800_000_000),
        ] {
            assert_eq!(microseconds(text), Some(microseconds_of_it), "{text}");
            assert_eq!(written(microseconds_of_it, 1_000_000, true), text);
        }
        assert_eq!(microseconds("2026-01-31 14:30:00+02:30"), microseconds("2026-01-31 12:00:00+00"));
        assert_eq!(written(253_402_300_799_999, 1_000, false), "9999-12-31T23:59:59.999");
        assert_eq!(written(-1, 1_000_000_000, false), "1969-12-31T23:59:59.999999999");
    }

    #[test]
    fn what_the_calendar_does_not_have_is_not_counted() {
        for text in [
            "infinity",
            "-infinity",
            "10000-01-01 00:00:00+00",
            "0044-03-15 00:00:00+00 BC",
            "2026-01-31",
            "",
        ] {
            assert_eq!(microseconds(text), None, "{text}");
        }
        for tick in [i64::MAX, i64::MIN, 253_402_300_800_000_000] {
            assert_eq!(written(tick, 1_000_000, true), tick.to_string());
        }
        assert_eq!(written(i64::MIN, 1_000, true), i64::MIN.to_string());
    }
}
