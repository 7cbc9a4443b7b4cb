//! Numbers and times as people read them.

use std::time::Duration;

use jiff::tz::Offset;

/// With a comma between thousands: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: `1 row`, `2,000 rows`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// Bytes in decimal units: `95.4 MB`.
pub(crate) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.95 {
            return if unit == "B" { format!("{number} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// A part of a whole: `12.3 %`. Only nothing is shown as 0 %, and only the whole as 100 %.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        _ if part == whole => "100 %".to_owned(),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p if p > 99.9 => "> 99.9 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}

/// A span of time: `0.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn time(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let seconds = span.as_secs() + u64::from(span.subsec_millis() >= 500);
    if seconds < 100 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// The date and the minute of a time in RFC 3339, in UTC: `2026-11-24 12:00`.
pub(crate) fn minute(rfc3339: &str) -> String {
    let time = rfc3339.parse::<jiff::Timestamp>().map(|time| Offset::UTC.to_datetime(time));
    time.map_or_else(|_| rfc3339.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 12, 999, 1000, 1_234_567].map(grouped), ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "row"), count(2000, "row")], ["1 row", "2,000 rows"]);
        assert_eq!(
            [0, 999, 1000, 95_400_000, 999_960].map(bytes),
            ["0 B", "999 B", "1.0 kB", "95.4 MB", "1.0 MB"]
        );
        assert_eq!(minute("2026-11-24T13:00:59.5+01:00"), "2026-11-24 12:00");
        assert_eq!(share(0, 0), "0 %");
        assert_eq!(share(1, 1_000_000), "< 0.1 %");
        assert_eq!(share(999_999, 1_000_000), "> 99.9 %");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(
            [400, 12_000, 185_000].map(|ms| time(Duration::from_millis(ms))),
            ["0.4 s", "12 s", "3 min 5 s"]
        );
    }
}
