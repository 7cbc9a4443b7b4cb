//! Compiles one field: checks its settings against its type, its names against the other fields and entities, and its
//! severities against what the database column can hold.

use regex::Regex;

use super::compiled::{Field, FieldIndex, Pattern, PatternWhen, Reference};
use super::mistake::{Located, Mistakes};
use super::setting::{COMMON_CODES, Kind};
use super::shape::{EntityShape, FieldShape};
use crate::record::{Code, Level, Severity};
use crate::rule::date::{AUTO, Date, ISO_8601, RFC_3339, Timestamp};
use crate::rule::number::Decimal;
use crate::rule::{self, NormalForm, Rule};

/// Compiles field `index` of `shape`. Returns `None` only if a mistake was reported.
pub(super) fn compile(
    index: FieldIndex,
    key: Option<FieldIndex>,
    shape: &EntityShape,
    all: &[EntityShape],
    mistakes: &mut Mistakes,
) -> Option<Field> {
    let field = &shape.fields[index];
    let sibling = sibling(field, shape, mistakes);
    let pattern = pattern(field, shape, mistakes);
    let reference = reference(field, all, mistakes);
    check_lengths(field, mistakes);
    let kind = field.kind.as_ref()?.value;
    let required = field.required.as_ref().is_some_and(|required| required.value);
    check_severities(field, kind, required, mistakes);
    let rule = rule(field, kind, mistakes)?;
    let default = default(field, required, &rule, mistakes);
    Some(Field {
        name: field.name.value.clone(),
        column: field.column(),
        aliases: field.aliases.iter().map(|alias| alias.value.clone()).collect(),
        rule,
        sibling,
        required,
        default,
        min_length: field.min_length.as_ref().map(|length| length.value),
        max_length: field.max_length.as_ref().map(|length| length.value),
        pattern,
        unique: field.unique || key == Some(index),
        reference,
        on_update: field.on_update.as_ref().map(|on_update| on_update.value),
        sensitive: field.sensitive,
        severities: field.severity.iter().map(|(code, severity)| (code.value, *severity)).collect(),
    })
}

/// The normal form of a value in the schema, by the rule of its field. A value that the rule rejects is a mistake.
/// Without a rule, because the field has mistakes, the value is taken as it is.
pub(super) fn normal_form(
    rule: Option<&Rule>,
    value: &Located<String>,
    mistakes: &mut Mistakes,
) -> Option<String> {
    let text = value.value.as_str();
    let known: Vec<&str> = match rule {
        Some(Rule::Choice(choice)) => choice.values().collect(),
        Some(Rule::Boolean(_)) => vec!["true", "false"],
        Some(rule) => return validated(rule, value, mistakes),
        None => return Some(value.value.clone()),
    };
    if known.contains(&text) {
        return Some(value.value.clone());
    }
    mistakes.unknown(&value.place, format!("`{text}` is none of the field's values"), text, known);
    None
}

fn validated(rule: &Rule, value: &Located<String>, mistakes: &mut Mistakes) -> Option<String> {
    let (mut out, mut findings) = (String::new(), Vec::new());
    match rule.validate(&value.value, None, &mut out, &mut findings) {
        NormalForm::Same => Some(value.value.clone()),
        NormalForm::Rewritten => Some(out),
        NormalForm::Rejected => {
            let why = findings.last().map_or("does not fit the field's type", |last| last.message.as_ref());
            mistakes.add(&value.place, format!("`{}` cannot be a value of this field: {why}", value.value));
            None
        }
    }
}

/// The value in a pattern's condition must be one that the other field can have.
pub(super) fn check_conditions(shape: &EntityShape, fields: &[Option<Field>], mistakes: &mut Mistakes) {
    for field in &shape.fields {
        let Some((when, equals)) = field.pattern.as_ref().and_then(|pattern| pattern.when.as_ref()) else {
            continue;
        };
        let other = shape.fields.iter().position(|other| other.name.value == when.value);
        let rule = other.and_then(|other| fields[other].as_ref()).map(|field| &field.rule);
        if let Some(normal) = normal_form(rule, equals, mistakes)
            && normal != equals.value
        {
            let message = format!("`{}` is kept as `{normal}` in the other field", equals.value);
            mistakes.advise(&equals.place, message, format!("write equals = \"{normal}\""));
        }
    }
}

