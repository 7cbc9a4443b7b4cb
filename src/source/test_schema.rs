//! A small schema for the unit tests of this module.

use crate::rule::{Rule, text::Text};
use crate::schema::{Entity, Field, Schema, SystemColumns, Table};

fn field(name: &str, aliases: &[&str], required: bool) -> Field {
    Field {
        name: name.to_owned(),
        column: name.replace('.', "_"),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        rule: Rule::Text(Text::new(false)),
        sibling: None,
        required,
        default: None,
        min_length: None,
        max_length: None,
        pattern: None,
        unique: false,
        reference: None,
        on_update: None,
        sensitive: false,
        severities: Vec::new(),
    }
}

fn entity(name: &str, fields: Vec<Field>) -> Entity {
    Entity {
        name: name.to_owned(),
        table: Table { schema: None, name: name.to_owned() },
        system: SystemColumns { id: "id".to_owned(), created_at: None, updated_at: None },
        validation_order: (0..fields.len()).collect(),
        fields,
        key: 0,
        ignored: vec!["integrations.*".to_owned(), "netsuite.*".to_owned()],
        row_rules: Vec::new(),
        invite: None,
    }
}

/// Accounts and users, with what their headers need.
pub(super) fn schema() -> Schema {
    let contact = ["contact.firstName", "contact.lastName", "contact.phone"];
    let with_contact = |mut fields: Vec<Field>| {
        fields.extend(contact.map(|name| {
            field(name, &[&name["contact.".len()..]][..usize::from(!name.ends_with("phone"))], false)
        }));
        fields
    };
    let accounts = vec![
        field("legacyId", &[], true),
        field("name", &["organization"], true),
        field("contact.email", &[], false),
        field("vatNumber", &["btwNumber"], false),
    ];
    let users = vec![
        field("email", &[], true),
        field("account.legacyId", &["accountId", "organization"], true),
        field("legacyId", &[], false),
        field("role", &[], false),
    ];
    let entities = vec![entity("accounts", with_contact(accounts)), entity("users", with_contact(users))];
    Schema { entities, sha256: String::new() }
}
