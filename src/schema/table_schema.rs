//! An entity as a Frictionless Table Schema (<https://datapackage.org/standard/table-schema/>), so that other tools can
//! read the rules. It describes the normal forms, as in an export; a file for import may also use aliases and other
//! spellings.

use serde_json::{Map, Value, json};

use super::compiled::{Entity, Field, Schema};
use crate::rule::Rule;

/// The Table Schema of `entity`.
pub(crate) fn table_schema(entity: &Entity, schema: &Schema) -> Value {
    let foreign_keys: Vec<Value> = entity
        .references()
        .map(|(index, reference)| {
            let other = &schema.entities[reference.entity];
            json!({
                "fields": [entity.fields[index].name],
                "reference": {"resource": other.name, "fields": [other.fields[other.key].name]},
            })
        })
        .collect();
    let mut table = json!({
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": entity.fields.iter().map(field).collect::<Vec<_>>(),
        "fieldsMatch": "partial",
        "missingValues": [""],
        "primaryKey": [entity.fields[entity.key].name],
    });
    if !foreign_keys.is_empty() {
        table["foreignKeys"] = foreign_keys.into();
    }
    table
}

fn field(field: &Field) -> Value {
    let mut described = kind(&field.rule);
    described["name"] = field.name.as_str().into();
    let mut constraints = Map::new();
    if field.required {
        constraints.insert("required".into(), true.into());
    }
    if field.unique {
        constraints.insert("unique".into(), true.into());
    }
    if let Some(length) = field.min_length {
        constraints.insert("minLength".into(), length.into());
    }
    if let Some(length) = field.max_length {
        constraints.insert("maxLength".into(), length.into());
    }
    // A Table Schema has no condition on another column.
    if let Some(pattern) = field.pattern.as_ref().filter(|pattern| pattern.when.is_none()) {
        constraints.insert("pattern".into(), pattern.source.as_str().into());
    }
    if let Rule::Choice(choice) = &field.rule {
        constraints.insert("enum".into(), choice.values().collect::<Vec<_>>().into());
    }
    if !constraints.is_empty() {
        described["constraints"] = constraints.into();
    }
    described
}

fn kind(rule: &Rule) -> Value {
    match rule {
        Rule::Boolean(_) => json!({"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]}),
        Rule::List(list) => json!({"type": "list", "itemType": "string", "delimiter": list.separator()}),
        Rule::Email(_) => json!({"type": "string", "format": "email"}),
        Rule::Integer(_) => json!({"type": "integer"}),
        Rule::Decimal(_) => json!({"type": "number"}),
        Rule::Date(_) => json!({"type": "date"}),
        Rule::Timestamp(_) => json!({"type": "datetime"}),
        _ => json!({"type": "string"}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_is_described_for_other_tools() {
        let schema = Schema::built_in().unwrap();
        let users = table_schema(&schema.entities[1], &schema);
        assert_eq!(users["primaryKey"], json!(["email"]));
        assert_eq!(
            users["foreignKeys"],
            json!([{"fields": ["account.legacyId"], "reference": {"resource": "accounts", "fields": ["legacyId"]}}])
        );
        let fields = users["fields"].as_array().unwrap();
        assert_eq!(
            fields[0],
            json!({"name": "email", "type": "string", "format": "email",
                   "constraints": {"required": true, "unique": true}})
        );
        assert_eq!(fields[4]["constraints"]["enum"], json!(["male", "female"]));
        let accounts = table_schema(&schema.entities[0], &schema);
        assert_eq!(accounts["fields"][2]["constraints"]["maxLength"], 200);
        assert!(accounts["fields"][10].get("constraints").is_none(), "the pattern has a condition");
        assert_eq!(accounts["fields"][31]["delimiter"], ",");
    }
}
