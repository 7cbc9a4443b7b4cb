//! Where a record ends. The only place that decides it: everything behind works on the spans found here.
//!
//! A double quote opens a quoted cell only as a cell's first character; doubled inside, it stands for itself
//! (RFC 4180). Two faults need judgement. A quote elsewhere is *stray*: the record still ends at its line's
//! end. A quoted cell that is never closed would swallow the records behind it, so a cell that runs over a
//! line end is believed only if its record looks whole: closed before a delimiter or a line end, without a
//! stray quote, and with the header's number of cells (or at least followed by a line that is no record of
//! its own). Otherwise the quote is *unclosed*, the record ends where its line ends, and reading goes on at
//! the next line: one bad quote costs one record.
//!
//! Cost stays linear: seen from inside a quoted cell an odd run of quotes always closes, and only an odd run
//! opens one, so the look ahead from one fault ends at the next.

use memchr::{memchr, memchr3};

use crate::fault;

/// What the splitter must know of a file.
#[derive(Debug, Clone)]
pub(crate) struct Grammar {
    /// The cells' delimiter, an ASCII character.
    pub(crate) delimiter: u8,
    /// The number of cells in the header.
    pub(crate) columns: usize,
    /// How far the splitter looks for a record's end before it gives up, in bytes.
    pub(crate) horizon: usize,
    /// Lines are not those of the file: each record counts as one.
    pub(crate) by_record: bool,
}

/// How a record's quoting turned out.
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
    /// No end within the horizon; ends at the next line end behind it.
    Endless,
}

/// One record as the scanner found it, in offsets of the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// One past the record's line end.
    pub(crate) end: usize,
    /// The number of physical lines it stands on.
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
    /// The horizon was reached: the record is endless, and its end is still to be found.
    BeyondHorizon,
}

/// How characters stand in the stored bytes: the splitter never decodes.
pub(crate) trait Units: Copy + Sync {
    /// Bytes of one code unit.
    const WIDTH: usize;
    /// Whether a record is a line with nothing on it.
    fn is_blank(self, record: &[u8]) -> bool {
        record.len() <= 2 * Self::WIDTH
            && matches!(self.ascii(record, 0), Some(b'\n' | b'\r'))
            && end_of_line(self, record, 0, true) == Some(record.len())
    }
    /// The next quote, line feed or carriage return at or behind `from`, and which it is.
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)>;
    /// The next quote at or behind `from`.
    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize>;
    /// The ASCII character at `at`; 0xFF for any other, `None` where the bytes end.
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8>;
}

/// One byte a unit: UTF-8 and the single-byte encodings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Narrow;

impl Units for Narrow {
    const WIDTH: usize = 1;

    #[inline]
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        memchr3(b'"', b'\n', b'\r', bytes.get(from..)?).map(|i| (from + i, bytes[from + i]))
    }

    #[inline]
    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize> {
        memchr(b'"', bytes.get(from..)?).map(|i| from + i)
    }

    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        bytes.get(at).copied()
    }
}

/// Lines of NDJSON: they end at a line feed, whatever else is in them, and white space alone is nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

impl Units for Lines {
    const WIDTH: usize = 1;

    fn is_blank(self, record: &[u8]) -> bool {
        record.trim_ascii().is_empty()
    }

    #[inline]
    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        memchr(b'\n', bytes.get(from..)?).map(|i| (from + i, b'\n'))
    }

    fn next_quote(self, _bytes: &[u8], _from: usize) -> Option<usize> {
        None
    }

    #[inline]
    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        bytes.get(at).copied()
    }
}

/// Two bytes a unit: UTF-16.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    /// Whether the more significant byte comes first.
    pub(crate) big_endian: bool,
}

impl Units for Wide {
    const WIDTH: usize = 2;

    fn next_special(self, bytes: &[u8], from: usize) -> Option<(usize, u8)> {
        let (low, high) = if self.big_endian { (1, 0) } else { (0, 1) };
        bytes
            .get(from..)?
            .chunks_exact(2)
            .position(|unit| unit[high] == 0 && matches!(unit[low], b'"' | b'\n' | b'\r'))
            .map(|i| (from + 2 * i, bytes[from + 2 * i + low]))
    }

    fn next_quote(self, bytes: &[u8], from: usize) -> Option<usize> {
        let mut from = from;
        loop {
            match self.next_special(bytes, from)? {
                (at, b'"') => return Some(at),
                (at, _) => from = at + 2,
            }
        }
    }

    fn ascii(self, bytes: &[u8], at: usize) -> Option<u8> {
        let unit = bytes.get(at..at + 2)?;
        let (low, high) = if self.big_endian { (unit[1], unit[0]) } else { (unit[0], unit[1]) };
        Some(if high == 0 && low < 0x80 { low } else { 0xFF })
    }
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
    // The common record has no quote: one search, and the line end is found.
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
    /// A record longer than the horizon is endless even if its end happens to be in the buffer already.
    fn within(self, grammar: &Grammar, start: usize) -> Self {
        match self {
            Self::Record(Scanned { end, shape: Shape::Plain, .. }) if end - start > grammar.horizon => {
                Self::BeyondHorizon
            }
            other => other,
        }
    }
}

