//! The look at NDJSON: its header are the keys of its records, as far as they are in the prefix. Where that lacks a
//! column that the entity requires, the whole file is asked; where reading then meets a key that is not in the
//! header, the file is looked at again, as a whole ([`LookOptions::whole`](super::super::LookOptions)).

use super::super::entity::by_header;
use super::super::keys::Keys;
use super::super::{Encoding, FileFormat, LineEnd, Look, Opening, SourceError, magic};
use super::{Code, Looker};

impl Looker<'_> {
    pub(super) fn look_at_objects(mut self) -> Result<Look, SourceError> {
        if Encoding::of_mark(self.prefix).is_some_and(|encoding| encoding.unit() > 1) {
            let message = "NDJSON is UTF-8, and this is UTF-16; save it as UTF-8".to_owned();
            return self.refuse(Code::NotText, message);
        }
        self.encoding = Encoding::Utf8;
        self.bom_len = self.encoding.marks(self.prefix);
        let start = self.bom_len;
        let body = &self.prefix[start..];
        let cut =
            if self.is_whole { body.len() } else { memchr::memrchr(b'\n', body).map_or(0, |at| at + 1) };
        let mut keys = Keys::default();
        keys.lines(&body[..cut]);
        if !self.is_whole && (self.options.whole || self.is_incomplete(&keys.names())) {
            keys = Keys::all(self.source, start as u64)?;
        }
        if keys.too_many {
            return Err(SourceError::ManyKeys { name: self.source.name().to_owned() });
        }
        let names = match (keys.objects, self.entity) {
            // An export of nothing has no line; it changes nothing.
            (0, Some(entity)) if self.source.is_empty() && self.options.may_be_empty => {
                self.schema.entities[entity].fields.iter().map(|field| field.name.clone()).collect()
            }
            (0, _) => return self.refuse_lines(),
            _ => keys.names(),
        };
        self.conclude_columns(names, FileFormat::Ndjson, start as u64)
    }

    /// Whether keys that must be there are not among those of the prefix.
    fn is_incomplete(&self, names: &[String]) -> bool {
        let complete = |entity: usize| {
            let required = self.schema.entities[entity].fields.iter().enumerate();
            let mut required = required.filter(|(_, field)| field.required).map(|(index, _)| index);
            required.all(|index| names.iter().any(|name| self.names[entity].meant(name) == Some(index)))
        };
        match self.entity {
            Some(entity) => !complete(entity),
            None => !(0..self.schema.entities.len()).any(complete),
        }
    }

    /// There is not one object in the file.
    fn refuse_lines(self) -> Result<Look, SourceError> {
        let body = self.prefix[self.bom_len..].trim_ascii();
        if body.is_empty() && self.is_whole {
            return self.refuse(Code::EmptyFile, "the file has no record; check the transfer".to_owned());
        }
        let what = match body.first() {
            Some(b'[') => "a JSON array, and not one object a line; jq -c '.[]' makes lines of it",
            Some(b'{') => "no object that ends on its line; jq -c . makes a line of each",
            _ if magic::mostly_control(body) => "no text",
            _ => "no JSON object a line",
        };
        self.refuse(Code::NotText, format!("this is {what}"))
    }

    /// The columns have these names; the records begin at `start`.
    pub(super) fn conclude_columns(
        self,
        names: Vec<String>,
        format: FileFormat,
        start: u64,
    ) -> Result<Look, SourceError> {
        let entity = match self.entity {
            Some(entity) => entity,
            None => by_header(self.source.name(), &self.fits(&names), self.schema)?,
        };
        let matched = self.matched(&names, entity);
        let opening = Opening {
            format,
            encoding: Encoding::Utf8,
            encoding_certain: true,
            bom_len: self.bom_len as u64,
            delimiter: b',',
            header: names,
            header_start: start,
            // A record's line is its own number: nothing stands before the first.
            header_line: 1,
            data_start: start,
            data_line: 1,
            line_end: LineEnd::Lf,
        };
        Ok(Look {
            opening,
            entity,
            mapping: matched.mapping,
            change_column: matched.change_column,
            findings: matched.findings,
            notes: self.notes,
        })
    }
}
