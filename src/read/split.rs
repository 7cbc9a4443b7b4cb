//! Where a record ends. Only this file decides it; all later steps work on the spans found here.
//!
//! A double quote opens a quoted cell only as the cell's first character; doubled inside, it is part of the value
//! (RFC 4180). There are two kinds of faults. A quote anywhere else is *stray*: the record still ends at the end of
//! its line. A quoted cell that is never closed would swallow the records after it, so a cell that contains a line
//! end is accepted only if its record looks whole: the cell is closed before a delimiter or a line end, there is no
//! stray quote, and the record has the usual number of cells, or at least the line after the line end does not
//! have it. Otherwise the quote is *unclosed*: the record ends at the end of its line, and reading goes on at the
//! next line. One bad quote costs one record.
//!
//! The time stays linear: inside a quoted cell an odd run of quotes always closes it, and only an odd run opens one,
//! so the search from one fault ends at the next.

use crate::fault;

use super::units::{Units, count_cells, count_lines, end_of_line};

/// What the splitter must know of a file.
#[derive(Debug, Clone)]
pub(crate) struct Grammar {
    /// The cells' delimiter, an ASCII character.
    pub(crate) delimiter: u8,
    /// The number of cells of a usual record.
    pub(crate) columns: usize,
    /// The number of bytes within which a record must end.
    pub(crate) horizon: usize,
    /// The lines are not those of the file: each record counts as one line.
    pub(crate) by_record: bool,
    /// No cell contains a line end: the records are known to be broken, and must not be read as parts of each other.
    pub(crate) by_line: bool,
}

/// How a record is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No quotes at all.
    Plain,
    /// Quotes, all where they belong.
    Quoted,
    /// A quote that neither opens nor closes a cell, at this offset from the record's start.
    StrayQuote(u32),
    /// A quote that opens a cell and is never closed, at this offset from the record's start.
    UnclosedQuote(u32),
    /// No end within the horizon; it ends at the next line end after that.
    Endless,
}

/// One record as the scanner found it, in offsets of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// One past the record's line end.
    pub(crate) end: usize,
    /// The number of its physical lines.
    pub(crate) lines: u32,
    /// Its quoting.
    pub(crate) shape: Shape,
}

/// The result of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// A record ends in the buffer.
    Record(Scanned),
    /// The buffer ends first.
    Incomplete,
    /// The record does not end within the horizon; its end must be searched for.
    BeyondHorizon,
}

/// Finds the end of the record that starts at `start`. `last` says that nothing follows the buffer.
///
/// The answer depends only on the record's own bytes and at most `grammar.horizon` bytes from its start, so
/// it is the same however the file is cut into buffers.
#[inline]
pub(crate) fn scan_record<U: Units>(
    units: U,
    grammar: &Grammar,
    bytes: &[u8],
    start: usize,
    last: bool,
) -> Scan {
    if fault::slow() {
        return Scanner::new(units, grammar, bytes, start, last).run();
    }
    // Most records have no quote: one search finds the line end.
    match units.next_special(bytes, start) {
        Some((at, b'\n')) => {
            Scan::Record(Scanned { end: at + U::WIDTH, lines: 1, shape: Shape::Plain }).within(grammar, start)
        }
        Some((at, b'\r')) => match end_of_line(units, bytes, at, last) {
            Some(end) => Scan::Record(Scanned { end, lines: 1, shape: Shape::Plain }).within(grammar, start),
            None => Scan::Incomplete,
        },
        Some(_) => Scanner::new(units, grammar, bytes, start, last).run(),
        None if bytes.len() - start >= grammar.horizon => Scan::BeyondHorizon,
        None if last => Scan::Record(Scanned { end: bytes.len(), lines: 1, shape: Shape::Plain }),
        None => Scan::Incomplete,
    }
}

impl Scan {
    /// A record longer than the horizon is endless even if the buffer happens to contain its end.
    fn within(self, grammar: &Grammar, start: usize) -> Self {
        match self {
            Self::Record(Scanned { end, shape: Shape::Plain, .. }) if end - start > grammar.horizon => {
                Self::BeyondHorizon
            }
            other => other,
        }
    }
}

/// The slow path: a record with quotes.
struct Scanner<'a, U> {
    units: U,
    grammar: &'a Grammar,
    /// The buffer up to the record's horizon: no byte after it may change a decision.
    window: &'a [u8],
    start: usize,
    /// Nothing follows the window.
    last: bool,
    /// The window was cut at the horizon.
    cut: bool,
    /// The first stray quote.
    stray: Option<usize>,
    /// The opening quote of the first cell that runs over a line end, and that line's end.
    multiline: Option<(usize, usize)>,
}

/// Whether a quoted cell is closed.
enum Closed {
    /// It is; the scan goes on here.
    At(usize),
    /// Not within the window.
    Never,
    /// The window ends before this is known.
    Unknown,
}

impl<'a, U: Units> Scanner<'a, U> {
    fn new(units: U, grammar: &'a Grammar, bytes: &'a [u8], start: usize, last: bool) -> Self {
        let horizon = start.saturating_add(grammar.horizon);
        let cut = bytes.len() >= horizon;
        let window = if cut { &bytes[..horizon] } else { bytes };
        Self { units, grammar, window, start, last: last && !cut, cut, stray: None, multiline: None }
    }

