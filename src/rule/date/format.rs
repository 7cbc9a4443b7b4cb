//! What dates and points in time share: their formats, the order of day and month, and why a cell has no value.

use jiff::civil;
use jiff::fmt::strtime::BrokenDownTime;

use crate::record::{Code, Message};
use crate::rule::CellFinding;

/// The format with which the column decides the order of day and month.
pub(crate) const AUTO: &str = "auto";

/// The format of RFC 3339, for points in time. This one pattern also accepts what no pattern can express: `Z`,
/// fractions of a second, a space instead of the `T`, and an offset of hours only, as RFC 3339 and PostgreSQL's
/// output have them.
pub(crate) const RFC_3339: &str = "%Y-%m-%dT%H:%M:%S%:z";

/// The format of ISO 8601, for dates.
pub(crate) const ISO_8601: &str = "%Y-%m-%d";

/// Which of day and month comes first when the year comes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayMonth {
    /// `31-01-2026`
    DayFirst,
    /// `01/31/2026`
    MonthFirst,
}

impl DayMonth {
    /// The order that a cell proves for its column. `None` if the cell is not a date, begins with the year, or can
    /// be read both ways.
    pub(crate) fn of(cell: &str) -> Option<Self> {
        let (date, _) = split_time(cell);
        match (read_auto(date, Some(Self::DayFirst)), read_auto(date, Some(Self::MonthFirst))) {
            (Ok(_), Err(_)) => Some(Self::DayFirst),
            (Err(_), Ok(_)) => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

/// How a cell is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    Pattern(String),
    Rfc3339,
    Auto(Option<DayMonth>),
}

impl Format {
    pub(super) fn new(format: String) -> Self {
        match format.as_str() {
            AUTO => Self::Auto(None),
            RFC_3339 => Self::Rfc3339,
            _ => Self::Pattern(format),
        }
    }

    pub(super) fn is_automatic(&self) -> bool {
        matches!(self, Self::Auto(None))
    }

    pub(super) fn is_usable(&self, sample: impl Fn(&str) -> Option<bool>) -> bool {
        match self {
            Self::Pattern(pattern) => sample(pattern) == Some(true),
            Self::Rfc3339 | Self::Auto(_) => true,
        }
    }
}

/// Why a cell is not a date or a point in time.
pub(super) enum Fault {
    Invalid,
    Ambiguous,
    LeapSecond,
    Offset,
    /// The clocks of this zone skipped it.
    Skipped(String),
    /// The clocks of this zone showed it twice.
    Twice(String),
}

impl From<jiff::Error> for Fault {
    fn from(_: jiff::Error) -> Self {
        Self::Invalid
    }
}

impl Fault {
    /// What is found in a cell with the fault; `what` is what it should be.
    pub(super) fn finding(&self, what: &str, format: &Format) -> CellFinding {
        let code = match self {
            Self::Ambiguous | Self::Twice(_) => Code::AmbiguousDate,
            _ => Code::InvalidDate,
        };
        let message: Message = match (self, format) {
            (Self::Ambiguous, _) => {
                "could have its day or its month first, and nothing in the column tells which".into()
            }
            (Self::LeapSecond, _) => "has a second 60, which cannot be stored".into(),
            (Self::Offset, _) => "has an offset from UTC of more than 14 hours".into(),
            (Self::Skipped(zone), _) => {
                format!("is a time that the clocks of {zone} skipped when they were put forward").into()
            }
            (Self::Twice(zone), _) => {
                format!("is a time that the clocks of {zone} showed twice; it needs an offset from UTC")
                    .into()
            }
            (Self::Invalid, Format::Pattern(pattern)) => {
                format!("is not a {what} of the format {pattern}").into()
            }
            (Self::Invalid, Format::Rfc3339) => {
                "is not a date and time like 2026-01-31T12:00:00Z (RFC 3339)".into()
            }
            (Self::Invalid, Format::Auto(_)) => {
                format!("is not a valid {what} with a year of four digits").into()
            }
        };
        CellFinding::new(code, message)
    }
}

/// A date of three numbers with one kind of separator: year, month and day, or the year last.
pub(super) fn read_auto(cell: &str, order: Option<DayMonth>) -> Result<civil::Date, Fault> {
    let separator = cell.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-/.".contains(*c));
    let mut parts = cell.split(separator.ok_or(Fault::Invalid)?);
    let mut next = || parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let (Some(first), Some(second), Some(third), None) = (next(), next(), next(), parts.next()) else {
        return Err(Fault::Invalid);
    };
    let date = |year: &str, month: &str, day: &str| {
        let short = |part: &str| matches!(part.len(), 1 | 2);
        let shaped = year.len() == 4 && short(month) && short(day);
        let date =
            shaped.then(|| civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok());
        date.flatten().ok_or(Fault::Invalid)
    };
    if first.len() == 4 {
        return date(first, second, third);
    }
    match order {
        Some(DayMonth::DayFirst) => date(third, second, first),
        Some(DayMonth::MonthFirst) => date(third, first, second),
        None => match (date(third, second, first), date(third, first, second)) {
            (Ok(one), Ok(other)) if one != other => Err(Fault::Ambiguous),
            (Ok(one), _) => Ok(one),
            (_, other) => other,
        },
    }
}

/// The date, and the time after it.
pub(super) fn split_time(cell: &str) -> (&str, &str) {
    let (date, time) = cell.split_once([' ', 'T', 't']).unwrap_or((cell, ""));
    (date, time.trim_start())
}

/// A year below 1000 is one whose century was left out.
pub(super) fn with_four_digits(date: civil::Date) -> Result<civil::Date, Fault> {
    if date.year() < 1000 { Err(Fault::Invalid) } else { Ok(date) }
}

/// Appends a date as PostgreSQL prints it.
pub(super) fn push_date(out: &mut String, date: civil::Date) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(out, "{date}");
}

/// A normal form in a format; only a pattern needs another text than the normal form itself. A pattern that cannot say
/// it exactly, for want of seconds or a century, is not used: `reads` tells the normal form of what it says.
pub(super) fn written(
    format: &Format,
    normal: &str,
    parts: impl Fn() -> Option<BrokenDownTime>,
    reads: impl Fn(&str) -> String,
) -> String {
    let printed = match format {
        Format::Pattern(pattern) => {
            parts().and_then(|parts| parts.to_string(pattern).ok()).filter(|cell| reads(cell) == normal)
        }
        Format::Rfc3339 | Format::Auto(_) => None,
    };
    printed.unwrap_or_else(|| normal.to_owned())
}