fn sibling(field: &FieldShape, shape: &EntityShape, mistakes: &mut Mistakes) -> Option<FieldIndex> {
    let name = field.sibling.as_ref()?;
    let index = shape.find(name, mistakes)?;
    let wanted = if field.kind.as_ref().is_some_and(|kind| kind.value == Kind::Bic) {
        Kind::Iban
    } else {
        Kind::Country
    };
    if let Some(kind) = &shape.fields[index].kind
        && kind.value != wanted
    {
        let message = format!("field `{}` has type {}, not {}", name.value, kind.value.name(), wanted.name());
        mistakes.add(&name.place, message);
    }
    Some(index)
}

fn pattern(field: &FieldShape, shape: &EntityShape, mistakes: &mut Mistakes) -> Option<Pattern> {
    let pattern = field.pattern.as_ref()?;
    let when = pattern.when.as_ref().and_then(|(when, equals)| {
        let field = shape.find(when, mistakes)?;
        Some(PatternWhen { field, equals: equals.value.clone() })
    });
    let source = &pattern.regex.value;
    // Compiled alone first: a pattern like `a)(b` must not become valid between the anchors.
    match Regex::new(source).and_then(|_| Regex::new(&format!(r"\A(?:{source})\z"))) {
        Ok(regex) => Some(Pattern { source: source.clone(), regex, when }),
        Err(error) => {
            let error = error.to_string();
            let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let hint = "see https://docs.rs/regex/latest/regex/#syntax";
            mistakes.advise(&pattern.regex.place, format!("the pattern does not compile: {why}"), hint);
            None
        }
    }
}

fn reference(field: &FieldShape, all: &[EntityShape], mistakes: &mut Mistakes) -> Option<Reference> {
    let target = field.references.as_ref()?;
    let Some(entity) = all.iter().position(|shape| shape.entity.value == target.value) else {
        let known = all.iter().map(|shape| shape.entity.value.as_str());
        mistakes.unknown(
            &target.place,
            format!("no file describes entity `{}`", target.value),
            &target.value,
            known,
        );
        return None;
    };
    let key = all[entity].key.as_ref().map(|key| &key.value);
    let key = all[entity].fields.iter().find(|other| Some(&other.name.value) == key);
    if let (Some(own), Some(theirs)) = (&field.kind, key.and_then(|key| key.kind.as_ref()))
        && own.value != theirs.value
        && matches!(theirs.value, Kind::Text | Kind::Email)
    {
        let theirs = theirs.value.name();
        let message = format!("a {} refers to the key of `{}`, a {theirs}", own.value.name(), target.value);
        mistakes.advise(
            &own.place,
            message,
            format!("write type = \"{theirs}\", so that both have one normal form"),
        );
    }
    if let Some(default) = &field.default {
        mistakes.add(&default.place, "a reference cannot have a default");
    }
    Some(Reference { entity })
}

fn check_lengths(field: &FieldShape, mistakes: &mut Mistakes) {
    if let (Some(min), Some(max)) = (&field.min_length, &field.max_length)
        && min.value > max.value
    {
        mistakes.add(&min.place, format!("min_length {} is more than max_length {}", min.value, max.value));
    }
}

fn default(field: &FieldShape, required: bool, rule: &Rule, mistakes: &mut Mistakes) -> Option<String> {
    let default = field.default.as_ref()?;
    if required {
        let hint = "remove either `required` or `default`";
        mistakes.advise(
            &default.place,
            "a required field is never empty, so its default is never used",
            hint,
        );
        return None;
    }
    normal_form(Some(rule), default, mistakes)
}

