//! A row while it is made, and the CSV file that it goes to: delimiter, line ends, quoting, and the spoiled
//! forms that no proper writer would make. What goes into the cells is others' business.

use std::io::{self, Write};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between cells.
    pub(crate) delimiter: u8,
    /// Whether lines end as on Windows.
    pub(crate) crlf: bool,
    /// Whether a byte order mark comes first.
    pub(crate) bom: bool,
}

impl Dialect {
    /// The line end.
    fn line_end(self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }
}

/// Stands in a cell for the byte that is malformed in the file.
pub(crate) const MALFORMED: char = '\u{1}';

/// One record, and how it departs from a proper one. Its buffers are used again for the next.
pub(crate) struct Row {
    /// The cells' values.
    pub(crate) cells: Vec<String>,
    /// A cell that is written as it is, although it would need quotes.
    pub(crate) raw: Option<usize>,
    /// A cell that is quoted without need.
    pub(crate) quoted: Option<usize>,
    /// How many cells are missing at the end.
    pub(crate) cut: usize,
    /// Cells after the last one.
    pub(crate) extra: &'static [&'static str],
    /// Whether [`MALFORMED`] must be replaced.
    pub(crate) malformed: bool,
    /// Whether the header is repeated before the record.
    pub(crate) header_before: bool,
    /// Whether there is a blank line before the record.
    pub(crate) blank_before: bool,
}

impl Row {
    /// A row of empty cells.
    pub(crate) fn new(width: usize) -> Self {
        Self {
            cells: vec![String::new(); width],
            raw: None,
            quoted: None,
            cut: 0,
            extra: &[],
            malformed: false,
            header_before: false,
            blank_before: false,
        }
    }

    /// Empties the row and makes it a proper one again.
    pub(crate) fn begin(&mut self) {
        self.cells.iter_mut().for_each(String::clear);
        self.raw = None;
        self.quoted = None;
        self.cut = 0;
        self.extra = &[];
        self.malformed = false;
        self.header_before = false;
        self.blank_before = false;
    }

    /// Replaces a cell.
    pub(crate) fn set(&mut self, column: usize, value: &str) {
        self.cells[column].clear();
        self.cells[column].push_str(value);
    }

    /// Empties a cell and hands it out to be filled.
    pub(crate) fn renew(&mut self, column: usize) -> &mut String {
        self.cells[column].clear();
        &mut self.cells[column]
    }
}

/// A CSV file that is being written.
pub(crate) struct Table<W> {
    out: W,
    dialect: Dialect,
    header: Vec<u8>,
    line: Vec<u8>,
    /// Blank lines so far.
    pub(crate) blank: u64,
}

impl<W: Write> Table<W> {
    /// Writes the header.
    pub(crate) fn new(mut out: W, dialect: Dialect, header: &[&str]) -> io::Result<Self> {
        let separator = char::from(dialect.delimiter).to_string();
        let header = (header.join(&separator) + dialect.line_end()).into_bytes();
        if dialect.bom {
            out.write_all("\u{feff}".as_bytes())?;
        }
        out.write_all(&header)?;
        Ok(Self { out, dialect, header, line: Vec::with_capacity(1024), blank: 0 })
    }

    /// Writes one record, with the blank line before it.
    pub(crate) fn write(&mut self, row: &Row) -> io::Result<()> {
        if row.blank_before {
            self.out.write_all(self.dialect.line_end().as_bytes())?;
            self.blank += 1;
        }
        if row.header_before {
            self.out.write_all(&self.header)?;
        }
        self.line.clear();
        for (column, cell) in row.cells[..row.cells.len() - row.cut].iter().enumerate() {
            if column > 0 {
                self.line.push(self.dialect.delimiter);
            }
            let quote = row.raw != Some(column) && (row.quoted == Some(column) || self.needs_quotes(cell));
            self.push_cell(cell, quote);
        }
        for cell in row.extra {
            self.line.push(self.dialect.delimiter);
            self.line.extend_from_slice(cell.as_bytes());
        }
        if row.malformed {
            // In Windows-1252 this byte is an é; here it begins a sequence that does not go on.
            self.line.iter_mut().filter(|byte| **byte == 1).for_each(|byte| *byte = 0xE9);
        }
        self.line.extend_from_slice(self.dialect.line_end().as_bytes());
        self.out.write_all(&self.line)
    }

    /// Hands what is buffered on.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        self.out.flush()?;
        Ok(self.blank)
    }

    fn needs_quotes(&self, cell: &str) -> bool {
        cell.bytes().any(|byte| byte == self.dialect.delimiter || matches!(byte, b'"' | b'\n' | b'\r'))
    }

    fn push_cell(&mut self, cell: &str, quote: bool) {
        if !quote {
            self.line.extend_from_slice(cell.as_bytes());
            return;
        }
        self.line.push(b'"');
        for byte in cell.bytes() {
            match byte {
                b'"' => self.line.extend_from_slice(b"\"\""),
                b'\n' => self.line.extend_from_slice(self.dialect.line_end().as_bytes()),
                _ => self.line.push(byte),
            }
        }
        self.line.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_spoiled_where_they_shall_be() {
        let dialect = Dialect { delimiter: b';', crlf: true, bom: true };
        let mut file = Vec::new();
        let mut table = Table::new(&mut file, dialect, &["a", "b"]).unwrap();
        let mut row = Row::new(2);
        row.set(0, "x;\"y\"");
        row.set(1, "1,2");
        table.write(&row).unwrap();
        row.begin();
        row.set(0, "\"open");
        row.raw = Some(0);
        row.extra = &["z"];
        row.blank_before = true;
        row.header_before = true;
        table.write(&row).unwrap();
        assert_eq!(table.finish().unwrap(), 1);
        let text = String::from_utf8(file).unwrap();
        assert_eq!(text, "\u{feff}a;b\r\n\"x;\"\"y\"\"\";1,2\r\n\r\na;b\r\n\"open;;z\r\n");
    }
}
