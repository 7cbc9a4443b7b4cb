//! The look at a file before its records are read: from a prefix to everything the reader must know.
//!
//! For each delimiter that comes into question the prefix is split and the header looked for: the first
//! record that fits an entity (see [`Fit`]) among those that begin on the first ten lines, else the first
//! record that is not blank. The delimiters are then ranked by whether the header fits, by how many fields it
//! names, by how many of up to a thousand records have as many cells as the header, and by the number of
//! those cells. Two that are equal in all of this, with more than one cell, are an error.

mod objects;

use super::dialect::{self, DELIMITERS, Sampled, Sampler, delimiter_name};
use super::entity::{self, Fit, by_file_name, by_header};
use super::header::{self, CHANGE_COLUMN, Mapping, Matched, Names, file_finding};
use super::{Encoding, FileFormat, LineEnd, Look, LookOptions, Opening, Source, SourceError, magic};
use crate::record::{Code, Finding, Location};
use crate::schema::Schema;

/// How much of a file is looked at.
const PREFIX: usize = 1024 * 1024;
/// How many records are counted to find the delimiter.
const SAMPLE: usize = 1000;
/// The last line on which a header is looked for.
const LAST_HEADER_LINE: u64 = 10;

/// Looks at a file. `entity` is what the command line says it holds.
///
/// # Errors
///
/// The file cannot be read, two delimiters explain it equally well, or nothing says what it holds.
pub(crate) fn look(
    source: &Source,
    schema: &Schema,
    entity: Option<usize>,
    options: &LookOptions<'_>,
) -> Result<Look, SourceError> {
    let prefix = source.prefix(PREFIX)?;
    let looker = Looker::new(source, schema, entity, options, &prefix);
    if let Some(what) = magic::not_text(&prefix) {
        return looker.refuse(Code::NotText, format!("this is {what}, not text; save it as CSV"));
    }
    match options.format.unwrap_or_else(|| FileFormat::told(source.name(), &prefix)) {
        FileFormat::Ndjson => looker.look_at_objects(),
        FileFormat::Csv | FileFormat::Parquet => looker.look(),
    }
}

/// Concludes about a table whose columns have these `names`: what it holds, and which column feeds which field. Its
/// rows stand as CSV behind the first `header_len` bytes.
///
/// # Errors
///
/// Nothing says what it holds.
pub(crate) fn look_at_columns(
    source: &Source,
    schema: &Schema,
    entity: Option<usize>,
    options: &LookOptions<'_>,
    names: Vec<String>,
    header_len: u64,
) -> Result<Look, SourceError> {
    let options = LookOptions { encoding: Some(Encoding::Utf8), ..*options };
    Looker::new(source, schema, entity, &options, b"").conclude_columns(
        names,
        FileFormat::Parquet,
        header_len,
    )
}

/// One look under way.
struct Looker<'a> {
    source: &'a Source,
    schema: &'a Schema,
    /// As named by the command line or the file's name.
    entity: Option<usize>,
    options: &'a LookOptions<'a>,
    prefix: &'a [u8],
    /// The prefix is the whole stream.
    is_whole: bool,
    encoding: Encoding,
    encoding_certain: bool,
    bom_len: usize,
    names: Vec<Names<'a>>,
    notes: Vec<String>,
}

/// One delimiter tried.
struct Attempt {
    delimiter: u8,
    header: Sampled,
    cells: Vec<String>,
    fits: Vec<Fit>,
    rank: Rank,
}

/// What decides between delimiters; the fields are in the order of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    fits: bool,
    fields: usize,
    /// Records in a thousand that have as many cells as the header.
    alike: usize,
    cells: usize,
}

impl<'a> Looker<'a> {
    fn new(
        source: &'a Source,
        schema: &'a Schema,
        entity: Option<usize>,
        options: &'a LookOptions<'a>,
        prefix: &'a [u8],
    ) -> Self {
        let is_whole = prefix.len() as u64 == source.len();
        let mark = Encoding::of_mark(prefix);
        let encoding = options.encoding.or(mark).unwrap_or_else(|| Encoding::guess(prefix, is_whole));
        let mut notes = Vec::new();
        if let (Some(given), Some(mark)) = (options.encoding, mark)
            && given != mark
        {
            notes.push(format!(
                "the file begins with the byte order mark of {}, but is read as {}, as --encoding says",
                mark.name(),
                given.name()
            ));
        }
        if let Some(compression) = source.compression() {
            notes.push(format!(
                "the file is compressed ({compression}); positions are those of its decompressed content"
            ));
        }
        Self {
            source,
            schema,
            entity: entity.or_else(|| by_file_name(source.name(), schema)),
            options,
            prefix,
            is_whole,
            encoding,
            encoding_certain: options.encoding.is_some() || mark.is_some(),
            bom_len: encoding.marks(prefix),
            names: schema.entities.iter().map(|entity| Names::new(entity, options.maps)).collect(),
            notes,
        }
    }