/// A severity must be that of a cell's code, of a code that this type can have, and must leave a value that the
/// database column can hold.
fn check_severities(field: &FieldShape, kind: Kind, required: bool, mistakes: &mut Mistakes) {
    for (Located { value: code, place }, severity) in &field.severity {
        let demoted = code.default_severity() == Severity::Reject && *severity != Severity::Reject;
        if *code == Code::UnresolvedReference {
            if field.references.is_none() {
                mistakes.add(place, format!("`{code}` never occurs here: the field is no reference"));
            }
        } else if code.level() != Level::Cell {
            let about = match code.level() {
                Level::File => "whole files",
                Level::Record => "a record's structure",
                Level::Row => "rows among other rows",
                Level::Database | Level::Cell => "rows in the database",
            };
            let hint = "a field sets severities of codes about its cells";
            mistakes.advise(place, format!("`{code}` is about {about}, not about a field"), hint);
        } else if !COMMON_CODES.contains(code) && !kind.codes().contains(code) {
            let known: Vec<&str> = kind.codes().iter().map(|code| code.as_str()).collect();
            let message = format!("`{code}` never occurs with type {}", kind.name());
            let hint = match known.as_slice() {
                [] => "the type has no codes of its own".to_owned(),
                known => format!("the codes of the type are: {}", known.join(", ")),
            };
            mistakes.advise(place, message, hint);
        } else if *code == Code::Required && demoted && required {
            let hint = "remove required = true instead";
            mistakes.advise(place, "the column cannot hold the missing value: the field is required", hint);
        } else if demoted && !holds_any_text(kind) && unreadable(*code, kind) {
            let hint = format!("leave `{code}` a reject, or give the field the type text");
            let message = format!("a column of type {} cannot hold a value with `{code}`", kind.name());
            mistakes.advise(place, message, hint);
        }
    }
}

/// Whether the database column takes any text.
fn holds_any_text(kind: Kind) -> bool {
    let typed = [Kind::Boolean, Kind::List, Kind::Integer, Kind::Decimal, Kind::Date, Kind::Timestamp];
    !typed.contains(&kind)
}

/// Whether a cell with this code has no normal form.
fn unreadable(code: Code, kind: Kind) -> bool {
    kind.codes().contains(&code) || matches!(code, Code::ControlCharacter | Code::ExcelScientific)
}

fn rule(field: &FieldShape, kind: Kind, mistakes: &mut Mistakes) -> Option<Rule> {
    Some(match kind {
        Kind::Text => Rule::Text(rule::text::Text::new(field.multiline)),
        Kind::Choice => Rule::Choice(choice(field, mistakes)?),
        Kind::Boolean => Rule::Boolean(rule::boolean::Boolean::new(spellings(field, mistakes))),
        Kind::List => Rule::List(rule::list::List::new(separator(field, mistakes)?)),
        Kind::Email => Rule::Email(rule::email::Email),
        Kind::Phone => Rule::Phone(rule::phone::Phone::new(default_country(field, mistakes))),
        Kind::Country => Rule::Country(rule::country::Country),
        Kind::Language => Rule::Language(rule::language::Language),
        Kind::Iban => Rule::Iban(rule::iban::Iban),
        Kind::Bic => Rule::Bic(rule::bic::Bic),
        Kind::Vat => Rule::Vat(rule::vat::Vat::new(default_country(field, mistakes))),
        Kind::PostalCode => {
            Rule::PostalCode(rule::postal_code::PostalCode::new(default_country(field, mistakes)))
        }
        Kind::Integer => Rule::Integer(rule::number::Integer),
        Kind::Decimal => Rule::Decimal(decimal(field)),
        Kind::Date => Rule::Date(date(field, mistakes)),
        Kind::Timestamp => Rule::Timestamp(timestamp(field, mistakes)),
    })
}