/// One past the line end that begins at `at`; `None` where the buffer ends between CR and a possible LF.
#[inline]
pub(crate) fn end_of_line<U: Units>(units: U, bytes: &[u8], at: usize, last: bool) -> Option<usize> {
    let behind = at + U::WIDTH;
    if units.ascii(bytes, at) != Some(b'\r') {
        return Some(behind);
    }
    match units.ascii(bytes, behind) {
        Some(b'\n') => Some(behind + U::WIDTH),
        None if !last => None,
        _ => Some(behind),
    }
}

/// The slow path: a record with quotes.
struct Scanner<'a, U> {
    units: U,
    grammar: &'a Grammar,
    /// The buffer up to the record's horizon: nothing behind it may sway a decision.
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

/// What stands behind a quoted cell.
enum Closed {
    /// The cell is closed; the scan goes on here.
    At(usize),
    /// Never closed within the window.
    Never,
    /// The window ends before this can be said.
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
                    Closed::At(behind) => at = behind,
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
                // At the file's end no quote can follow any more; at the horizon none is looked for.
                return if self.last || self.cut { Closed::Never } else { Closed::Unknown };
            };
            let behind = quote + U::WIDTH;
            match self.units.ascii(self.window, behind) {
                Some(b'"') => at = behind + U::WIDTH,
                None if !self.last => return Closed::Unknown,
                next => {
                    self.note_lines(open, quote);
                    let proper = next
                        .is_none_or(|next| next == self.grammar.delimiter || matches!(next, b'\n' | b'\r'));
                    if !proper {
                        self.stray.get_or_insert(quote);
                    }
                    // A cell that ran over a line end into rubbish was never closed where it should be.
                    return if self.multiline.is_some() && self.stray.is_some() {
                        Closed::Never
                    } else {
                        Closed::At(behind)
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
                // The closing quote stands behind, so CR LF is never cut here.
                return end_of_line(self.units, self.window, special, true);
            }
            at = special + U::WIDTH;
        }
        None
    }

    /// The record ends properly at `end`; is it to be believed?
    fn whole(&self, end: usize) -> Scan {
        let Some((open, line_end)) = self.multiline else {
            let shape = self.stray.map_or(Shape::Quoted, |at| Shape::StrayQuote(self.offset(at)));
            return Scan::Record(Scanned { end, lines: 1, shape });
        };
        if self.stray.is_some() {
            return self.unclosed();
        }
        let cells = count_cells(self.units, self.grammar.delimiter, &self.window[self.start..end]);
        if cells != self.grammar.columns && self.next_line_is_a_record(line_end) {
            return self.ends_unclosed(open, line_end);
        }
        let lines = count_lines(self.units, &self.window[self.start..end]);
        Scan::Record(Scanned { end, lines, shape: Shape::Quoted })
    }

    /// Whether the physical line at `start` has the header's number of cells all by itself.
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

    /// A quote is never closed: the first one whose cell leaves its line.
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

    /// The opening quote of the cell that the window ends in, where no earlier cell leaves its line.
    fn last_opening(&self) -> usize {
        let mut open = self.start;
        let mut at = self.start;
        while let Some(quote) = self.units.next_quote(self.window, at) {
            at = quote + U::WIDTH;
            if !self.begins_cell(quote) {
                continue;
            }
            open = quote;
            // Skip the cell, if it is closed at all.
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

/// The number of cells of a record, quoting taken into account.
pub(crate) fn count_cells<U: Units>(units: U, delimiter: u8, record: &[u8]) -> usize {
    let mut cells = 1;
    let mut quoted = false;
    let mut first = true;
    let mut at = 0;
    while let Some(char) = units.ascii(record, at) {
        if quoted {
            if char == b'"' {
                if units.ascii(record, at + U::WIDTH) == Some(b'"') {
                    at += U::WIDTH;
                } else {
                    quoted = false;
                }
            }
        } else if char == b'"' && first {
            quoted = true;
        }
        first = !quoted && char == delimiter;
        cells += usize::from(first);
        at += U::WIDTH;
    }
    cells
}

/// The number of physical lines that a record stands on; a line end at its very end begins no new one.
pub(crate) fn count_lines<U: Units>(units: U, record: &[u8]) -> u32 {
    let mut lines = 0;
    let mut at = 0;
    let mut end = 0;
    while let Some((special, kind)) = units.next_special(record, at) {
        at = special + U::WIDTH;
        if kind != b'"' {
            at = end_of_line(units, record, special, true).unwrap_or(at);
            end = at;
            lines += 1;
        }
    }
    lines + u32::from(end < record.len())
}

#[cfg(test)]
#[path = "split_tests.rs"]
mod tests;
