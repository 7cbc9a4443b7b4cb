//! The JSON Schema of `muster.toml`, for editors, built from the words that the reader uses. Names of fields are checked
//! against the schema when the file is read.

use serde_json::{Value, json};

use crate::source::Part;

use super::{source, top};

/// The JSON Schema (draft 7, which editors know best) as it is printed and kept in the project.
pub(crate) fn json_schema_text() -> String {
    format!("{:#}\n", json_schema())
}

fn json_schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "muster.toml: how the files at hand say what the schemas want",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "schemas": described(text(), "The folder of the schemas, relative to this file; default: the built-in ones."),
            "unknown_columns": one_of(
                &top::UNKNOWN.map(|(name, _)| name),
                "What becomes of filled columns that are neither fields nor ignored; default: report.",
            ),
            "database": {
                "type": "object",
                "description": "The target.",
                "additionalProperties": false,
                "properties": {"url": described(text(), "Its address, without a password.")},
            },
            "source": {"type": "array", "description": "Files and how they are read; the first that matches a file is its own.", "items": source()},
        },
    })
}

fn source() -> Value {
    json!({
        "type": "object",
        "required": ["files"],
        "additionalProperties": false,
        "properties": {
            "files": described(texts(), "Patterns of files, relative to this file: * is any text, ** any folders."),
            "entity": described(text(), "What the files hold; default: found from the name or the header."),
            "encoding": described(text(), "For example windows-1252; default: found from the file."),
            "delimiter": described(text(), "One ASCII character, or tab; default: found from the file."),
            "null": described(texts(), "Cells that mean nothing: whole cell, trimmed, in any case."),
            "time_zone": described(text(), "The IANA name of the zone of times without an offset, for example Europe/Amsterdam."),
            "date": one_of(&source::DATES.map(|(name, _)| name), "What comes first where the schema leaves it open."),
            "decimal": one_of(
                &source::DECIMALS.map(|(name, _)| name),
                "The decimal mark; then the other one separates thousands, and € and EUR are dropped.",
            ),
            "columns": {"type": "object", "description": "What becomes of each column.", "additionalProperties": column()},
            "fields": {"type": "object", "description": "Fields that are made of several columns, or of none.", "additionalProperties": made()},
        },
    })
}

fn column() -> Value {
    json!({"anyOf": [
        described(text(), "The field that it feeds."),
        {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "field": described(text(), "The field that it feeds; default: the one with its name."),
                "values": {
                    "type": "object",
                    "description": "What stands for what; \"*\" is any other value.",
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                },
                "null": described(texts(), "Cells that mean nothing, besides those of the source."),
                "ignore": {"type": "boolean", "description": "The column is not imported."},
            },
        },
    ]})
}

fn made() -> Value {
    let choice = json!({"anyOf": [text(), texts()]});
    let only = |properties: Value, required: Value| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "properties": properties,
            "required": required,
        })
    };
    json!({"anyOf": [
        only(
            json!({"first_of": {"type": "array", "minItems": 1, "items": choice, "description": "The first that is filled; a list is all of its columns, with spaces between."}}),
            json!(["first_of"]),
        ),
        only(
            json!({"join": described(texts(), "All of these columns that are filled."), "with": {"type": "string", "description": "What is between them; default: a space."}}),
            json!(["join"]),
        ),
        only(
            json!({"part": one_of(&Part::NAMES.map(|(name, _)| name), "Which part."), "of": described(text(), "The column.")}),
            json!(["part", "of"]),
        ),
        only(
            json!({"constant": {"type": ["string", "number", "boolean"], "description": "The same value in every row."}}),
            json!(["constant"]),
        ),
    ]})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn one_of(words: &[&str], doc: &str) -> Value {
    json!({"enum": words, "description": doc})
}

fn described(mut schema: Value, doc: &str) -> Value {
    schema["description"] = doc.into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key that the reader takes is described, and no other.
    #[test]
    fn the_keys_are_those_of_the_reader() {
        let keys = |value: &Value| {
            let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |keys: &[&str]| {
            let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&json_schema()["properties"]), sorted(&top::KEYS));
        assert_eq!(keys(&source()["properties"]), sorted(&source::KEYS));
        assert_eq!(keys(&column()["anyOf"][1]["properties"]), sorted(&super::super::columns::KEYS));
        let mut of_made: Vec<String> =
            made()["anyOf"].as_array().unwrap().iter().flat_map(|one| keys(&one["properties"])).collect();
        of_made.sort();
        assert_eq!(of_made, sorted(&super::super::made::KEYS));
    }

    #[test]
    fn the_file_in_the_project_is_this_one() {
        assert_eq!(json_schema_text(), include_str!("../../schemas/muster.config.schema.json"));
    }
}
