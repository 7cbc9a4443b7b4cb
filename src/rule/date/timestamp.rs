//! Points in time. A time without an offset from UTC is read as UTC, with the warning `assumed-utc`.

use jiff::civil::{self, DateTime, DateTimeRound};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{RoundMode, SignedDuration, Unit};

use super::format::{DayMonth, Fault, Format, push_date, read_auto, split_time, with_four_digits, written};
use crate::record::Code;
use crate::rule::{CellFinding, NormalForm};

/// A point in time.
#[derive(Debug, Clone)]
pub(crate) struct Timestamp {
    format: Format,
    /// The zone of times without an offset.
    zone: Option<TimeZone>,
}

impl Timestamp {
    /// A point in time; `format` is a strptime pattern, [`RFC_3339`](super::RFC_3339) or [`AUTO`](super::AUTO). A cell without an offset is read as
    /// UTC, with the warning `assumed-utc`.
    pub(crate) fn new(format: String) -> Self {
        Self { format: Format::new(format), zone: None }
    }

    /// Whether the format can print a point in time and read it again. Any other format is a mistake in the schema.
    pub(crate) fn is_usable(&self) -> bool {
        self.format.is_usable(|pattern| {
            let sample = civil::date(2026, 1, 31).at(0, 0, 0, 0);
            let printed = broken_down(sample).to_string(pattern).ok()?;
            Some(read_pattern(pattern, &printed).ok()?.utc().ok()? == sample)
        })
    }

    /// Whether the column must decide the order of day and month.
    pub(crate) fn is_automatic(&self) -> bool {
        self.format.is_automatic()
    }

    /// The rule with the column's decision.
    pub(crate) fn decided(&self, order: DayMonth) -> Self {
        Self { format: Format::Auto(Some(order)), zone: self.zone.clone() }
    }

    /// The rule for cells whose times without an offset are those of a zone.
    pub(crate) fn in_zone(&self, zone: TimeZone) -> Self {
        Self { format: self.format.clone(), zone: Some(zone) }
    }

    /// The cell for a normal form; this rule reads it as the same point in time, or not at all.
    pub(crate) fn written(&self, normal: &str) -> String {
        let utc = || Time::of_pieces(&Pieces::parse(normal).ok()?)?.utc().ok();
        match &self.format {
            Format::Pattern(_) => written(
                &self.format,
                normal,
                || utc().map(broken_down),
                |cell| {
                    let mut read = String::new();
                    self.validate(cell, None, &mut read, &mut Vec::new());
                    read
                },
            ),
            // As every other program reads it; PostgreSQL prints no `T` and only the hours of the offset.
            Format::Rfc3339 | Format::Auto(_) => {
                utc().map_or_else(|| normal.to_owned(), |utc| format!("{utc}Z"))
            }
        }
    }

    /// See [`Rule::validate`](crate::rule::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let time = self.read_without_leap_second(cell).and_then(|time| self.with_offset(time));
        match time.and_then(|time| Ok((time.offset, time.utc()?))) {
            Ok((offset, utc)) => {
                push_utc(out, utc);
                if offset.is_none() {
                    let message = "has no offset from UTC, and was read as UTC";
                    findings.push(CellFinding::new(Code::AssumedUtc, message));
                }
                NormalForm::of(cell, out)
            }
            Err(fault) => {
                findings.push(fault.finding("date and time", &self.format));
                NormalForm::Rejected
            }
        }
    }

    /// A time without an offset gets that of the zone. One that the clocks there skipped, or showed twice, has none.
    fn with_offset(&self, time: Time) -> Result<Time, Fault> {
        let (None, Some(zone)) = (time.offset, &self.zone) else { return Ok(time) };
        let name = || zone.iana_name().unwrap_or("this zone").to_owned();
        match zone.to_ambiguous_timestamp(time.local).offset() {
            AmbiguousOffset::Unambiguous { offset } => Ok(Time { offset: Some(offset), ..time }),
            AmbiguousOffset::Gap { .. } => Err(Fault::Skipped(name())),
            AmbiguousOffset::Fold { .. } => Err(Fault::Twice(name())),
        }
    }

    /// Reads a cell; a second 60 is a fault, because the parsers read it as 59.
    fn read_without_leap_second(&self, cell: &str) -> Result<Time, Fault> {
        let time = self.read(cell)?;
        // One 60 among others is the second if the cell has the second 58 with 58 in its place.
        let is_second = |at: usize| {
            let other = format!("{}58{}", &cell[..at], &cell[at + 2..]);
            self.read(&other).is_ok_and(|other| other.local.second() == 58)
        };
        if time.local.second() == 59 && cell.match_indices("60").any(|(at, _)| is_second(at)) {
            return Err(Fault::LeapSecond);
        }
        Ok(time)
    }

    fn read(&self, cell: &str) -> Result<Time, Fault> {
        match &self.format {
            Format::Pattern(pattern) => read_pattern(pattern, cell),
            Format::Rfc3339 => {
                let time = Time::of_pieces(&Pieces::parse(cell)?).ok_or(Fault::Invalid)?;
                if time.offset.is_some() || self.zone.is_some() { Ok(time) } else { Err(Fault::Invalid) }
            }
            Format::Auto(order) => read_auto_time(cell, *order),
        }
    }
}

