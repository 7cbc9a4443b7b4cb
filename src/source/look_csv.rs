//! The look at CSV: the delimiter and the header.
//!
//! The prefix is split with each possible delimiter, and the header is searched for: the first record on the first
//! ten lines that fits an entity (see [`Fit`]), else the first record that is not blank. The delimiters are then
//! ranked by whether the header fits, by the number of fields that it names, by how many of up to a thousand records
//! have as many cells as the header, and by the number of those cells. Two delimiters with the same rank and more
//! than one cell are an error.

use super::dialect::{self, DELIMITERS, Sampled, Sampler, delimiter_name};
use super::entity::Fit;
use super::looker::Looker;
use super::{Encoding, FileFormat, LineEnd, Look, Opening, SourceError, Surplus, header, magic};
use crate::record::Code;

/// How many records are counted to find the delimiter.
const SAMPLE: usize = 1000;
/// The last line on which a header is searched for.
const LAST_HEADER_LINE: u64 = 10;

/// The result for one delimiter.
struct Attempt {
    delimiter: u8,
    header: Sampled,
    cells: Vec<String>,
    fits: Vec<Fit>,
    rank: Rank,
}

/// What decides between delimiters; the most important field comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    fits: bool,
    fields: usize,
    /// Records in a thousand that have as many cells as the header.
    alike: usize,
    cells: usize,
}

/// The prefix of a file, to be split.
struct Prefix<'l> {
    looker: &'l Looker<'l>,
    /// One byte for each code unit after the byte order marks.
    text: &'l [u8],
    /// The first unit after a `sep=` line.
    start: usize,
    /// Its physical line.
    first_line: u64,
}

pub(super) fn look(mut looker: Looker<'_>) -> Result<Look, SourceError> {
    let text = dialect::shadow(&looker.prefix[looker.bom_len..], looker.encoding);
    let sep_line = dialect::sep_line(&text);
    if let Some((delimiter, _)) = sep_line {
        looker.notes.push(format!("line 1 says that the delimiter is the {}", delimiter_name(delimiter)));
    }
    let (start, first_line) = sep_line.map_or((0, 1), |(_, len)| (len, 2));
    let prefix = Prefix { looker: &looker, text: &text, start, first_line };
    let given = looker.options.delimiter.or(sep_line.map(|(delimiter, _)| delimiter));
    let candidates = given.map_or_else(|| DELIMITERS.to_vec(), |one| vec![one]);
    let attempts: Vec<Attempt> =
        candidates.into_iter().filter_map(|delimiter| prefix.attempt(delimiter)).collect();
    if attempts.iter().all(|attempt| attempt.rank.fields == 0) && magic::mostly_control(&text) {
        let message = "many control characters and no header; this is not text in any known encoding";
        return looker.refuse(Code::NotText, message.to_owned());
    }
    let Some(attempt) = prefix.choose(attempts)? else {
        return looker.refuse(Code::EmptyFile, "the file has no header; check the transfer".to_owned());
    };
    if !attempt.header.is_closed() && !looker.is_whole {
        let (name, line, limit) = (looker.source.name().to_owned(), attempt.header.line, looker.prefix.len());
        return Err(SourceError::EndlessHeader { name, line, limit });
    }
    let entity = looker.decide_entity(&attempt.fits)?;
    let skipped = prefix.skipped(&attempt.header, attempt.delimiter, entity);
    let extra = prefix.extra(&attempt);
    let apostrophes = prefix.in_apostrophes(&attempt);
    let opening = prefix.opening(attempt);
    if !looker.encoding_certain && looker.encoding != Encoding::Utf8 {
        let name = looker.encoding.name();
        looker.notes.push(format!("is read as {name}; use --encoding if that is wrong"));
    }
    looker.notes.extend(skipped.into_iter().chain(apostrophes));
    Ok(Look { extra, ..looker.conclude(entity, opening) })
}

