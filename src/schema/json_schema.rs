//! The JSON Schema of the schema files, for editors, built from the tables that the reader uses. It finds mistakes in
//! one place of a file; names and types that must fit together are checked in `compile`.

use serde_json::{Map, Value, json};

use super::setting::{COMMON_CODES, Kind, SETTINGS, Setting, Shape};
use crate::record::Code;

/// The JSON Schema (draft 7, which editors know best) of one schema file.
pub(crate) fn json_schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A muster schema: one entity, its table and its fields",
        "type": "object",
        "required": ["entity", "key", "field"],
        "additionalProperties": false,
        "properties": {
            "entity": described(text(), "The name in files, reports and options, for example users."),
            "key": described(text(), "The field that identifies a record; required, of type text or email."),
            "ignored": described(texts(), "Headers that are ignored with one warning. A * is any text: netsuite.*, Custom Field*."),
            "table": table(),
            "invite": invite(),
            "field": {"type": "array", "minItems": 1, "description": "The columns.", "items": field()},
            "row_rule": {"type": "array", "description": "Rules over several columns of a row.", "items": row_rule()},
        },
    })
}

/// The JSON Schema as it is printed and kept in the project.
pub(crate) fn json_schema_text() -> String {
    format!("{:#}\n", json_schema())
}

fn table() -> Value {
    let absent = json!({"anyOf": [text(), {"const": false}]});
    json!({
        "type": "object",
        "description": "The table with the rows.",
        "additionalProperties": false,
        "properties": {
            "schema": described(text(), "The PostgreSQL schema; default: the connection's search path."),
            "name": described(text(), "The table; default: the name of the entity."),
            "id": described(text(), "The bigint identity that references point at; default: id."),
            "created_at": described(absent.clone(), "Set when a row is inserted; false if the table has no such column."),
            "updated_at": described(absent, "Set when a row is inserted or changed; false if the table has no such column."),
        },
    })
}

fn invite() -> Value {
    json!({
        "type": "object",
        "description": "The records are people who are invited by e-mail: the fields that an invitation needs.",
        "required": ["email"],
        "additionalProperties": false,
        "properties": {
            "email": described(text(), "The address of the mail; of type email."),
            "first_name": described(text(), "The person's first name."),
            "last_name": described(text(), "The person's last name."),
            "language": described(text(), "The language of the mail; of type choice or language."),
            "account": described(text(), "The account that the person belongs to; a reference."),
            "role": described(text(), "The person's role in the account; a choice or a text."),
            "migrated": described(text(), "Whether the person came from an older system; a boolean."),
        },
    })
}

fn field() -> Value {
    let properties: Map<String, Value> = SETTINGS
        .iter()
        .map(|setting| (setting.name.to_owned(), described(shape(setting.shape), setting.doc)))
        .collect();
    let fits: Vec<Value> = SETTINGS.iter().filter(|setting| !setting.fits.is_empty()).map(fit).collect();
    json!({
        "type": "object",
        "required": ["name", "type"],
        "additionalProperties": false,
        "properties": properties,
        "allOf": fits,
    })
}

/// A setting requires a type that it fits.
fn fit(setting: &Setting) -> Value {
    let kinds: Vec<&str> = setting.fits.iter().map(|kind| kind.name()).collect();
    json!({
        "if": {"required": [setting.name]},
        "then": {"properties": {"type": {"enum": kinds}}},
    })
}

fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Text => text(),
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Type => json!({"enum": Kind::ALL.map(Kind::name)}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Count => json!({"type": "integer", "minimum": 1}),
        Shape::Texts => texts(),
        Shape::Scalar => json!({"type": ["string", "number", "boolean"]}),
        Shape::Pattern => json!({"anyOf": [text(), {
            "type": "object",
            "required": ["regex"],
            "additionalProperties": false,
            "properties": {"regex": text(), "when": text(), "equals": text()},
            "dependencies": {"when": ["equals"], "equals": ["when"]},
        }]}),
        Shape::Choices => json!({"anyOf": [
            {"type": "array", "minItems": 1, "items": text()},
            {"type": "object", "minProperties": 1, "additionalProperties": texts()},
        ]}),
        Shape::Spellings => json!({
            "type": "object",
            "additionalProperties": false,
            "properties": {"true": texts(), "false": texts()},
        }),
        Shape::Severities => severities(),
    }
}

