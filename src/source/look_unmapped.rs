//! The look at a file of which nobody has said what it holds: delimiter and header by shape, and by how many names are
//! known to the caller. The usual look knows the entities' own names alone, and reads a foreign header no better than
//! any other line.

use super::dialect::{self, DELIMITERS, Sampled, Sampler, delimiter_name};
use super::keys::Keys;
use super::{Encoding, FileFormat, LineEnd, LookOptions, Opening, Source, SourceError, header, magic};

/// How much of a file is looked at.
const PREFIX: usize = 1024 * 1024;
/// How many records are compared.
const SAMPLE: usize = 500;
/// Among how many first records the header is searched for.
const HEADER_AMONG: usize = 30;

/// Finds how a file is read. `known` says whether a name could be that of a column.
/// Errors: the file cannot be read, is no text, or has no header.
pub(crate) fn look_unmapped(
    source: &Source,
    options: &LookOptions<'_>,
    known: &dyn Fn(&str) -> bool,
) -> Result<Opening, SourceError> {
    let encoding = options.encoding;
    let prefix = source.prefix(PREFIX)?;
    let nothing = |what: String| SourceError::Nothing { name: source.name().to_owned(), what };
    let format = FileFormat::detect(source.name(), &prefix);
    if let Some((what, advice)) = magic::not_text(&prefix) {
        return Err(nothing(format!("this is {what}, which muster init does not read; {advice}")));
    }
    let is_whole = prefix.len() as u64 == source.len();
    let mark = Encoding::of_mark(&prefix);
    let found = encoding.or(mark).unwrap_or_else(|| Encoding::guess(&prefix, is_whole));
    let is_certain = encoding.is_some() || mark.is_some();
    if format == FileFormat::Ndjson {
        return objects(source, &prefix, options);
    }
    let bom_len = found.marks(&prefix);
    let text = dialect::shadow(&prefix[bom_len..], found);
    let sep_line = dialect::sep_line(&text);
    let (start, first_line) = sep_line.map_or((0, 1), |(_, len)| (len, 2));
    let page = Page { text: &text, bytes: &prefix[bom_len..], encoding: found, start, first_line, is_whole };
    let candidates = sep_line.map_or_else(|| DELIMITERS.to_vec(), |(one, _)| vec![one]);
    let attempts: Vec<Attempt> = candidates.iter().filter_map(|one| page.attempt(*one, known)).collect();
    let best = attempts.into_iter().reduce(|best, next| if next.rank > best.rank { next } else { best });
    let Some(Attempt { delimiter, header, names, .. }) = best else {
        return Err(nothing("the file has no header; check the transfer".to_owned()));
    };
    if magic::mostly_control(&text) {
        return Err(nothing("many control characters; this is not text in any known encoding".to_owned()));
    }
    if !header.is_closed() && !is_whole {
        let (name, line) = (source.name().to_owned(), header.line);
        return Err(SourceError::EndlessHeader { name, line, limit: prefix.len() });
    }
    if !names.iter().any(|name| known(name)) && names.iter().any(|name| is_value(name)) {
        let what = format!(
            "line {} looks like a row and not like a header ({} columns, {} as delimiter); put a line with the \
             columns' names above it",
            header.line,
            names.len(),
            delimiter_name(delimiter)
        );
        return Err(nothing(what));
    }
    let offset = |unit: usize| (bom_len + unit * found.unit()) as u64;
    Ok(Opening {
        format: FileFormat::Csv,
        encoding: found,
        encoding_certain: is_certain,
        bom_len: bom_len as u64,
        delimiter,
        header: names,
        header_start: offset(header.start),
        header_line: header.line,
        data_start: offset(header.end),
        data_line: Sampler::new(&text, delimiter, header.start, header.line).line_after_first(),
        line_end: LineEnd::default(),
    })
}