impl Prefix<'_> {
    /// Splits the prefix with one delimiter, finds the header and counts.
    fn attempt(&self, delimiter: u8) -> Option<Attempt> {
        let mut first: Option<(Sampled, Vec<String>, Vec<Fit>)> = None;
        for record in Sampler::new(self.text, delimiter, self.start, self.first_line) {
            if record.line >= LAST_HEADER_LINE + self.first_line && first.is_some() {
                break;
            }
            let cells = self.cells(&record);
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let fits = self.looker.fits(&cells);
            let fitting = fits.iter().any(|fit| fit.fits);
            if first.is_none() || fitting {
                first = Some((record, cells, fits));
            }
            if fitting {
                break;
            }
        }
        let (header, cells, fits) = first?;
        let best = fits.iter().max().copied().unwrap_or_default();
        let records = Sampler::new(self.text, delimiter, header.end, header.line + 1);
        let alike = self.alike(records, header.cells.len());
        let rank = Rank { fits: best.fits, fields: best.fields, alike, cells: header.cells.len() };
        Some(Attempt { delimiter, header, cells, fits, rank })
    }

    /// How many records in a thousand have `wanted` cells.
    fn alike(&self, records: Sampler<'_>, wanted: usize) -> usize {
        let (mut all, mut alike) = (0, 0);
        for record in self.whole(records) {
            all += 1;
            alike += usize::from(record.cells.len() == wanted);
        }
        (alike * 1000_usize).checked_div(all).unwrap_or(1000)
    }

    /// The sampled records that are not blank; the last one of a prefix may be cut off.
    fn whole(&self, records: Sampler<'_>) -> impl Iterator<Item = Sampled> {
        let is_cut = |record: &Sampled| record.end == self.text.len() && !self.looker.is_whole;
        records.filter(|record| !record.is_blank()).take(SAMPLE).take_while(move |record| !is_cut(record))
    }

    /// The empty cells that nearly every sampled record has beyond the header.
    fn extra(&self, attempt: &Attempt) -> usize {
        let Attempt { delimiter, header, .. } = attempt;
        let (mut surplus, mut all) = (Surplus::default(), 0);
        for record in self.whole(Sampler::new(self.text, *delimiter, header.end, header.line + 1)) {
            all += 1;
            let beyond = record.cells.get(header.cells.len()..).unwrap_or_default();
            if !beyond.is_empty() && beyond.iter().all(|cell| self.text[cell.clone()].trim_ascii().is_empty())
            {
                surplus.note(beyond.len());
            }
        }
        surplus.usual(all)
    }

    /// Says which columns seem to have apostrophes for quotes: nearly all of their sampled texts are in a pair, or
    /// have one half of it, if the text between holds the delimiter.
    fn in_apostrophes(&self, attempt: &Attempt) -> Option<String> {
        let Attempt { delimiter, header, cells: names, .. } = attempt;
        // Per column: texts, those with an apostrophe at either end, those with one at both.
        let mut counts = vec![[0_usize; 3]; names.len()];
        let records = self.whole(Sampler::new(self.text, *delimiter, header.end, header.line + 1));
        for record in std::iter::once(header.clone()).chain(records) {
            for (cell, counts) in record.cells.iter().zip(&mut counts) {
                let text = self.text[cell.clone()].trim_ascii();
                let [first, last] = [text.first(), text.last()].map(|end| end == Some(&b'\''));
                let both = first && last && text.len() > 1;
                // A name in the header is no text of the column; in apostrophes, it is evidence.
                let is_text = !text.is_empty() && (both || record.start != header.start);
                for (count, is) in counts.iter_mut().zip([is_text, is_text && (first || last), both]) {
                    *count += usize::from(is);
                }
            }
        }
        let is_quoted =
            |[texts, either, both]: &[usize; 3]| *both > 1 && either * 10 >= texts * 9 && both * 2 >= *either;
        let columns: Vec<&str> = names
            .iter()
            .zip(&counts)
            .filter(|(_, counts)| is_quoted(counts))
            .map(|(name, _)| name.as_str())
            .collect();
        if columns.is_empty() {
            return None;
        }
        let columns = columns.join(", ");
        Some(format!(
            "the texts of {columns} are in apostrophes, which are read as parts of the texts; quotes are double quotes: \
             save the file with those"
        ))
    }

    /// The cells of a record, cleaned like those of a header.
    fn cells(&self, record: &Sampled) -> Vec<String> {
        let Looker { encoding, prefix, bom_len, .. } = self.looker;
        let cell = |cell: &std::ops::Range<usize>| {
            let quoted = self.text[cell.clone()].trim_ascii_end();
            let is_quoted = quoted.len() >= 2 && quoted.starts_with(b"\"") && quoted.ends_with(b"\"");
            let range = if is_quoted { cell.start + 1..cell.start + quoted.len() - 1 } else { cell.clone() };
            let unit = encoding.unit();
            let decoded =
                encoding.decode_lossy(&prefix[bom_len + range.start * unit..bom_len + range.end * unit]);
            header::clean_name(&if is_quoted { decoded.replace("\"\"", "\"") } else { decoded })
        };
        record.cells.iter().map(cell).collect()
    }

    fn choose(&self, attempts: Vec<Attempt>) -> Result<Option<Attempt>, SourceError> {
        let Some(best) = attempts.iter().map(|attempt| attempt.rank).max() else { return Ok(None) };
        let mut equal = attempts.into_iter().filter(|attempt| attempt.rank == best);
        let first = equal.next();
        if let (Some(first), Some(second)) = (&first, equal.next())
            && best.cells > 1
        {
            return Err(SourceError::DelimiterTie {
                name: self.looker.source.name().to_owned(),
                one: delimiter_name(first.delimiter),
                other: delimiter_name(second.delimiter),
            });
        }
        Ok(first)
    }

    /// Says which lines before the header were skipped, if they hold anything.
    fn skipped(&self, header: &Sampled, delimiter: u8, entity: usize) -> Option<String> {
        let is_empty = |unit: &u8| unit.is_ascii_whitespace() || *unit == delimiter;
        if self.text[self.start..header.start].iter().all(is_empty) {
            return None;
        }
        let (first, last) = (self.first_line, header.line - 1);
        let lines = if last == first { format!("line {last}") } else { format!("lines {first} to {last}") };
        let entity = &self.looker.schema.entities[entity].name;
        Some(format!("skipped {lines}: the header of {entity} is in line {}", header.line))
    }

    fn opening(&self, attempt: Attempt) -> Opening {
        let Looker { encoding, encoding_certain, bom_len, .. } = *self.looker;
        let Attempt { delimiter, header, cells, .. } = attempt;
        let offset = |unit: usize| (bom_len + unit * encoding.unit()) as u64;
        let line_end = match &self.text[header.line_end..header.end] {
            b"\r\n" => LineEnd::CrLf,
            b"\r" => LineEnd::Cr,
            _ => LineEnd::Lf,
        };
        Opening {
            format: FileFormat::Csv,
            encoding,
            encoding_certain,
            bom_len: bom_len as u64,
            delimiter,
            header: cells,
            header_start: offset(header.start),
            header_line: header.line,
            data_start: offset(header.end),
            data_line: Sampler::new(self.text, delimiter, header.start, header.line).line_after_first(),
            line_end,
        }
    }
}
