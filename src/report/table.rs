//! Tables on a terminal. A table of records fits its width: the key, then as many of the filled columns as there is
//! room for. A table with a few fixed columns shows all of them.

use std::io::{self, IsTerminal};

use crate::output::visible::{fitted, visible};
use crate::width::{COLUMNS, padded, width, wrapped};

/// Between two columns.
const GAP: &str = "  ";
/// How wide a column is at most if others need room too, and how narrow one may get.
const WIDEST: usize = 36;
const NARROWEST: usize = 6;

/// The rows of a table, and the names of its columns.
#[derive(Debug)]
pub(crate) struct Table {
    names: Vec<String>,
    key: usize,
    numbers: Vec<usize>,
    rows: Vec<Vec<String>>,
}

/// How many columns the terminal has: `COLUMNS` if it is set, else what the terminal says.
pub(crate) fn room() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || {
        let size = io::stdout().is_terminal().then(terminal_size::terminal_size)??;
        Some(usize::from(size.0.0))
    };
    asked.filter(|&columns| columns > 0).or_else(of_terminal).unwrap_or(COLUMNS)
}

/// Names and values, a line each.
pub(crate) fn pairs(fields: &[(&str, Option<String>)]) -> String {
    let mut table = Table::new(["", ""], 0);
    for (name, value) in fields {
        table.add([Some((*name).to_owned()), value.clone()]);
    }
    table.body(&[(0, table.wanted(0)), (1, usize::MAX)])
}

