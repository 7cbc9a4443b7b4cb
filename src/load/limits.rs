//! What the declared type of a column cannot hold although the field's rule accepts it: texts that are too long, more
//! digits, numbers out of range, values that an enumerated type lacks. Such rows are found before any is sent, since the
//! server would round some of these values without a word.

use crate::db::catalog::{ColumnInfo, Misfit, TableInfo};
use crate::read::Harvest;
use crate::record::{RowEncoder, RowNumber};
use crate::rule::list::items;
use crate::schema::{Entity, Field, FieldIndex};
use crate::settle::Unheld;

use super::error::LoadError;

/// What a column can hold.
#[derive(Debug, PartialEq, Eq)]
enum Limit<'c> {
    /// So many characters.
    Characters(usize),
    /// So many characters in each item of a list.
    Items(usize),
    /// Digits from 10^`low` to below 10^`high`.
    Digits {
        low: i32,
        high: i32,
    },
    /// So many digits of a second.
    Fraction(usize),
    Range(i64, i64),
    Labels(&'c [String]),
}

/// The values of clean rows that the table's columns cannot hold, in row order.
pub(super) fn unheld(entity: &Entity, info: &TableInfo, harvest: &Harvest) -> Result<Vec<Unheld>, LoadError> {
    let limit = |(at, field): (FieldIndex, &Field)| {
        let column = info.column(&field.column).filter(|_| field.reference.is_none())?;
        Some((at, Limit::of(column, field)?, &column.declared))
    };
    let limits: Vec<_> = entity.fields.iter().enumerate().filter_map(limit).collect();
    let mut found = Vec::new();
    let mut buffer = Vec::new();
    for segment in harvest.segments.iter().filter(|_| !limits.is_empty()) {
        let layout = harvest.layout(segment.file);
        let position = |field: FieldIndex| layout.fields.iter().position(|&own| own == field);
        let present: Vec<_> = limits.iter().filter_map(|limit| Some((position(limit.0)?, limit))).collect();
        if present.is_empty() {
            continue;
        }
        let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (row, bytes) in (segment.first..).map(RowNumber).zip(rows.iter()) {
            for (position, (field, limit, declared)) in &present {
                let is_held = RowEncoder::field(bytes, *position).is_none_or(|raw| limit.holds(raw));
                if !is_held && harvest.deletes.binary_search(&row).is_err() {
                    let declared = ((*declared).clone(), limit.sqlstate());
                    found.push(Unheld { row, field: *field, declared });
                }
            }
        }
    }
    Ok(found)
}

/// The schema's defaults that the table's columns cannot hold, or would round.
pub(super) fn unheld_defaults(entity: &Entity, info: &TableInfo) -> Vec<Misfit> {
    let mut found = Vec::new();
    for field in entity.fields.iter().filter(|field| field.reference.is_none()) {
        let (Some(default), Some(column)) = (field.when_empty(), info.column(&field.column)) else {
            continue;
        };
        let mut raw = Vec::new();
        RowEncoder::text(&mut raw, default);
        raw.pop();
        // An enumerated type refuses what it lacks, with the row's name, and rounds nothing.
        let limit = Limit::of(column, field).filter(|limit| !matches!(limit, Limit::Labels(_)));
        if limit.is_some_and(|limit| !limit.holds(&raw)) {
            found.push(Misfit::Default {
                table: entity.table.to_string(),
                column: field.column.clone(),
                field: field.name.clone(),
                declared: column.declared.clone(),
            });
        }
    }
    found
}

impl<'c> Limit<'c> {
    /// `None` if the column holds every value that the field can have.
    fn of(column: &'c ColumnInfo, field: &Field) -> Option<Self> {
        let modifier = usize::try_from(column.modifier).ok();
        match column.base.as_str() {
            _ if !column.labels.is_empty() => Some(Self::Labels(&column.labels)),
            // The length includes four bytes of a header.
            "character varying" | "character" => modifier
                .map(|modifier| modifier - 4)
                .filter(|&length| field.max_length.is_none_or(|most| most > length))
                .map(Self::Characters),
            "character varying[]" => modifier.map(|modifier| Self::Items(modifier - 4)),
            "numeric" => modifier.map(|_| {
                let modifier = column.modifier - 4;
                // The scale has 11 bits and a sign.
                let (precision, scale) = ((modifier >> 16) & 0xFFFF, ((modifier & 0x7FF) ^ 1024) - 1024);
                Self::Digits { low: -scale, high: precision - scale }
            }),
            "timestamp with time zone" | "timestamp without time zone" => modifier.map(Self::Fraction),
            "smallint" => Some(Self::Range(i16::MIN.into(), i16::MAX.into())),
            "integer" => Some(Self::Range(i32::MIN.into(), i32::MAX.into())),
            _ => None,
        }
    }

