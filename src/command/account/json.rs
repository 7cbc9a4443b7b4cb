//! A JSON object as the cells of a record: nested objects are dotted names, as the export writes them. Every value
//! keeps the text that was written, so that a number keeps all its digits.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::rule::Rule;
use crate::schema::{Entity, header_key};

/// The cells of one object. `null` is an empty cell; an array is a list, if the field is one. A name without a field
/// is kept: the import reports it.
/// Errors: what is wrong with it, with line and column where there are any.
pub(super) fn cells(text: &str, entity: &Entity) -> Result<Vec<(String, String)>, String> {
    if text.trim().is_empty() {
        return Err(
            "nothing on standard input; give fields as flags (see --help), a JSON object, or type the \
                    command in a terminal to be asked"
                .to_owned(),
        );
    }
    // Once as it is, so that places are those of the text that was typed.
    let wrong = |error: serde_json::Error| format!("this is no JSON object of fields: {error}");
    serde_json::from_str::<Object>(text).map_err(wrong)?;
    let Object(members) = serde_json::from_str(&with_numbers_as_text(text)).map_err(wrong)?;
    let mut cells = Vec::new();
    flatten("", members, entity, &mut cells)?;
    if cells.is_empty() {
        return Err("the JSON object has no fields; see --help for their names".to_owned());
    }
    Ok(cells)
}

fn flatten(
    before: &str,
    members: Vec<(String, Value)>,
    entity: &Entity,
    cells: &mut Vec<(String, String)>,
) -> Result<(), String> {
    for (name, value) in members {
        let name = if before.is_empty() { name } else { format!("{before}.{name}") };
        let cell = match value {
            Value::Object(members) => {
                flatten(&name, members, entity, cells)?;
                continue;
            }
            Value::Text(text) => text,
            Value::Array(items) => list(&name, &items, entity)?,
        };
        if cells.iter().any(|(other, _)| header_key(other) == header_key(&name)) {
            return Err(format!("{name}: given twice; give it once"));
        }
        cells.push((name, cell));
    }
    Ok(())
}

/// A list as its cell holds it.
fn list(name: &str, items: &[Value], entity: &Entity) -> Result<String, String> {
    let separator = match entity.meant(name).map(|index| &entity.fields[index].rule) {
        Some(Rule::List(list)) => list.separator(),
        Some(_) => return Err(format!("{name}: is an array, and the field holds one value; give a text")),
        None => ',',
    };
    let text = |item: &Value| match item {
        Value::Text(text) if text.contains(separator) => {
            Err(format!("{name}: an item holds the list's separator {separator}; no list can keep it"))
        }
        Value::Text(text) => Ok(text.clone()),
        _ => Err(format!("{name}: an item is no text")),
    };
    let items: Vec<_> = items.iter().map(text).collect::<Result<_, _>>()?;
    Ok(items.join(&separator.to_string()))
}

/// The same JSON with every number in quotes.
fn with_numbers_as_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '"' => {
                while let Some(c) = chars.next() {
                    out.push(c);
                    match c {
                        '\\' => out.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '-' | '0'..='9' => {
                out.insert(out.len() - 1, '"');
                while let Some(c) = chars.next_if(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
                    out.push(c);
                }
                out.push('"');
            }
            _ => {}
        }
    }
    out
}

/// The members of an object in their order, also of a name that comes twice.
struct Object(Vec<(String, Value)>);

enum Value {
    /// A string, a number, a boolean as it is written; `null` is empty.
    Text(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(members) => Ok(Self(members)),
            Value::Text(_) | Value::Array(_) => {
                Err(D::Error::custom("an object is wanted: {\"FIELD\": \"VALUE\", …}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Text(value.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Text(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        cells(text, &Schema::built_in().unwrap().entities[0])
    }

    #[test]
    fn objects_nest_and_every_value_stays_its_text() {
        let text = r#"{"legacyId": 12345678901234567890123, "contact": {"phone": "+31 \"6\" 1-2", "email": null},
                       "reimbursement.enabled": true, "labels": ["a", "b"], "netsuite": {"id": 1.50}}"#;
        let cell = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(
            read(text).unwrap(),
            [
                cell("legacyId", "12345678901234567890123"),
                cell("contact.phone", "+31 \"6\" 1-2"),
                cell("contact.email", ""),
                cell("reimbursement.enabled", "true"),
                cell("labels", "a,b"),
                cell("netsuite.id", "1.50"),
            ]
        );
    }

    #[test]
    fn what_is_no_record_is_said_with_its_place() {
        for (text, said) in [
            ("", "nothing on standard input"),
            ("[]", "an object is wanted"),
            ("{\"a\": 1,\n x}", "line 2 column 2"),
            ("{\"name\": 01}", "line 1 column"),
            ("{}", "no fields"),
            ("{\"name\": \"a\"} {}", "trailing characters"),
            ("{\"name\": \"a\", \"NAME\": \"b\"}", "NAME: given twice"),
            ("{\"name\": [\"a\"]}", "holds one value"),
            ("{\"labels\": [\"a,b\"]}", "separator"),
            ("{\"labels\": [[1]]}", "no text"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