    fn look(mut self) -> Result<Look, SourceError> {
        let text = dialect::shadow(&self.prefix[self.bom_len..], self.encoding);
        let (given, start) = match dialect::sep_line(&text) {
            Some((delimiter, len)) => {
                self.notes
                    .push(format!("line 1 says that the delimiter is the {}", delimiter_name(delimiter)));
                (self.options.delimiter.or(Some(delimiter)), len)
            }
            None => (self.options.delimiter, 0),
        };
        let candidates = given.map_or_else(|| DELIMITERS.to_vec(), |one| vec![one]);
        let attempts: Vec<Attempt> =
            candidates.into_iter().filter_map(|delimiter| self.attempt(&text, delimiter, start)).collect();
        if attempts.iter().all(|attempt| attempt.rank.fields == 0) && magic::mostly_control(&text) {
            let message = "many control characters and no header; this is no text in any known encoding";
            return self.refuse(Code::NotText, message.to_owned());
        }
        let Some(attempt) = self.choose(attempts)? else {
            return self.refuse(Code::EmptyFile, "the file has no header; check the transfer".to_owned());
        };
        if !attempt.header.is_closed() && !self.is_whole {
            let name = self.source.name().to_owned();
            return Err(SourceError::EndlessHeader { name, line: attempt.header.line, limit: PREFIX });
        }
        self.conclude(&text, start, attempt)
    }

