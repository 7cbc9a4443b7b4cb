//! What all looks share: the encoding of the prefix, the names by which columns are known, and how a look ends.

use super::entity::{self, Fit, by_file_name, by_header};
use super::header::{self, CHANGE_COLUMN, Mapping, Matched, Names, file_finding};
use super::{Encoding, FileFormat, LineEnd, Look, LookOptions, Opening, Source, SourceError, unknown};
use crate::record::{Code, Finding, Location};
use crate::schema::Schema;

/// A look at one file.
pub(super) struct Looker<'a> {
    pub(super) source: &'a Source,
    pub(super) schema: &'a Schema,
    /// The entity named by the command line or the file's name.
    pub(super) entity: Option<usize>,
    pub(super) options: &'a LookOptions<'a>,
    pub(super) prefix: &'a [u8],
    /// The prefix is the whole file.
    pub(super) is_whole: bool,
    pub(super) encoding: Encoding,
    pub(super) encoding_certain: bool,
    pub(super) bom_len: usize,
    /// Per entity.
    pub(super) names: Vec<Names<'a>>,
    pub(super) notes: Vec<String>,
}

impl<'a> Looker<'a> {
    pub(super) fn new(
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
            names: schema
                .entities
                .iter()
                .map(|entity| Names::of_file(entity, source.name(), options.maps, options.made))
                .collect(),
            notes,
        }
    }

    /// How well a record fits each entity as its header; an entity that the file cannot hold fits not at all.
    pub(super) fn fits(&self, cells: &[String]) -> Vec<Fit> {
        let every = self.schema.entities.iter().zip(&self.names).enumerate();
        let possible = |index: usize| self.entity.is_none_or(|entity| entity == index);
        let fit = |(index, (entity, names))| {
            if possible(index) { entity::fit(cells, entity, names) } else { Fit::default() }
        };
        every.map(fit).collect()
    }

    /// The entity of the file, whose header fits as given.
    pub(super) fn decide_entity(&self, fits: &[Fit]) -> Result<usize, SourceError> {
        match self.entity {
            Some(entity) => Ok(entity),
            None => by_header(self.source.name(), fits, self.schema),
        }
    }

    /// The columns have these names; the records begin at `start`.
    pub(super) fn conclude_columns(
        self,
        names: Vec<String>,
        format: FileFormat,
        start: u64,
    ) -> Result<Look, SourceError> {
        let entity = self.decide_entity(&self.fits(&names))?;
        let opening = Opening {
            format,
            encoding: Encoding::Utf8,
            encoding_certain: true,
            bom_len: self.bom_len as u64,
            delimiter: b',',
            header: names,
            header_start: start,
            // A record's line is its own number: no line comes before the first.
            header_line: 1,
            data_start: start,
            data_line: 1,
            line_end: LineEnd::Lf,
        };
        Ok(self.conclude(entity, opening))
    }

    /// The file holds this entity and begins like this.
    pub(super) fn conclude(self, entity: usize, opening: Opening) -> Look {
        let matched = self.matched(&opening.header, entity);
        let Matched { mapping, unknown, used, change_column, torn, findings } = matched;
        Look {
            opening,
            entity,
            mapping,
            unknown,
            used,
            made: self.names[entity].made.iter().map(|(_, made)| (*made).clone()).collect(),
            left_out: Vec::new(),
            change_column,
            extra: 0,
            torn,
            findings,
            notes: self.notes,
        }
    }

    /// Matches the header with an entity, and a column of changes with what was asked for.
    fn matched(&self, names: &[String], entity: usize) -> Matched {
        let place = self.place();
        let mut matched = header::match_header(names, &self.names[entity], place);
        if self.options.ignore_unknown {
            let Matched { unknown, findings, .. } = &mut matched;
            findings.retain(|finding| !unknown::is_about(finding, unknown));
            unknown.clear();
        }
        let wrong = match (matched.change_column, self.options.changes) {
            (Some(_), false) => file_finding(
                place,
                Code::ChangesFile,
                "these are the changes of an export, not rows to import; use import --apply-changes",
            ),
            (None, true) => {
                let message = format!(
                    "the file has no column {CHANGE_COLUMN}, so it lists no changes; import it without --apply-changes"
                );
                file_finding(place, Code::MissingColumn, message)
            }
            _ => return matched,
        };
        matched.findings.push(wrong);
        matched.findings.sort_by_key(Finding::sort_key);
        matched
    }

    fn place(&self) -> Location {
        Location::whole_file(self.options.file, self.source.len())
    }

    /// There are no records to read: a finding, if the entity is known for which it is counted, else an error.
    pub(super) fn refuse(self, code: Code, message: String) -> Result<Look, SourceError> {
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
            unknown: Vec::new(),
            used: Vec::new(),
            made: Vec::new(),
            left_out: Vec::new(),
            change_column: None,
            extra: 0,
            torn: None,
            findings,
            notes: self.notes,
        })
    }
}