/// A date and time as a cell has it.
struct Time {
    local: DateTime,
    /// From UTC, if the cell has one.
    offset: Option<Offset>,
}

impl Time {
    /// `None` if there is no time.
    fn of_pieces(pieces: &Pieces<'_>) -> Option<Self> {
        let local = DateTime::from_parts(pieces.date(), pieces.time()?);
        Some(Self { local, offset: pieces.to_numeric_offset() })
    }

    /// The same in UTC, in microseconds, rounded half to even as PostgreSQL rounds its input. A time without an
    /// offset is taken for UTC.
    ///
    /// An offset has at most 14 hours: the bound of XML Schema 1.1 (part 2, section 3.3.7), which holds for every time
    /// zone in use. ISO 8601 has none, and PostgreSQL's bound of 16 hours lets typing mistakes pass.
    fn utc(&self) -> Result<DateTime, Fault> {
        let seconds = self.offset.map_or(0, Offset::seconds);
        if seconds.abs() > 14 * 3600 {
            return Err(Fault::Offset);
        }
        let mut utc = self.local;
        if seconds != 0 {
            utc = utc.checked_sub(SignedDuration::from_secs(seconds.into()))?;
        }
        if utc.subsec_nanosecond() % 1_000 != 0 {
            utc = utc.round(DateTimeRound::new().smallest(Unit::Microsecond).mode(RoundMode::HalfEven))?;
        }
        with_four_digits(utc.date())?;
        Ok(utc)
    }
}

fn read_pattern(pattern: &str, cell: &str) -> Result<Time, Fault> {
    let parts = strtime::parse(pattern, cell)?;
    if let Some(timestamp) = parts.timestamp() {
        return Ok(Time { local: Offset::UTC.to_datetime(timestamp), offset: Some(Offset::UTC) });
    }
    Ok(Time { local: parts.to_datetime()?, offset: parts.offset() })
}

fn read_auto_time(cell: &str, order: Option<DayMonth>) -> Result<Time, Fault> {
    let (date, time) = split_time(cell);
    let mut iso = String::new();
    push_date(&mut iso, with_four_digits(read_auto(date, order)?)?);
    iso.push('T');
    iso.push_str(if time.is_empty() { "00:00" } else { time });
    Time::of_pieces(&Pieces::parse(&iso)?).ok_or(Fault::Invalid)
}

/// As PostgreSQL prints it.
fn push_utc(out: &mut String, utc: DateTime) {
    use std::fmt::Write;
    let (date, time) = (utc.date(), utc.time());
    let _ = write!(out, "{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let micros = time.subsec_nanosecond() / 1_000;
    if micros > 0 {
        let _ = write!(out, ".{micros:06}");
        out.truncate(out.trim_end_matches('0').len());
    }
    out.push_str("+00");
}

/// The parts of a point in time, for a pattern.
fn broken_down(utc: DateTime) -> BrokenDownTime {
    // The last two days of the year 9999 are no timestamps of the library.
    Offset::UTC.to_timestamp(utc).map_or_else(
        |_| {
            let mut parts = BrokenDownTime::from(utc);
            parts.set_offset(Some(Offset::UTC));
            parts
        },
        BrokenDownTime::from,
    )
}
