//! The look at NDJSON: its header are the keys of the records in the prefix. If these lack a column that the entity
//! requires, all records are read for their keys. If reading then finds a key that is not in the header, the file is
//! looked at again with all its records ([`LookOptions::whole`](super::LookOptions)).

use super::keys::Keys;
use super::looker::Looker;
use super::{Encoding, FileFormat, Look, SourceError, magic};
use crate::record::Code;

pub(super) fn look(mut looker: Looker<'_>) -> Result<Look, SourceError> {
    if Encoding::of_mark(looker.prefix).is_some_and(|encoding| encoding.unit() > 1) {
        let message = "NDJSON is UTF-8, and this is UTF-16; save it as UTF-8".to_owned();
        return looker.refuse(Code::NotText, message);
    }
    looker.encoding = Encoding::Utf8;
    looker.bom_len = looker.encoding.marks(looker.prefix);
    let start = looker.bom_len;
    let body = &looker.prefix[start..];
    let cut = if looker.is_whole { body.len() } else { memchr::memrchr(b'\n', body).map_or(0, |at| at + 1) };
    let mut keys = Keys::default();
    keys.lines(&body[..cut]);
    if !looker.is_whole && (looker.options.whole || is_incomplete(&looker, &keys.names())) {
        keys = Keys::all(looker.source, start as u64, looker.options)?;
    }
    if keys.too_many {
        return Err(SourceError::ManyKeys { name: looker.source.name().to_owned() });
    }
    let names = match (keys.objects, looker.entity) {
        // An export without rows has no line; importing it changes nothing.
        (0, Some(entity)) if looker.source.is_empty() && looker.options.may_be_empty => {
            looker.schema.entities[entity].fields.iter().map(|field| field.name.clone()).collect()
        }
        (0, _) => return refuse_lines(looker),
        _ => keys.names(),
    };
    looker.conclude_columns(names, FileFormat::Ndjson, start as u64)
}

/// Whether the keys of the prefix lack a required one.
fn is_incomplete(looker: &Looker<'_>, names: &[String]) -> bool {
    let complete = |entity: usize| {
        let required = looker.schema.entities[entity].fields.iter().enumerate();
        let mut required = required.filter(|(_, field)| field.required).map(|(index, _)| index);
        required.all(|index| names.iter().any(|name| looker.names[entity].meant(name) == Some(index)))
    };
    match looker.entity {
        Some(entity) => !complete(entity),
        None => !(0..looker.schema.entities.len()).any(complete),
    }
}

/// There is no object in the file.
fn refuse_lines(looker: Looker<'_>) -> Result<Look, SourceError> {
    let body = looker.prefix[looker.bom_len..].trim_ascii();
    if body.is_empty() && looker.is_whole {
        return looker.refuse(Code::EmptyFile, "the file has no record; check the transfer".to_owned());
    }
    let what = match body.first() {
        Some(b'[') => "a JSON array, not one object a line; jq -c '.[]' makes lines of it",
        Some(b'{') => "not one object a line; jq -c . makes a line of each object",
        _ if magic::mostly_control(body) => "not text",
        _ => "not one JSON object a line",
    };
    looker.refuse(Code::NotText, format!("this is {what}"))
}
