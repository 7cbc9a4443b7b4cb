//! Calendar dates and points in time, stored as PostgreSQL prints them in UTC with `DateStyle` ISO: `2026-01-31`
//! and `2026-01-31 12:00:00.5+00`.
//!
//! The format is declared as a strptime pattern; a cell of another format is rejected. With the format [`AUTO`]
//! the whole column decides the order of day and month: the reader collects [`DayMonth::of`] over the cells and
//! validates with [`Date::decided`]. If the column does not decide, a cell that can be read both ways is
//! `ambiguous-date`. A year has four digits; two digits are read only if the pattern says so (`%y`).

use jiff::civil;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use jiff::{RoundMode, TimestampRound, Unit};

use super::cell::{CellFinding, NormalForm};
use crate::record::Code;

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

#[derive(Debug, Clone, PartialEq)]
enum Format {
    Pattern(String),
    Rfc3339,
    Auto(Option<DayMonth>),
}

impl Format {
    fn new(format: String) -> Self {
        match format.as_str() {
            AUTO => Self::Auto(None),
            RFC_3339 => Self::Rfc3339,
            _ => Self::Pattern(format),
        }
    }

    fn is_automatic(&self) -> bool {
        matches!(self, Self::Auto(None))
    }

    fn is_usable(&self, sample: impl Fn(&str) -> Option<bool>) -> bool {
        match self {
            Self::Pattern(pattern) => sample(pattern) == Some(true),
            Self::Rfc3339 | Self::Auto(_) => true,
        }
    }
}

/// Why a cell is not a date or a point in time.
enum Fault {
    Invalid,
    Ambiguous,
}

impl From<jiff::Error> for Fault {
    fn from(_: jiff::Error) -> Self {
        Self::Invalid
    }
}

impl Fault {
    fn finding(&self, what: &str, format: &Format) -> CellFinding {
        match (self, format) {
            (Self::Ambiguous, _) => CellFinding::new(
                Code::AmbiguousDate,
                "could have its day or its month first, and nothing in the column tells which",
            ),
            (Self::Invalid, Format::Pattern(pattern)) => {
                CellFinding::new(Code::InvalidDate, format!("is not a {what} of the format {pattern}"))
            }
            (Self::Invalid, Format::Rfc3339) => CellFinding::new(
                Code::InvalidDate,
                "is not a date and time like 2026-01-31T12:00:00Z (RFC 3339)",
            ),
            (Self::Invalid, Format::Auto(_)) => CellFinding::new(
                Code::InvalidDate,
                format!("is not a valid {what} with a year of four digits"),
            ),
        }
    }
}

/// A calendar date.
#[derive(Debug, Clone)]
pub(crate) struct Date {
    format: Format,
}

impl Date {
    /// A calendar date; `format` is a strptime pattern, or [`AUTO`].
    pub(crate) fn new(format: String) -> Self {
        Self { format: Format::new(format) }
    }

    /// Whether the format can print a date and read it again. Any other format is a mistake in the schema.
    pub(crate) fn is_usable(&self) -> bool {
        let sample = civil::date(2026, 1, 31);
        self.format.is_usable(|pattern| {
            let printed = strtime::format(pattern, sample).ok()?;
            Some(civil::Date::strptime(pattern, printed).ok()? == sample)
        }) && self.format != Format::Rfc3339
    }

    /// Whether the column must decide the order of day and month.
    pub(crate) fn is_automatic(&self) -> bool {
        self.format.is_automatic()
    }

    /// The rule with the column's decision.
    pub(crate) fn decided(&self, order: DayMonth) -> Self {
        Self { format: Format::Auto(Some(order)) }
    }

    /// The cell for a normal form; this rule reads it as the same date.
    pub(crate) fn written(&self, normal: &str) -> String {
        written(&self.format, normal, || strtime_date(normal))
    }

    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let date = match &self.format {
            Format::Pattern(pattern) => civil::Date::strptime(pattern, cell).map_err(Fault::from),
            Format::Rfc3339 => civil::Date::strptime(ISO_8601, cell).map_err(Fault::from),
            Format::Auto(order) => read_auto(cell, *order),
        };
        match date.and_then(with_four_digits) {
            Ok(date) => {
                push_date(out, date);
                NormalForm::of(cell, out)
            }
            Err(fault) => {
                findings.push(fault.finding("date", &self.format));
                NormalForm::Rejected
            }
        }
    }
}

/// A point in time.
#[derive(Debug, Clone)]
pub(crate) struct Timestamp {
    format: Format,
}

impl Timestamp {
    /// A point in time; `format` is a strptime pattern, [`RFC_3339`] or [`AUTO`]. A cell without an offset is
    /// read as UTC.
    pub(crate) fn new(format: String) -> Self {
        Self { format: Format::new(format) }
    }