impl Table {
    /// A table without rows; `key` is the column that always comes first.
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>, key: usize) -> Self {
        let names = names.into_iter().map(|name| visible(name).into_owned()).collect();
        Self { names, key, numbers: Vec::new(), rows: Vec::new() }
    }

    /// The same table with these columns aligned to the right.
    pub(crate) fn with_numbers(self, numbers: impl Into<Vec<usize>>) -> Self {
        Self { numbers: numbers.into(), ..self }
    }

    /// Adds a row with a cell for each name; none is an empty one.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = Option<String>>) {
        let cells = cells.into_iter().map(|cell| visible(&cell.unwrap_or_default()).into_owned());
        self.rows.push(cells.collect());
    }

    /// The table, and how many columns with something in them there was no room for. `only` are the columns to
    /// show, however narrow.
    pub(crate) fn fitted(&self, room: usize, only: &[usize]) -> (String, usize) {
        let chosen = if only.is_empty() { self.that_fit(room) } else { self.shrunk(room, only) };
        let filled = (0..self.names.len()).filter(|&column| self.is_filled(column)).count();
        let shown = chosen.iter().filter(|(column, _)| self.is_filled(*column)).count();
        (self.head(&chosen) + &self.body(&chosen), if only.is_empty() { filled - shown } else { 0 })
    }

    /// The table with all its columns. The last one has the room that the others leave: it is cut, or, if it
    /// `wraps`, goes on in the next line.
    pub(crate) fn whole(&self, room: usize, wraps: bool) -> String {
        let last = self.names.len() - 1;
        let mut columns: Vec<_> = (0..last).map(|column| (column, self.wanted(column).min(WIDEST))).collect();
        let used: usize = columns.iter().map(|(_, width)| width + GAP.len()).sum();
        let left = room.saturating_sub(used).max(NARROWEST);
        columns.push((last, usize::MAX));
        let mut text = self.head(&columns);
        for row in &self.rows {
            let cell = if wraps { wrapped(&row[last], left) } else { vec![fitted(&row[last], left)] };
            let mut lines = cell.into_iter();
            let cells: Vec<_> = row[..last].iter().cloned().chain(lines.next()).collect();
            text.push_str(&self.line(&columns, &cells));
            lines.for_each(|line| text.push_str(&format!("{:used$}{line}\n", "")));
        }
        text
    }

    fn head(&self, columns: &[(usize, usize)]) -> String {
        self.line(columns, &self.names)
    }

    fn body(&self, columns: &[(usize, usize)]) -> String {
        self.rows.iter().map(|row| self.line(columns, row)).collect()
    }

    fn is_filled(&self, column: usize) -> bool {
        column == self.key || self.rows.iter().any(|row| !row[column].is_empty())
    }

    /// How wide a column would be without limits.
    fn wanted(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].as_str());
        cells.chain([self.names[column].as_str()]).map(width).max().unwrap_or(0)
    }

    /// The key and those of the other columns for which there is room, with their widths.
    fn that_fit(&self, room: usize) -> Vec<(usize, usize)> {
        let mut chosen = vec![(self.key, self.wanted(self.key).min(WIDEST.max(room / 2)))];
        let mut used = chosen[0].1;
        for column in (0..self.names.len()).filter(|&column| column != self.key && self.is_filled(column)) {
            let width = self.wanted(column).min(WIDEST);
            if used + GAP.len() + width <= room {
                used += GAP.len() + width;
                chosen.push((column, width));
            }
        }
        chosen
    }

    /// The key and these columns; the widest are made narrower until all fit or none can be.
    fn shrunk(&self, room: usize, only: &[usize]) -> Vec<(usize, usize)> {
        let mut chosen = vec![(self.key, self.wanted(self.key))];
        chosen.extend(only.iter().filter(|&&c| c != self.key).map(|&column| (column, self.wanted(column))));
        let gaps = GAP.len() * (chosen.len() - 1);
        while chosen.iter().map(|(_, width)| width).sum::<usize>() + gaps > room {
            let Some(widest) = chosen.iter_mut().max_by_key(|(_, width)| *width) else { break };
            if widest.1 <= NARROWEST {
                break;
            }
            widest.1 -= 1;
        }
        chosen
    }

    fn line(&self, columns: &[(usize, usize)], cells: &[String]) -> String {
        let cell = |(at, &(column, room)): (usize, &(usize, usize))| {
            // What has no limit is the last column, which needs no padding.
            let text = if room == usize::MAX { cells[column].clone() } else { fitted(&cells[column], room) };
            if self.numbers.contains(&column) {
                format!("{}{text}", " ".repeat(room - width(&text)))
            } else if at + 1 < columns.len() {
                padded(&text, room)
            } else {
                text
            }
        };
        let cells: Vec<_> = columns.iter().enumerate().map(cell).collect();
        format!("{}\n", cells.join(GAP).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["plan", "key", "note", "empty"], 1);
        for (plan, key, note) in [("pro", "A-1", "日本\u{1b}[2J"), ("basic", "A-22", "second")] {
            table.add([Some(plan.to_owned()), Some(key.to_owned()), Some(note.to_owned()), None]);
        }
        table
    }

    #[test]
    fn the_key_comes_first_and_empty_columns_are_left_out() {
        let (text, left) = table().fitted(80, &[]);
        assert_eq!(text, "key   plan   note\nA-1   pro    日本␛[2J\nA-22  basic  second\n");
        assert_eq!(left, 0);
    }

    #[test]
    fn columns_without_room_are_counted_and_chosen_ones_get_narrow() {
        let (text, left) = table().fitted(12, &[]);
        assert_eq!((text.as_str(), left), ("key   plan\nA-1   pro\nA-22  basic\n", 1));
        let (text, left) = table().fitted(13, &[2, 3]);
        assert_eq!((text.lines().nth(1), left), (Some("A-1   日本␛…"), 0), "{text}");
    }

    #[test]
    fn the_last_column_is_cut_or_goes_on_in_the_next_line() {
        let mut table = Table::new(["n", "what"], 0).with_numbers([0]);
        table.add(["12", "one two three"].map(|cell| Some(cell.to_owned())));
        assert_eq!(table.whole(13, false), " n  what\n12  one two …\n");
        assert_eq!(table.whole(13, true), " n  what\n12  one two\n    three\n");
    }

    #[test]
    fn pairs_are_aligned() {
        let fields = [("name", Some("x".to_owned())), ("nr", None), ("long\u{1b}", Some("y z".to_owned()))];
        assert_eq!(pairs(&fields), "name   x\nnr\nlong␛  y z\n");
    }
}
