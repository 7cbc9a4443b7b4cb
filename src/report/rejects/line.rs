//! A source line for a terminal: as many cells around the bad one as fit, with carets below it.

use crate::output::visible::fitted;
use crate::width::width;

use super::super::cells::cells;

/// How wide the bad cell and its neighbours may be.
const BAD: usize = 48;
const NEIGHBOUR: usize = 24;

/// A line and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The physical line of the bad cell, counted from the record's first.
    pub(crate) offset: u64,
    pub(crate) text: String,
    pub(crate) carets: String,
}

/// Cuts `record` into cells, shows each by `shown`, and points at the cell `bad`.
pub(super) fn line(
    record: &str,
    delimiter: char,
    bad: Option<usize>,
    room: usize,
    shown: impl Fn(usize, &str) -> String,
) -> Line {
    let cells = cells(record.trim_end_matches(['\r', '\n']), delimiter);
    let centre = bad.unwrap_or(0).min(cells.len() - 1);
    let before = cells[centre].as_ptr() as usize - record.as_ptr() as usize;
    let head = &record[..before];
    let offset = head.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
    let separator = fitted(&delimiter.to_string(), 2);
    let piece = |at: usize| fitted(&shown(at, cells[at]), if bad == Some(at) { BAD } else { NEIGHBOUR });
    let middle = piece(centre);
    // Two columns at either end are kept for the `…` where something is left out.
    let mut used = width(&middle) + 4;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let (mut from, mut to) = (centre, centre + 1);
    loop {
        let mut grown = false;
        for forwards in [true, false] {
            let at = if forwards { (to < cells.len()).then_some(to) } else { from.checked_sub(1) };
            let Some(at) = at else { continue };
            let text = piece(at);
            if used + width(&text) + 1 > room {
                continue;
            }
            used += width(&text) + 1;
            grown = true;
            if forwards {
                right.push(format!("{separator}{text}"));
                to += 1;
            } else {
                left.push(format!("{text}{separator}"));
                from -= 1;
            }
        }
        if !grown {
            break;
        }
    }
    left.reverse();
    let head = format!("{}{}", if from > 0 { format!("…{separator}") } else { String::new() }, left.concat());
    let tail = if to < cells.len() { format!("{separator}…") } else { String::new() };
    let carets = match bad {
        Some(bad) if bad < cells.len() => {
            format!("{}{}", " ".repeat(width(&head)), "^".repeat(width(&middle).max(1)))
        }
        _ => String::new(),
    };
    Line { offset, text: format!("{head}{middle}{}{tail}", right.concat()), carets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_is(record: &str, bad: usize, room: usize) -> Line {
        line(record, ';', Some(bad), room, |_, cell| cell.to_owned())
    }

    #[test]
    fn carets_are_below_the_bad_cell() {
        let found = as_is("a;日本;jan.nl;x\r\n", 2, 60);
        assert_eq!((found.text.as_str(), found.carets.as_str()), ("a;日本;jan.nl;x", "       ^^^^^^"));
        let found = as_is("\"a\nb\";bad", 1, 60);
        assert_eq!((found.offset, found.text.as_str()), (1, "\"a␊b\";bad"));
        assert_eq!(as_is("a;;b", 1, 60).carets, "  ^");
        assert_eq!(as_is("a;b", 7, 60).carets, "");
    }

    #[test]
    fn a_long_line_is_cut_around_the_bad_cell() {
        let record = (0..100).map(|n| format!("cell {n}")).collect::<Vec<_>>().join(";");
        let found = as_is(&record, 50, 60);
        assert!(
            width(&found.text) <= 60 && found.text.starts_with("…;") && found.text.ends_with(";…"),
            "{found:?}"
        );
        let at = found.carets.find('^').unwrap();
        assert_eq!(found.text.chars().skip(at).take(7).collect::<String>(), "cell 50");
    }
}