    /// Splits the prefix with one delimiter, finds the header and counts.
    fn attempt(&self, text: &[u8], delimiter: u8, start: usize) -> Option<Attempt> {
        let first_line = if start == 0 { 1 } else { 2 };
        let mut first: Option<(Sampled, Vec<String>, Vec<Fit>)> = None;
        for record in Sampler::new(text, delimiter, start, first_line) {
            if record.line >= LAST_HEADER_LINE + first_line && first.is_some() {
                break;
            }
            let cells = self.cells(text, &record);
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let fits = self.fits(&cells);
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
        let line = header.line + 1;
        let alike =
            self.alike(Sampler::new(text, delimiter, header.end, line), header.cells.len(), text.len());
        let rank = Rank { fits: best.fits, fields: best.fields, alike, cells: header.cells.len() };
        Some(Attempt { delimiter, header, cells, fits, rank })
    }

    /// How many records in a thousand have `wanted` cells. The last record of a prefix may be cut off.
    fn alike(&self, records: Sampler<'_>, wanted: usize, end: usize) -> usize {
        let (mut all, mut alike) = (0, 0);
        for record in records.filter(|record| !record.is_blank()).take(SAMPLE) {
            if record.end == end && !self.is_whole {
                break;
            }
            all += 1;
            alike += usize::from(record.cells.len() == wanted);
        }
        (alike * 1000_usize).checked_div(all).unwrap_or(1000)
    }

    fn fits(&self, cells: &[String]) -> Vec<Fit> {
        let every = self.schema.entities.iter().zip(&self.names).enumerate();
        let wanted = |index: usize| self.entity.is_none_or(|entity| entity == index);
        every
            .map(
                |(index, (entity, names))| {
                    if wanted(index) { entity::fit(cells, entity, names) } else { Fit::default() }
                },
            )
            .collect()
    }

    /// The cells of a record, cleaned as a header's are.
    fn cells(&self, text: &[u8], record: &Sampled) -> Vec<String> {
        record
            .cells
            .iter()
            .map(|cell| {
                let quoted = text[cell.clone()].trim_ascii_end();
                let is_quoted = quoted.len() >= 2 && quoted.starts_with(b"\"") && quoted.ends_with(b"\"");
                let range =
                    if is_quoted { cell.start + 1..cell.start + quoted.len() - 1 } else { cell.clone() };
                let unit = self.encoding.unit();
                let bytes = &self.prefix[self.bom_len + range.start * unit..self.bom_len + range.end * unit];
                let decoded = self.encoding.decode_lossy(bytes);
                header::clean_name(&if is_quoted { decoded.replace("\"\"", "\"") } else { decoded })
            })
            .collect()
    }

    fn choose(&self, attempts: Vec<Attempt>) -> Result<Option<Attempt>, SourceError> {
        let Some(best) = attempts.iter().map(|attempt| attempt.rank).max() else { return Ok(None) };
        let mut equal = attempts.into_iter().filter(|attempt| attempt.rank == best);
        let first = equal.next();
        if let (Some(first), Some(second)) = (&first, equal.next())
            && best.cells > 1
        {
            return Err(SourceError::DelimiterTie {
                name: self.source.name().to_owned(),
                one: delimiter_name(first.delimiter),
                other: delimiter_name(second.delimiter),
            });
        }
        Ok(first)
    }

    fn conclude(mut self, text: &[u8], start: usize, attempt: Attempt) -> Result<Look, SourceError> {
        let entity = match self.entity {
            Some(entity) => entity,
            None => by_header(self.source.name(), &attempt.fits, self.schema)?,
        };
        if !self.encoding_certain && self.encoding != Encoding::Utf8 {
            let name = self.encoding.name();
            self.notes.push(format!("is read as {name}; say --encoding if it is another one"));
        }
        let Attempt { delimiter, header, cells, .. } = attempt;
        let first_line = if start == 0 { 1 } else { 2 };
        if header.line > first_line && !text[start..header.start].trim_ascii().is_empty() {
            let last = header.line - 1;
            let lines = if last == first_line {
                format!("line {last}")
            } else {
                format!("lines {first_line} to {last}")
            };
            self.notes.push(format!(
                "skipped {lines}: the header of {} is in line {}",
                self.schema.entities[entity].name, header.line
            ));
        }
        let matched = self.matched(&cells, entity);
        let opening = self.opening(text, delimiter, &header, cells);
        Ok(Look {
            opening,
            entity,
            mapping: matched.mapping,
            change_column: matched.change_column,
            findings: matched.findings,
            notes: self.notes,
        })
    }

    /// The header held against an entity, and what it says about changes against what was asked for.
    fn matched(&self, names: &[String], entity: usize) -> Matched {
        let place = self.place();
        let mut matched = header::match_header(names, &self.names[entity], place);
        if matched.change_column.is_some() && !self.options.changes {
            let message =
                "these are the changes of an export, not rows to import; use import --apply-changes";
            matched.findings.push(file_finding(place, Code::ChangesFile, message));
            matched.findings.sort_by_key(Finding::sort_key);
        }
        if matched.change_column.is_none() && self.options.changes {
            let message = format!(
                "the file has no column {CHANGE_COLUMN}, so it lists no changes; import it without --apply-changes"
            );
            matched.findings.push(file_finding(place, Code::MissingColumn, message));
            matched.findings.sort_by_key(Finding::sort_key);
        }
        matched
    }

    fn opening(&self, text: &[u8], delimiter: u8, header: &Sampled, cells: Vec<String>) -> Opening {
        let offset = |unit: usize| (self.bom_len + unit * self.encoding.unit()) as u64;
        let line_end = match &text[header.line_end..header.end] {
            b"\r\n" => LineEnd::CrLf,
            b"\r" => LineEnd::Cr,
            _ => LineEnd::Lf,
        };
        let lines = Sampler::new(text, delimiter, header.start, header.line);
        Opening {
            format: FileFormat::Csv,
            encoding: self.encoding,
            encoding_certain: self.encoding_certain,
            bom_len: self.bom_len as u64,
            delimiter,
            header: cells,
            header_start: offset(header.start),
            header_line: header.line,
            data_start: offset(header.end),
            data_line: lines.line_behind_first(),
            line_end,
        }
    }

    fn place(&self) -> Location {
        Location::whole_file(self.options.file, self.source.len())
    }

    /// There are no records to read: a finding, where an entity is known that it can be counted to.
    fn refuse(self, code: Code, message: String) -> Result<Look, SourceError> {
        let Some(entity) = self.entity else {
            return Err(SourceError::Nothing { name: self.source.name().to_owned(), what: message });
        };
        let end = self.source.len();
        let findings = vec![file_finding(self.place(), code, message)];
        Ok(Look {
            opening: Opening {
                format: FileFormat::Csv,
                encoding: self.encoding,
                encoding_certain: true,
                bom_len: self.bom_len as u64,
                delimiter: self.options.delimiter.unwrap_or(b','),
                header: Vec::new(),
                header_start: end,
                header_line: 1,
                data_start: end,
                data_line: 1,
                line_end: LineEnd::default(),
            },
            entity,
            mapping: Mapping::default(),
            change_column: None,
            findings,
            notes: self.notes,
        })
    }
}