fn severities() -> Value {
    let of_types = Kind::ALL.into_iter().flat_map(Kind::codes);
    let mut codes: Vec<Code> = COMMON_CODES.iter().chain(of_types).copied().collect();
    codes.push(Code::UnresolvedReference);
    let properties: Map<String, Value> = codes
        .into_iter()
        .map(|code| {
            let severity = json!({"enum": ["reject", "warning", "ignore"]});
            (code.as_str().to_owned(), described(severity, code.explanation().what))
        })
        .collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn row_rule() -> Value {
    let rule = |kind: &str, doc: &str, keys: &[&str], properties: Value| {
        let mut rule = json!({
            "type": "object",
            "description": doc,
            "required": keys,
            "additionalProperties": false,
            "properties": properties,
        });
        rule["properties"]["kind"] = json!({"const": kind});
        rule
    };
    let fields = json!({"type": "array", "minItems": 2, "items": text()});
    json!({"oneOf": [
        rule(
            "required-when",
            "`field` may not be empty if `when` has the value `equals`.",
            &["kind", "field", "when", "equals"],
            json!({"field": text(), "when": text(), "equals": text()}),
        ),
        rule("one-of", "At least one of the fields must be filled.", &["kind", "fields"], json!({"fields": fields})),
        rule(
            "equal-to",
            "Both fields must have the same value.",
            &["kind", "field", "other"],
            json!({"field": text(), "other": text()}),
        ),
    ]})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn texts() -> Value {
    json!({"type": "array", "items": text()})
}

fn described(mut schema: Value, doc: &str) -> Value {
    schema["description"] = doc.into();
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::shape::{ENTITY_KEYS, INVITE_KEYS, ROW_RULE_KINDS, TABLE_KEYS, row_rule_keys};

    /// To update the file: `muster schema json-schema > schemas/muster.schema.json`.
    #[test]
    fn the_file_for_editors_is_what_the_command_prints() {
        let kept = include_str!("../../schemas/muster.schema.json");
        assert!(kept == json_schema_text(), "schemas/muster.schema.json is out of date; see this test");
    }

    #[test]
    fn the_keys_are_the_ones_that_the_reader_takes() {
        let schema = json_schema();
        let keys = |properties: &Value| -> Vec<String> {
            let mut keys: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let sorted = |keys: &[&str]| {
            let mut keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&schema["properties"]), sorted(&ENTITY_KEYS));
        assert_eq!(keys(&schema["properties"]["table"]["properties"]), sorted(&TABLE_KEYS));
        assert_eq!(keys(&schema["properties"]["invite"]["properties"]), sorted(&INVITE_KEYS));
        for (rule, kind) in
            schema["properties"]["row_rule"]["items"]["oneOf"].as_array().unwrap().iter().zip(ROW_RULE_KINDS)
        {
            assert_eq!(rule["properties"]["kind"]["const"], kind);
            assert_eq!(keys(&rule["properties"]), sorted(row_rule_keys(kind)));
        }
    }

    #[test]
    fn a_setting_requires_a_type_that_it_fits() {
        let schema = json_schema();
        let rules = schema["properties"]["field"]["items"]["allOf"].as_array().unwrap();
        let format = rules.iter().find(|rule| rule["if"]["required"] == json!(["format"])).unwrap();
        assert_eq!(format["then"]["properties"]["type"]["enum"], json!(["date", "timestamp"]));
    }
}
