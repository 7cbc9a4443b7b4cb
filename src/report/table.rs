//! Records as a table that fits the terminal: the key, and behind it as many of the fields that any of the
//! records fills as there is room for.

use std::io::{self, IsTerminal};

use crate::output::visible::visible;

use super::width::{WIDTH, fitted, padded, width};

/// Between two columns.
const GAP: &str = "  ";
/// How wide a column is at most where others want room, too, and how narrow one may get.
const WIDEST: usize = 36;
const NARROWEST: usize = 6;

/// The rows of a table, and what its columns are called.
#[derive(Debug)]
pub(crate) struct Table {
    names: Vec<String>,
    key: usize,
    rows: Vec<Vec<String>>,
}

/// How many columns the terminal has: `COLUMNS` where it is set, else what the terminal says of itself.
#[must_use]
pub(crate) fn room() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let of_terminal = || {
        let size = io::stdout().is_terminal().then(terminal_size::terminal_size)??;
        Some(usize::from(size.0.0))
    };
    asked.filter(|&columns| columns > 0).or_else(of_terminal).unwrap_or(WIDTH)
}

impl Table {
    /// A table without rows; `key` is the column that always stands first.
    #[must_use]
    pub(crate) fn new<'n>(names: impl IntoIterator<Item = &'n str>, key: usize) -> Self {
        Self {
            names: names.into_iter().map(|name| visible(name).into_owned()).collect(),
            key,
            rows: Vec::new(),
        }
    }

    /// Adds a row with a cell for each name; none is an empty one.
    pub(crate) fn add(&mut self, cells: impl IntoIterator<Item = Option<String>>) {
        let cells = cells.into_iter().map(|cell| visible(&cell.unwrap_or_default()).into_owned());
        self.rows.push(cells.collect());
    }

    /// The table, and how many columns with something in them there was no room for. `only` are the columns to
    /// show, narrow as they may get.
    #[must_use]
    pub(crate) fn render(&self, room: usize, only: &[usize]) -> (String, usize) {
        let chosen = if only.is_empty() { self.that_fit(room) } else { self.shrunk(room, only) };
        let mut text = String::new();
        let names = self.names.iter().map(String::as_str).collect::<Vec<_>>();
        line(&mut text, &chosen, &names);
        for row in &self.rows {
            line(&mut text, &chosen, &row.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let filled = (0..self.names.len()).filter(|&column| self.is_filled(column)).count();
        let shown = chosen.iter().filter(|(column, _)| self.is_filled(*column)).count();
        (text, if only.is_empty() { filled - shown } else { 0 })
    }

    fn is_filled(&self, column: usize) -> bool {
        column == self.key || self.rows.iter().any(|row| !row[column].is_empty())
    }

    /// How wide a column wants to be.
    fn wanted(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].as_str());
        cells.chain([self.names[column].as_str()]).map(width).max().unwrap_or(0)
    }

    /// The key and the columns behind it for which there is room, with their widths.
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

    /// The key and these columns, the widest of them made narrower until they fit or none can be.
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
}

fn line(text: &mut String, columns: &[(usize, usize)], cells: &[&str]) {
    let cells: Vec<_> =
        columns.iter().map(|&(column, width)| padded(&fitted(cells[column], width), width)).collect();
    text.push_str(cells.join(GAP).trim_end());
    text.push('\n');
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
    fn the_key_stands_first_and_empty_columns_are_left_out() {
        let (text, left) = table().render(80, &[]);
        assert_eq!(text, "key   plan   note\nA-1   pro    日本␛[2J\nA-22  basic  second\n");
        assert_eq!(left, 0);
    }

    #[test]
    fn columns_without_room_are_counted_and_chosen_ones_get_narrow() {
        let (text, left) = table().render(12, &[]);
        assert_eq!((text.as_str(), left), ("key   plan\nA-1   pro\nA-22  basic\n", 1));
        let (text, left) = table().render(13, &[2, 3]);
        assert_eq!((text.lines().nth(1), left), (Some("A-1   日本␛…"), 0), "{text}");
    }
}