    fn run(mut self) -> Scan {
        let mut at = self.start;
        loop {
            match self.units.next_special(self.window, at) {
                Some((quote, b'"')) if self.begins_cell(quote) => match self.quoted_cell(quote) {
                    Closed::At(after) => at = after,
                    Closed::Unknown => return self.undecided(),
                    Closed::Never => return self.unclosed(),
                },
                Some((quote, b'"')) => {
                    self.stray.get_or_insert(quote);
                    at = quote + U::WIDTH;
                }
                Some((line_end, _)) => {
                    return match end_of_line(self.units, self.window, line_end, self.last) {
                        Some(end) => self.whole(end),
                        None => self.undecided(),
                    };
                }
                None if self.last => return self.whole(self.window.len()),
                None => return self.undecided(),
            }
        }
    }

    fn begins_cell(&self, quote: usize) -> bool {
        quote == self.start || self.units.ascii(self.window, quote - U::WIDTH) == Some(self.grammar.delimiter)
    }

    /// Goes through the quoted cell that opens at `open`.
    fn quoted_cell(&mut self, open: usize) -> Closed {
        let mut at = open + U::WIDTH;
        loop {
            let Some(quote) = self.units.next_quote(self.window, at) else {
                // No quote follows at the end of the file, and none is searched for after the horizon.
                return if self.last || self.cut { Closed::Never } else { Closed::Unknown };
            };
            let after = quote + U::WIDTH;
            match self.units.ascii(self.window, after) {
                Some(b'"') => at = after + U::WIDTH,
                None if !self.last => return Closed::Unknown,
                next => {
                    self.note_lines(open, quote);
                    let proper = next
                        .is_none_or(|next| next == self.grammar.delimiter || matches!(next, b'\n' | b'\r'));
                    if !proper {
                        self.stray.get_or_insert(quote);
                    }
                    // A cell with a line end, closed in the middle of other text: its own closing quote is missing.
                    return if self.multiline.is_some() && self.stray.is_some() {
                        Closed::Never
                    } else {
                        Closed::At(after)
                    };
                }
            }
        }
    }

    /// Remembers the first cell that runs over a line end.
    fn note_lines(&mut self, open: usize, close: usize) {
        if self.multiline.is_none() {
            self.multiline = self.line_end_between(open, close).map(|end| (open, end));
        }
    }

    /// One past the first line end between two offsets.
    fn line_end_between(&self, from: usize, to: usize) -> Option<usize> {
        let mut at = from + U::WIDTH;
        while let Some((special, kind)) = self.units.next_special(&self.window[..to], at) {
            if kind != b'"' {
                // The closing quote comes after it, so CR LF is never cut here.
                return end_of_line(self.units, self.window, special, true);
            }
            at = special + U::WIDTH;
        }
        None
    }

    /// The record seems to end at `end`: accepts that, or finds an unclosed quote.
    fn whole(&self, end: usize) -> Scan {
        let Some((open, line_end)) = self.multiline else {
            let shape = self.stray.map_or(Shape::Quoted, |at| Shape::StrayQuote(self.offset(at)));
            return Scan::Record(Scanned { end, lines: 1, shape });
        };
        if self.stray.is_some() {
            return self.unclosed();
        }
        if self.grammar.by_line {
            return self.ends_unclosed(open, line_end);
        }
        let cells = count_cells(self.units, self.grammar.delimiter, &self.window[self.start..end]);
        if cells != self.grammar.columns && self.next_line_is_a_record(line_end) {
            return self.ends_unclosed(open, line_end);
        }
        let lines = count_lines(self.units, &self.window[self.start..end]);
        Scan::Record(Scanned { end, lines, shape: Shape::Quoted })
    }

    /// Whether the physical line at `start` alone has the usual number of cells.
    fn next_line_is_a_record(&self, start: usize) -> bool {
        let mut at = start;
        let end = loop {
            match self.units.next_special(self.window, at) {
                Some((quote, b'"')) => at = quote + U::WIDTH,
                Some((line_end, _)) => break line_end,
                None => break self.window.len(),
            }
        };
        end > start
            && count_cells(self.units, self.grammar.delimiter, &self.window[start..end])
                == self.grammar.columns
    }

    /// The window ends before the record's end.
    fn undecided(&self) -> Scan {
        if !self.cut {
            return Scan::Incomplete;
        }
        match self.multiline {
            Some((open, line_end)) => self.ends_unclosed(open, line_end),
            None => Scan::BeyondHorizon,
        }
    }

    /// A quote is never closed: it is the first one whose cell contains a line end.
    fn unclosed(&self) -> Scan {
        if let Some((open, line_end)) = self.multiline {
            return self.ends_unclosed(open, line_end);
        }
        let open = self.last_opening();
        match self.line_end_between(open, self.window.len()) {
            Some(line_end) => self.ends_unclosed(open, line_end),
            None if self.cut => Scan::BeyondHorizon,
            None => self.ends_unclosed(open, self.window.len()),
        }
    }

    /// The opening quote of the cell that the window ends in, if no earlier cell contains a line end.
    fn last_opening(&self) -> usize {
        let mut open = self.start;
        let mut at = self.start;
        while let Some(quote) = self.units.next_quote(self.window, at) {
            at = quote + U::WIDTH;
            if !self.begins_cell(quote) {
                continue;
            }
            open = quote;
            // Skip the cell, if it is closed.
            loop {
                let Some(close) = self.units.next_quote(self.window, at) else { return open };
                at = close + U::WIDTH;
                if self.units.ascii(self.window, at) != Some(b'"') {
                    break;
                }
                at += U::WIDTH;
            }
        }
        open
    }

    fn ends_unclosed(&self, open: usize, end: usize) -> Scan {
        let lines = count_lines(self.units, &self.window[self.start..end]);
        Scan::Record(Scanned { end, lines, shape: Shape::UnclosedQuote(self.offset(open)) })
    }

    fn offset(&self, at: usize) -> u32 {
        u32::try_from(at - self.start).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
