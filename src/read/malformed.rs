//! What can be wrong with a record as a whole, before its cells are checked.

use crate::record::{Code, Message};
use crate::source::Surplus;
use crate::source::json::Fault;

use super::cells::Cell;
use super::offset::offset;
use super::plan::ReadPlan;
use super::units::{Narrow, Wide, count_cells, count_lines};

/// What is wrong with a list that a cell cannot hold.
pub(super) const SEPARATOR_IN_ITEM: &str = "an item of the list contains the separator of items";

/// Why a record has no row.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) code: Code,
    /// What is wrong.
    pub(crate) message: Message,
    /// The column, if it is known.
    pub(crate) column: Option<usize>,
}

impl From<Fault> for Malformed {
    fn from(fault: Fault) -> Self {
        let message = format!("{}, at byte {} of the line", fault.message, fault.at + 1);
        Self::new(Code::InvalidJson, message, None)
    }
}

impl Malformed {
    pub(super) fn new(code: Code, message: impl Into<Message>, column: Option<usize>) -> Self {
        Self { code, message: message.into(), column }
    }

    #[cold]
    pub(super) fn too_large(len: u64, most: u64) -> Self {
        let message = format!("the record has {len} bytes, at most {most} are allowed (--max-record)");
        Self::new(Code::RecordTooLarge, message, None)
    }

    /// A stray quote at an offset of the record's stored bytes.
    #[cold]
    pub(super) fn stray_quote(plan: &ReadPlan<'_>, bytes: &[u8], at: u32) -> Self {
        let message = "a double quote neither opens nor closes a cell";
        Self::new(Code::StrayQuote, message, column(plan, bytes, at))
    }

    /// A quote that is never closed, at an offset of the record's stored bytes; the record begins on `line`.
    #[cold]
    pub(super) fn unclosed_quote(plan: &ReadPlan<'_>, bytes: &[u8], at: u32, line: u64) -> Self {
        let line = line + line_ends_before(plan, bytes, at);
        let message = format!("the double quote that opens a cell on line {line} is never closed");
        Self::new(Code::UnclosedQuote, message, column(plan, bytes, at))
    }

    /// Bytes that cannot be decoded, at an offset of the record, which begins at `byte_start`.
    #[cold]
    pub(super) fn encoding(plan: &ReadPlan<'_>, bytes: &[u8], at: usize, byte_start: u64) -> Self {
        let byte = byte_start + at as u64;
        let message = format!("byte {byte} of the file is not valid {}", plan.encoding.name());
        Self::new(Code::InvalidEncoding, message, column(plan, bytes, offset(at)))
    }

    /// A NUL after the decoded text `before`.
    #[cold]
    pub(super) fn nul(plan: &ReadPlan<'_>, before: &str) -> Self {
        let column = plan.keys.is_none().then(|| count_cells(Narrow, plan.delimiter, before.as_bytes()) - 1);
        Self::new(Code::NulByte, "the record holds a NUL byte, which PostgreSQL cannot store", column)
    }
}

/// Checks the number of a record's cells. A record may have fewer cells than the header if those that are missing can
/// be padded, and more if these are empty and nearly every record has them.
pub(super) fn check_width(
    plan: &ReadPlan<'_>,
    cells: &[Cell],
    text: &str,
    surplus: &mut Surplus,
) -> Result<(), Malformed> {
    let (found, columns) = (cells.len(), plan.columns);
    let numbers = || {
        let cells = if found == 1 { "cell" } else { "cells" };
        format!("the record has {found} {cells}, the header has {columns}")
    };
    if found < plan.named
        && (!plan.options.settings.reading.pad_short || (found..plan.named).any(|at| plan.requires(at)))
    {
        return Err(Malformed::new(Code::MissingCells, numbers(), None));
    }
    let is_filled = |cell: &Cell| !text[cell.start as usize..cell.end as usize].trim().is_empty();
    let filled = cells.iter().skip(plan.named).position(is_filled);
    match filled {
        None if found <= columns => Ok(()),
        None => {
            surplus.note(found - columns);
            if found - columns <= plan.extra {
                return Ok(());
            }
            let message = match plan.torn {
                Some(column) => format!(
                    "{}: its column {} seems to be two; put the delimiter between them, or one at the end of the header \
                     if each record only ends in one",
                    numbers(),
                    column + 1
                ),
                None => format!(
                    "{}; remove the delimiter that is too many, or put one at the end of the header if each record ends \
                     in one",
                    numbers()
                ),
            };
            Err(Malformed::new(Code::TooManyCells, message, plan.torn))
        }
        Some(_) if found > columns => Err(Malformed::new(Code::TooManyCells, numbers(), None)),
        Some(at) => {
            let column = plan.named + at + 1;
            let message = format!("the cell in column {column} is filled, but the column has no name");
            Err(Malformed::new(Code::TooManyCells, message, None))
        }
    }
}

/// The column at an offset of a record's stored bytes. The keys of an object have no order.
fn column(plan: &ReadPlan<'_>, bytes: &[u8], at: u32) -> Option<usize> {
    let before = &bytes[..(at as usize).min(bytes.len())];
    if plan.keys.is_some() {
        return None;
    }
    Some(match Wide::of(plan.encoding) {
        Some(wide) => count_cells(wide, plan.delimiter, before) - 1,
        None => count_cells(Narrow, plan.delimiter, before) - 1,
    })
}

/// The number of line ends before a quote at an offset of a record's stored bytes.
fn line_ends_before(plan: &ReadPlan<'_>, bytes: &[u8], at: u32) -> u64 {
    let before = &bytes[..(at as usize).min(bytes.len())];
    let lines = match Wide::of(plan.encoding) {
        Some(wide) => count_lines(wide, before),
        None => count_lines(Narrow, before),
    };
    // The quote is on the last of these lines.
    u64::from(lines.saturating_sub(1))
}
