//! Dates and points in time: which cells are read, which are rejected, and what a column decides.

use proptest::prelude::*;

use super::*;
use crate::record::Code;
use crate::rule::tests::{stays, validated};

fn date(format: &str) -> Date {
    Date::new(format.to_owned())
}

fn timestamp(format: &str) -> Timestamp {
    Timestamp::new(format.to_owned())
}

#[test]
fn dates_of_a_declared_format() {
    for (format, cell, want) in [
        (ISO_8601, "2026-01-31", Some("2026-01-31")),
        (ISO_8601, "2026-1-5", Some("2026-01-05")),
        (ISO_8601, "2024-02-29", Some("2024-02-29")),
        (ISO_8601, "2026-02-29", None),
        (ISO_8601, "2026-13-01", None),
        (ISO_8601, "26-01-31", None),
        (ISO_8601, "0000-01-01", None),
        (ISO_8601, "2026-01-31 ", None),
        (ISO_8601, "31-01-2026", None),
        (ISO_8601, "45292", None),
        ("%d-%m-%Y", "31-01-2026", Some("2026-01-31")),
        ("%d-%m-%Y", "01-31-2026", None),
        ("%d/%m/%y", "31/01/26", Some("2026-01-31")),
        ("%q", "31", None),
    ] {
        let (result, findings) = validated!(date(format), cell);
        assert_eq!(result.as_deref(), want, "{format} {cell}");
        assert!(want.is_some() || findings[0].code == Code::InvalidDate, "{format} {cell}");
    }
}

#[test]
fn points_in_time_are_stored_as_postgresql_prints_them_in_utc() {
    // The first three are examples of RFC 3339, section 5.8.
    for (format, cell, want) in [
        (RFC_3339, "1985-04-12T23:20:50.52Z", Some("1985-04-12 23:20:50.52+00")),
        (RFC_3339, "1996-12-19T16:39:57-08:00", Some("1996-12-20 00:39:57+00")),
        (RFC_3339, "1937-01-01T12:00:27.87+00:20", Some("1937-01-01 11:40:27.87+00")),
        (RFC_3339, "2026-01-31 12:00:00+00", Some("2026-01-31 12:00:00+00")),
        (RFC_3339, "2026-01-31T12:00:00.1234565Z", Some("2026-01-31 12:00:00.123456+00")),
        (RFC_3339, "2026-01-31T12:00:00.000000Z", Some("2026-01-31 12:00:00+00")),
        (RFC_3339, "2026-01-31t12:00:00z", Some("2026-01-31 12:00:00+00")),
        (RFC_3339, "2026-01-31T12:00:00+14:00", Some("2026-01-30 22:00:00+00")),
        (RFC_3339, "9999-12-31T23:59:59Z", Some("9999-12-31 23:59:59+00")),
        (RFC_3339, "9999-12-31T23:59:59.999999Z", Some("9999-12-31 23:59:59.999999+00")),
        (RFC_3339, "9999-12-31T23:59:59.9999999Z", None),
        (RFC_3339, "9999-12-31T23:59:59-01:00", None),
        (RFC_3339, "2026-01-31T12:00:00", None),
        (RFC_3339, "2026-01-31", None),
        (RFC_3339, "2026-02-30T12:00:00Z", None),
        ("%d-%m-%Y %H:%M", "31-01-2026 13:05", Some("2026-01-31 13:05:00+00")),
        ("%d-%m-%Y %H:%M %z", "31-01-2026 13:05 +0100", Some("2026-01-31 12:05:00+00")),
        ("%s", "1760377242", Some("2025-10-13 17:40:42+00")),
    ] {
        let (result, findings) = validated!(timestamp(format), cell);
        assert_eq!(result.as_deref(), want, "{format} {cell}");
        assert!(want.is_some() || findings[0].code == Code::InvalidDate, "{format} {cell}");
    }
}

#[test]
fn a_second_60_is_not_stored_as_another_one() {
    // JSON-Schema-Test-Suite accepts it at 23:59 UTC only; PostgreSQL reads the next minute.
    for (format, cell) in [
        (RFC_3339, "2026-01-31T12:00:60Z"),
        (RFC_3339, "2016-12-31T23:59:60Z"),
        (RFC_3339, "1998-12-31T15:59:60.5-08:00"),
        (RFC_3339, "1960-06-30T23:60:60Z"),
        (AUTO, "31-01-2060 12:00:60"),
        (AUTO, "2026-01-31T120060Z"),
        ("%d-%m-%Y %H:%M:%S", "31-01-1960 12:00:60"),
        ("%S:%M:%H %Y-%m-%d", "60:00:12 2026-01-31"),
    ] {
        let (result, findings) = validated!(timestamp(format), cell);
        assert_eq!((result, findings[0].code), (None, Code::InvalidDate), "{format} {cell}");
    }
    for (format, cell) in [
        (RFC_3339, "1960-06-30T23:58:59.60Z"),
        (AUTO, "2060-06-30T23:58:59.606Z"),
        ("%Y-%m-%d %H:%M:%S%z", "1960-01-31 12:00:59+0060"),
        ("%Y-%m-%d %H:%M:%S%z", "1960-01-31 12:00:59+0100"),
    ] {
        let (result, findings) = validated!(timestamp(format), cell);
        assert_eq!(result.is_some(), !cell.ends_with("+0060"), "{format} {cell} {findings:?}");
    }
}

