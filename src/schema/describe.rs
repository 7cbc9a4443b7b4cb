//! A field's rule in one line, for a person who types a value.

use crate::rule::Rule;

use super::compiled::{Entity, Field, Schema};

/// Whether a field holds several values.
pub(crate) fn is_list(field: &Field) -> bool {
    matches!(field.rule, Rule::List(_))
}

/// The rule of `field`, which is one of `entity`.
pub(crate) fn rule(field: &Field, entity: &Entity, schema: &Schema) -> String {
    let mut parts = vec![match field.reference {
        Some(to) => format!("the key of one of {}", schema.entities[to.entity].name),
        None => kind(field, entity),
    }];
    if field.required {
        parts.push("required".to_owned());
    }
    match (field.min_length, field.max_length) {
        (Some(least), Some(most)) => parts.push(format!("{least} to {most} characters")),
        (Some(least), None) => parts.push(format!("at least {least} characters")),
        (None, Some(most)) => parts.push(format!("at most {most} characters")),
        (None, None) => {}
    }
    if let Some(pattern) = &field.pattern {
        let when = pattern.when.as_ref().map_or_else(String::new, |when| {
            format!(" if {} is {}", entity.fields[when.field].name, when.equals)
        });
        parts.push(format!("like {}{when}", pattern.source));
    }
    if field.unique {
        parts.push("unique".to_owned());
    }
    if let Some(value) = field.when_empty().filter(|value| !value.is_empty() && !is_list(field)) {
        parts.push(format!("{value} if empty"));
    }
    if field.sensitive {
        parts.push("masked when shown".to_owned());
    }
    parts.join("; ")
}

fn kind(field: &Field, entity: &Entity) -> String {
    let sibling = field.sibling.map(|index| entity.fields[index].name.as_str());
    let checked_with = |what: &str| match sibling {
        Some(name) => format!("{what}, checked with {name}"),
        None => what.to_owned(),
    };
    match &field.rule {
        Rule::Text(text) if text.multiline() => "text of one or more lines".to_owned(),
        Rule::Text(_) => "text".to_owned(),
        Rule::Choice(choice) => {
            let values = choice.values().collect::<Vec<_>>().join(" | ");
            match choice.otherwise() {
                Some(other) => format!("exactly {values}, anything else becomes {other}"),
                None => values,
            }
        }
        Rule::Boolean(_) => "true | false".to_owned(),
        Rule::List(list) => format!("a list, separated by {}", list.separator()),
        Rule::Email(_) => "an e-mail address".to_owned(),
        Rule::Phone(_) => checked_with("a phone number"),
        Rule::Country(_) => "a country, its ISO code or its name".to_owned(),
        Rule::Language(_) => "a language tag, for example nl or en-GB".to_owned(),
        Rule::Iban(_) => "an IBAN".to_owned(),
        Rule::Bic(_) => checked_with("a BIC"),
        Rule::Vat(_) => checked_with("a VAT number"),
        Rule::PostalCode(_) => checked_with("a postal code"),
        Rule::Integer(_) => "a whole number".to_owned(),
        Rule::Decimal(_) => "a number".to_owned(),
        Rule::Date(_) => "a date".to_owned(),
        Rule::Timestamp(_) => "a date with its time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_described_in_one_line() {
        let schema = Schema::built_in().unwrap();
        let described = |entity: usize, name: &str| {
            let entity = &schema.entities[entity];
            rule(&entity.fields[entity.field(name).unwrap()], entity, &schema)
        };
        assert_eq!(described(0, "name"), "text; required; at most 200 characters");
        assert_eq!(described(0, "type"), "private | company");
        assert_eq!(
            described(0, "contact.gender"),
            "exactly male | female, anything else becomes male; male if empty"
        );
        assert_eq!(described(0, "contact.phone"), "a phone number, checked with billingAddress.countryCode");
        assert_eq!(described(0, "companyNumber"), "text; like [0-9]{8} if billingAddress.countryCode is NL");
        assert_eq!(described(0, "labels"), "a list, separated by ,");
        assert_eq!(described(1, "account.legacyId"), "the key of one of accounts; required");
        assert_eq!(described(1, "email"), "an e-mail address; required; unique");
    }
}