/// Whether a name in a header is one that only a row has: an address, a number of three digits or more.
fn is_value(name: &str) -> bool {
    name.contains('@') || name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn objects(source: &Source, prefix: &[u8], options: &LookOptions<'_>) -> Result<Opening, SourceError> {
    let bom_len = Encoding::Utf8.marks(prefix) as u64;
    let keys = Keys::all(source, bom_len, options)?;
    let name = source.name().to_owned();
    if keys.too_many {
        return Err(SourceError::ManyKeys { name });
    }
    if keys.objects == 0 {
        return Err(SourceError::Nothing {
            name,
            what: "no line is a JSON object; write one a line".to_owned(),
        });
    }
    Ok(Opening {
        format: FileFormat::Ndjson,
        encoding: Encoding::Utf8,
        encoding_certain: true,
        bom_len,
        delimiter: b',',
        header: keys.names(),
        header_start: bom_len,
        header_line: 1,
        data_start: bom_len,
        data_line: 1,
        line_end: LineEnd::default(),
    })
}

/// The beginning of a file, to be split.
struct Page<'p> {
    /// One byte for each code unit after the byte order marks.
    text: &'p [u8],
    bytes: &'p [u8],
    encoding: Encoding,
    start: usize,
    first_line: u64,
    is_whole: bool,
}

/// The result for one delimiter.
struct Attempt {
    delimiter: u8,
    header: Sampled,
    names: Vec<String>,
    rank: Rank,
}

/// What decides between delimiters; the most important field comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Columns with a known name.
    known: usize,
    /// There are several columns, and nearly all records have as many.
    is_table: bool,
    /// Records in a thousand that have as many cells as the header.
    alike: usize,
    cells: usize,
}

impl Page<'_> {
    fn attempt(&self, delimiter: u8, known: &dyn Fn(&str) -> bool) -> Option<Attempt> {
        let is_cut = |record: &Sampled| record.end == self.text.len() && !self.is_whole;
        let records: Vec<Sampled> = Sampler::new(self.text, delimiter, self.start, self.first_line)
            .filter(|record| record.cells.iter().any(|cell| !self.text[cell.clone()].trim_ascii().is_empty()))
            .take(SAMPLE)
            .take_while(|record| record.line == self.first_line || !is_cut(record))
            .collect();
        let names: Vec<Vec<String>> =
            records.iter().take(HEADER_AMONG).map(|record| self.names(record)).collect();
        let hits: Vec<usize> = names
            .iter()
            .map(|cells| cells.iter().filter(|cell| !cell.is_empty() && known(cell)).count())
            .collect();
        let most = *hits.iter().max()?;
        let width = usual_width(&records);
        // A line with a single known word may be a title.
        let at = if most > 1 || width == 1 && most == 1 {
            hits.iter().position(|hits| *hits == most)?
        } else {
            names.iter().position(|cells| cells.len() >= width)?
        };
        let rows = records.len() - at - 1;
        let alike = records[at + 1..].iter().filter(|row| row.cells.len() == names[at].len()).count();
        let alike = (alike * 1000).checked_div(rows).unwrap_or(1000);
        let cells = names[at].len();
        let rank = Rank { known: hits[at], is_table: cells > 1 && alike >= 800, alike, cells };
        Some(Attempt { delimiter, header: records[at].clone(), names: names[at].clone(), rank })
    }

    /// The cells of a record, cleaned like those of a header.
    fn names(&self, record: &Sampled) -> Vec<String> {
        let name = |cell: &std::ops::Range<usize>| {
            let unit = self.encoding.unit();
            let text = self.encoding.decode_lossy(&self.bytes[cell.start * unit..cell.end * unit]);
            let trimmed = text.trim_end();
            let bare = trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            header::clean_name(&bare.map_or_else(|| text.clone(), |bare| bare.replace("\"\"", "\"")))
        };
        record.cells.iter().map(name).collect()
    }
}

/// How many cells most records have.
fn usual_width(records: &[Sampled]) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for record in records {
        *counts.entry(record.cells.len()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|&(width, count)| (count, width)).map_or(1, |(width, _)| width)
}