    /// With which a server refuses a value that the type cannot hold, or would if it did not round it.
    fn sqlstate(&self) -> &'static str {
        match self {
            Self::Characters(_) | Self::Items(_) => "22001",
            Self::Digits { .. } | Self::Range(..) => "22003",
            Self::Fraction(_) => "22008",
            Self::Labels(_) => "22P02",
        }
    }

    fn holds(&self, raw: &[u8]) -> bool {
        match self {
            Self::Characters(most) => {
                raw.len() <= *most || RowEncoder::unescape(raw).chars().count() <= *most
            }
            Self::Items(most) => {
                let is_short = |item: &String| item.chars().count() <= *most;
                raw.len() <= *most
                    || items(&RowEncoder::unescape(raw))
                        .is_none_or(|items| items.iter().flatten().all(is_short))
            }
            Self::Digits { low, high } => {
                exponents(raw).is_none_or(|(last, first)| last >= *low && first < *high)
            }
            Self::Fraction(most) => {
                let fraction = raw.split(|&byte| byte == b'.').nth(1).unwrap_or_default();
                let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
                digits.skip(*most).all(|&digit| digit == b'0')
            }
            Self::Range(least, most) => std::str::from_utf8(raw)
                .ok()
                .and_then(|value| value.parse::<i64>().ok())
                .is_some_and(|value| (*least..=*most).contains(&value)),
            Self::Labels(labels) => {
                let value = RowEncoder::unescape(raw);
                labels.contains(&value)
            }
        }
    }
}

/// The powers of ten of the last and the first digit of a decimal that is not zero; `None` if all are.
fn exponents(raw: &[u8]) -> Option<(i32, i32)> {
    let whole = raw.iter().position(|&byte| byte == b'.').unwrap_or(raw.len());
    let exponent = |at: usize| {
        let place = |distance: usize| i32::try_from(distance).unwrap_or(i32::MAX);
        if at < whole { place(whole - at - 1) } else { -place(at - whole) }
    };
    let is_filled = |byte: &u8| matches!(byte, b'1'..=b'9');
    Some((exponent(raw.iter().rposition(is_filled)?), exponent(raw.iter().position(is_filled)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_fits_if_none_of_its_digits_is_lost() {
        // numeric(4,2), numeric(2,4), numeric(3,-2)
        for (low, high, value, fits) in [
            (-2, 2, "12.34", true),
            (-2, 2, "-99.990", true),
            (-2, 2, "12.345", false),
            (-2, 2, "100", false),
            (-2, 2, "0.00", true),
            (-4, -2, "0.0099", true),
            (-4, -2, "0.01", false),
            (2, 5, "12300", true),
            (2, 5, "12310", false),
            (2, 5, "0012300.0", true),
            (2, 5, "123000", false),
        ] {
            assert_eq!(Limit::Digits { low, high }.holds(value.as_bytes()), fits, "{value}");
        }
    }

    #[test]
    fn texts_are_measured_in_characters_and_times_in_digits_that_matter() {
        let texts = Limit::Characters(2);
        assert!(texts.holds("éß".as_bytes()) && texts.holds(b"a\\\\") && !texts.holds(b"abc"));
        let lists = Limit::Items(2);
        assert!(lists.holds(b"{ab,\"c\\\\\"\",\"\"}") && !lists.holds(b"{a,abc}"));
        let times = Limit::Fraction(1);
        assert!(times.holds(b"2026-01-31 10:00:00+00") && times.holds(b"2026-01-31 10:00:00.500000+00"));
        assert!(!times.holds(b"2026-01-31 10:00:00.55+00"));
        assert!(Limit::Range(-5, 5).holds(b"-5") && !Limit::Range(-5, 5).holds(b"6"));
    }
}