#[test]
fn an_offset_has_at_most_14_hours() {
    for (offset, valid) in [
        ("+14:00", true),
        ("-12:00", true),
        ("+05:45", true),
        ("-14:00", true),
        ("+14:01", false),
        ("+15:59", false),
        ("+25:00", false),
        ("-24:00", false),
        ("-14:30", false),
    ] {
        for (format, cell) in [
            (RFC_3339, format!("2026-01-31T12:00:00{offset}")),
            (AUTO, format!("31-01-2026 12:00{offset}")),
            ("%Y-%m-%d %H:%M %z", format!("2026-01-31 12:00 {}", offset.replace(':', ""))),
        ] {
            let (result, findings) = validated!(timestamp(format), &cell);
            assert_eq!(result.is_some(), valid, "{format} {cell}");
            assert!(valid || findings[0].code == Code::InvalidDate, "{format} {cell}");
        }
    }
}

#[test]
fn a_time_without_an_offset_is_read_as_utc_with_a_warning() {
    for (format, cell, want, warned) in [
        (AUTO, "2024-06-01T10:00:00", "2024-06-01 10:00:00+00", true),
        (AUTO, "31-12-2024 23:30", "2024-12-31 23:30:00+00", true),
        (AUTO, "2024-06-01", "2024-06-01 00:00:00+00", true),
        (AUTO, "2024-06-01t10:00:00z", "2024-06-01 10:00:00+00", false),
        (AUTO, "2024-06-01 10:00+02:00", "2024-06-01 08:00:00+00", false),
        (AUTO, "9999-12-31 23:59:59", "9999-12-31 23:59:59+00", true),
        ("%d-%m-%Y %H:%M", "31-12-2024 23:30", "2024-12-31 23:30:00+00", true),
        ("%d-%m-%Y %H:%M %z", "31-12-2024 23:30 +0000", "2024-12-31 23:30:00+00", false),
        ("%s", "1760377242", "2025-10-13 17:40:42+00", false),
    ] {
        let (result, findings) = validated!(timestamp(format), cell);
        assert_eq!(result.as_deref(), Some(want), "{format} {cell}");
        let codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, vec![Code::AssumedUtc; usize::from(warned)], "{format} {cell}");
    }
}

#[test]
fn a_time_without_an_offset_is_that_of_the_declared_zone() {
    let zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    for (format, cell, want) in [
        (AUTO, "2024-06-01 10:00", Ok("2024-06-01 08:00:00+00")),
        (AUTO, "01-12-2024 00:30", Ok("2024-11-30 23:30:00+00")),
        (AUTO, "2024-06-01T10:00:00Z", Ok("2024-06-01 10:00:00+00")),
        (RFC_3339, "2024-06-01T10:00:00", Ok("2024-06-01 08:00:00+00")),
        ("%d-%m-%Y %H:%M", "31-03-2024 03:00", Ok("2024-03-31 01:00:00+00")),
        (AUTO, "2024-03-31 02:30", Err(Code::InvalidDate)),
        (AUTO, "2024-10-27 02:30", Err(Code::AmbiguousDate)),
        (AUTO, "2024-10-27 02:30+01:00", Ok("2024-10-27 01:30:00+00")),
    ] {
        let rule = timestamp(format).in_zone(zone.clone());
        let rule = if format == AUTO { rule.decided(DayMonth::DayFirst) } else { rule };
        let (result, findings) = validated!(rule, cell);
        match want {
            Ok(want) => {
                assert_eq!((result.as_deref(), findings.len()), (Some(want), 0), "{cell} {findings:?}");
            }
            Err(code) => assert_eq!((result, findings[0].code), (None, code), "{cell}"),
        }
    }
}