    /// Whether the format can print a point in time and read it again. Any other format is a mistake in the schema.
    pub(crate) fn is_usable(&self) -> bool {
        self.format.is_usable(|pattern| {
            let sample = civil::date(2026, 1, 31).at(0, 0, 0, 0);
            let sample = Offset::UTC.to_timestamp(sample).ok()?;
            let printed = strtime::format(pattern, sample).ok()?;
            Some(read_pattern(pattern, &printed).ok()? == sample)
        })
    }

    /// Whether the column must decide the order of day and month.
    pub(crate) fn is_automatic(&self) -> bool {
        self.format.is_automatic()
    }

    /// The rule with the column's decision.
    pub(crate) fn decided(&self, order: DayMonth) -> Self {
        Self { format: Format::Auto(Some(order)) }
    }

    /// The cell for a normal form; this rule reads it as the same point in time, as exactly as the format allows.
    pub(crate) fn written(&self, normal: &str) -> String {
        let instant = || normal.parse::<jiff::Timestamp>().ok();
        match &self.format {
            Format::Pattern(_) => written(&self.format, normal, || instant().map(BrokenDownTime::from)),
            // As every other program reads it; PostgreSQL prints no `T` and only the hours of the offset.
            Format::Rfc3339 | Format::Auto(_) => {
                instant().map_or_else(|| normal.to_owned(), |instant| instant.to_string())
            }
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
        let instant = match &self.format {
            Format::Pattern(pattern) => read_pattern(pattern, cell),
            Format::Rfc3339 => cell.parse().map_err(Fault::from),
            Format::Auto(order) => read_auto_instant(cell, *order),
        };
        match instant.and_then(|instant| push_instant(out, instant)) {
            Ok(()) if out == cell => NormalForm::Same,
            Ok(()) => NormalForm::Rewritten,
            Err(fault) => {
                findings.push(fault.finding("date and time", &self.format));
                NormalForm::Rejected
            }
        }
    }
}

fn read_pattern(pattern: &str, cell: &str) -> Result<jiff::Timestamp, Fault> {
    let parts = strtime::parse(pattern, cell)?;
    if parts.offset().is_some() || parts.timestamp().is_some() {
        return Ok(parts.to_timestamp()?);
    }
    Ok(Offset::UTC.to_timestamp(parts.to_datetime()?)?)
}

/// A date of three numbers with one kind of separator: year, month and day, or the year last.
fn read_auto(cell: &str, order: Option<DayMonth>) -> Result<civil::Date, Fault> {
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

fn read_auto_instant(cell: &str, order: Option<DayMonth>) -> Result<jiff::Timestamp, Fault> {
    let (date, time) = split_time(cell);
    let mut iso = String::new();
    push_date(&mut iso, with_four_digits(read_auto(date, order)?)?);
    iso.push('T');
    iso.push_str(if time.is_empty() { "00:00" } else { time });
    // A time without an offset is read with one.
    iso.parse().or_else(|_| (iso + "Z").parse()).map_err(Fault::from)
}

/// The date, and the time after it.
fn split_time(cell: &str) -> (&str, &str) {
    let (date, time) = cell.split_once([' ', 'T']).unwrap_or((cell, ""));
    (date, time.trim_start())
}

/// A year below 1000 is one whose century was left out.
fn with_four_digits(date: civil::Date) -> Result<civil::Date, Fault> {
    if date.year() < 1000 { Err(Fault::Invalid) } else { Ok(date) }
}

fn push_date(out: &mut String, date: civil::Date) {
    use std::fmt::Write;
    // Writing to a string cannot fail.
    let _ = write!(out, "{date}");
}

/// As PostgreSQL prints it: in microseconds, rounded half to even as PostgreSQL rounds its input.
fn push_instant(out: &mut String, instant: jiff::Timestamp) -> Result<(), Fault> {
    use std::fmt::Write;
    let round = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::HalfEven);
    let instant = instant.round(round)?;
    let civil = Offset::UTC.to_datetime(instant);
    let (date, time) = (with_four_digits(civil.date())?, civil.time());
    let _ = write!(out, "{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let micros = time.subsec_nanosecond() / 1_000;
    if micros > 0 {
        let _ = write!(out, ".{micros:06}");
        out.truncate(out.trim_end_matches('0').len());
    }
    out.push_str("+00");
    Ok(())
}

fn strtime_date(normal: &str) -> Option<BrokenDownTime> {
    civil::Date::strptime(ISO_8601, normal).ok().map(BrokenDownTime::from)
}

/// A normal form in a format; only a pattern needs another text than the normal form itself.
fn written(format: &Format, normal: &str, parts: impl Fn() -> Option<BrokenDownTime>) -> String {
    let printed = match format {
        Format::Pattern(pattern) => parts().and_then(|parts| parts.to_string(pattern).ok()),
        Format::Rfc3339 | Format::Auto(_) => None,
    };
    printed.unwrap_or_else(|| normal.to_owned())
}

#[cfg(test)]
mod tests;