fn choice(field: &FieldShape, mistakes: &mut Mistakes) -> Option<rule::choice::Choice> {
    if field.values.is_empty() {
        let hint = "add values = [\"…\", \"…\"]";
        mistakes.advise(&field.name.place, format!("the choice `{}` has no values", field.name.value), hint);
        return None;
    }
    let exact = field.exact.as_ref().is_some_and(|exact| exact.value);
    let mut seen: Vec<(String, &str)> = Vec::new();
    for (value, aliases) in &field.values {
        if exact && let Some(alias) = aliases.first() {
            let hint = "remove the aliases or exact = true";
            mistakes.advise(&alias.place, "an exact choice has no aliases", hint);
        }
        for word in std::iter::once(value).chain(aliases) {
            let key = if exact { word.value.clone() } else { choice_key(&word.value) };
            match seen.iter().find(|(known, _)| *known == key) {
                // A label that repeats its own value in another spelling documents it.
                Some((_, owner)) if *owner == value.value && word.value != value.value => {}
                Some((_, owner)) if !std::ptr::eq(word, value) || *owner != value.value => {
                    mistakes.add(&word.place, format!("`{}` already means `{owner}`", word.value));
                }
                Some(_) => mistakes.add(&word.place, format!("`{}` is listed twice", word.value)),
                None => seen.push((key, &value.value)),
            }
        }
    }
    if let Some(otherwise) = &field.otherwise
        && !field.values.iter().any(|(value, _)| value.value == otherwise.value)
    {
        let known = field.values.iter().map(|(value, _)| value.value.as_str());
        let message = format!("otherwise `{}` is none of the values", otherwise.value);
        mistakes.unknown(&otherwise.place, message, &otherwise.value, known);
    }
    let values = field.values.iter().map(|(value, aliases)| {
        (value.value.clone(), aliases.iter().map(|alias| alias.value.clone()).collect())
    });
    let otherwise = field.otherwise.as_ref().map(|otherwise| otherwise.value.clone());
    Some(rule::choice::Choice::new(values.collect(), exact, otherwise))
}

/// The form in which the rule compares a cell with a choice.
fn choice_key(word: &str) -> String {
    let kept = word.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

fn spellings(field: &FieldShape, mistakes: &mut Mistakes) -> Vec<(String, bool)> {
    let mut seen = vec![("true".to_owned(), true), ("false".to_owned(), false)];
    for (word, meaning) in &field.spellings {
        match seen.iter().find(|(known, _)| *known == word.value) {
            Some((_, other)) if other == meaning => {
                mistakes.add(&word.place, format!("`{}` is {other} already", word.value));
            }
            Some((_, other)) => {
                mistakes.add(&word.place, format!("`{}` cannot be both {meaning} and {other}", word.value));
            }
            None => seen.push((word.value.clone(), *meaning)),
        }
    }
    seen.split_off(2)
}

fn separator(field: &FieldShape, mistakes: &mut Mistakes) -> Option<char> {
    let Some(separator) = &field.separator else { return Some(',') };
    let mut chars = separator.value.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if !matches!(c, '"' | '\r' | '\n' | '\0') => Some(c),
        _ => {
            let hint = "write separator = \",\" or another single character";
            mistakes.advise(
                &separator.place,
                "the separator is not one character that a cell can hold",
                hint,
            );
            None
        }
    }
}

fn default_country(field: &FieldShape, mistakes: &mut Mistakes) -> Option<String> {
    let country = field.default_country.as_ref()?;
    let is_alpha_2 = country.value.len() == 2 && country.value.bytes().all(|b| b.is_ascii_uppercase());
    if !is_alpha_2 {
        let hint = "write the two capital letters of ISO 3166-1, for example NL";
        mistakes.advise(&country.place, format!("`{}` is not a country code", country.value), hint);
        return None;
    }
    validated(&Rule::Country(rule::country::Country), country, mistakes)
}

/// How a date or time is written; the column decides if the schema does not say.
fn format(field: &FieldShape) -> String {
    field.format.as_ref().map_or_else(|| AUTO.to_owned(), |format| format.value.clone())
}

fn date(field: &FieldShape, mistakes: &mut Mistakes) -> Date {
    let date = Date::new(format(field));
    check_format(field, date.is_usable(), ISO_8601, mistakes);
    date
}

fn timestamp(field: &FieldShape, mistakes: &mut Mistakes) -> Timestamp {
    let timestamp = Timestamp::new(format(field));
    check_format(field, timestamp.is_usable(), RFC_3339, mistakes);
    timestamp
}

fn check_format(field: &FieldShape, usable: bool, usual: &str, mistakes: &mut Mistakes) {
    if let Some(format) = field.format.as_ref().filter(|_| !usable) {
        let hint = format!("write it like {usual}, or \"{AUTO}\" to let the column decide");
        mistakes.advise(&format.place, format!("the format `{}` is not complete", format.value), hint);
    }
}

/// The decimal mark; the column decides if the schema does not say.
fn decimal(field: &FieldShape) -> Decimal {
    field.decimal_comma.as_ref().map_or_else(Decimal::automatic, |comma| Decimal::new(comma.value))
}