#[test]
fn the_end_of_the_calendar_is_written_and_read_again() {
    let normal = "9999-12-31 23:59:59.5+00";
    for (format, cell) in [
        (RFC_3339, "9999-12-31T23:59:59.5Z"),
        (AUTO, "9999-12-31T23:59:59.5Z"),
        ("%Y-%m-%d %H:%M:%S%.f %z", "9999-12-31 23:59:59.5 +0000"),
    ] {
        assert_eq!(timestamp(format).written(normal), cell);
        assert_eq!(validated!(timestamp(format), cell).0.as_deref(), Some(normal));
    }
}

#[test]
fn what_a_format_cannot_say_exactly_is_written_in_its_normal_form() {
    let format = "%d-%m-%Y %H:%M";
    for (normal, cell) in [
        ("2026-01-31 12:30:00+00", "31-01-2026 12:30"),
        ("2026-01-31 12:30:07+00", "2026-01-31 12:30:07+00"),
        ("2026-01-31 12:30:00.5+00", "2026-01-31 12:30:00.5+00"),
        ("infinity", "infinity"),
    ] {
        assert_eq!(timestamp(format).written(normal), cell);
    }
    for (normal, cell) in [("2026-01-31", "31-01-26"), ("1926-01-31", "1926-01-31")] {
        assert_eq!(date("%d-%m-%y").written(normal), cell);
    }
}

#[test]
fn a_column_decides_the_order_of_day_and_month() {
    for (cell, order) in [
        ("31-01-2026", Some(DayMonth::DayFirst)),
        ("01/31/2026", Some(DayMonth::MonthFirst)),
        ("13.2.2026 10:00", Some(DayMonth::DayFirst)),
        ("02-01-2026", None),
        ("05-05-2026", None),
        ("2026-01-31", None),
        ("32-01-2026", None),
        ("31-01/2026", None),
        ("31-01-26", None),
        ("x", None),
    ] {
        assert_eq!(DayMonth::of(cell), order, "{cell}");
    }
    let undecided = date(AUTO);
    assert!(undecided.is_automatic());
    let (result, findings) = validated!(undecided, "02-01-2026");
    assert_eq!((result, findings[0].code), (None, Code::AmbiguousDate));
    for (cell, want) in
        [("05-05-2026", "2026-05-05"), ("31-01-2026", "2026-01-31"), ("2026/1/31", "2026-01-31")]
    {
        assert_eq!(validated!(undecided, cell).0.as_deref(), Some(want), "{cell}");
    }
    for (order, want) in [(DayMonth::DayFirst, "2026-01-02"), (DayMonth::MonthFirst, "2026-02-01")] {
        assert_eq!(validated!(undecided.decided(order), "02-01-2026").0.as_deref(), Some(want));
        let instant = validated!(timestamp(AUTO).decided(order), "02-01-2026 13:00").0;
        assert_eq!(instant, Some(format!("{want} 13:00:00+00")));
    }
    let decided = undecided.decided(DayMonth::MonthFirst);
    assert_eq!(validated!(decided, "31-01-2026").1[0].code, Code::InvalidDate);
}

#[test]
fn a_format_that_cannot_be_read_again_is_not_usable() {
    for (format, usable) in
        [(ISO_8601, true), (AUTO, true), ("%d %B %Y", true), ("%d-%m", false), ("%!", false)]
    {
        assert_eq!(date(format).is_usable(), usable, "{format}");
    }
    for (format, usable) in [(RFC_3339, true), ("%F %T %z", true), ("%s", true), ("%H:%M", false)] {
        assert_eq!(timestamp(format).is_usable(), usable, "{format}");
    }
}

proptest! {
    #[test]
    fn a_date_written_and_read_again_is_the_same(cell in "\\PC{0,10}|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}") {
        stays!(date(ISO_8601), &cell);
        stays!(date(AUTO), &cell);
        stays!(date(AUTO).decided(DayMonth::MonthFirst), &cell);
        for format in ["%d-%m-%Y", "%Y-%d-%m", "%m/%d/%Y"] {
            let rule = date(format);
            if let Some(normal) = validated!(rule, &cell).0 {
                prop_assert_eq!(validated!(rule, &rule.written(&normal)).0, Some(normal));
            }
        }
    }

    #[test]
    fn a_point_in_time_written_and_read_again_is_the_same(
        cell in "\\PC{0,10}|[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](:[0-6][0-9](\\.[0-9]{1,9})?)?(Z|[+-][01][0-9]:?[0-5]0)?",
    ) {
        stays!(timestamp(RFC_3339), &cell);
        stays!(timestamp(AUTO), &cell);
        let rule = timestamp("%Y-%m-%d %H:%M");
        if let Some(normal) = validated!(rule, &cell).0 {
            prop_assert_eq!(validated!(rule, &rule.written(&normal)).0, Some(normal));
        }
    }
}
