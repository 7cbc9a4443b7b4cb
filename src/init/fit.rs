//! What a column's values say about a field: whether its rule accepts them, or they are plainly something else. The
//! header is not looked at.

use crate::rule::text::{Cleansed, cleanse};
use crate::rule::{NormalForm, Rule};
use crate::schema::{Entity, Field};

use super::evidence::Column;
use super::synonyms::Synonyms;

/// Countries that a row may be in, for values that only their country explains.
const COUNTRIES: [&str; 8] = ["NL", "DE", "BE", "FR", "GB", "AT", "LU", "CH"];

/// What the values say.
#[derive(Debug, Clone, Default)]
pub(super) struct Fit {
    /// The share that the field accepts, if it does not accept any text.
    pub(super) share: Option<f64>,
    /// There are no values.
    pub(super) is_empty: bool,
    /// Why they cannot be the field's, in words.
    pub(super) against: Option<String>,
}

/// Looks at the values of a column.
pub(super) fn fit(column: &Column, entity: &Entity, index: usize, synonyms: &Synonyms) -> Fit {
    let field = &entity.fields[index];
    let nothing = nothing(synonyms, field);
    let is_filled = column.values.iter().any(|(value, _)| !is_among(value, &nothing));
    if !is_filled {
        return Fit { is_empty: true, ..Fit::default() };
    }
    let share = |is: &dyn Fn(&str) -> bool| column.share(&nothing, is);
    match &field.rule {
        Rule::Text(_) | Rule::List(_) => {
            let against = against_text(column, entity, index, &share);
            Fit { share: None, is_empty: false, against }
        }
        rule => {
            let share = share(&|value| accepts(rule, value) || means(field, value, synonyms).is_some());
            let against = (share < 0.5).then(|| format!("{} of its values are such", percent(share)));
            Fit { share: Some(share), is_empty: false, against }
        }
    }
}

/// A property of a value.
type Test<'t> = &'t dyn Fn(&str) -> bool;

/// Why texts cannot be a field's: they are of a kind that it does not hold.
fn against_text(
    column: &Column,
    entity: &Entity,
    index: usize,
    share: &dyn Fn(Test<'_>) -> f64,
) -> Option<String> {
    let field = &entity.fields[index];
    let is_key = index == entity.key || field.reference.is_some();
    if index == entity.key && column.repeated {
        return Some("its values are not unique".to_owned());
    }
    if is_key || field.unique {
        let is_phrase = |value: &str| value.contains(' ') && value.chars().any(char::is_alphabetic);
        return (share(&is_phrase) > 0.5).then(|| "its values are names and not keys".to_owned());
    }
    let kinds: [(&str, Test<'_>); 4] = [
        ("e-mail addresses", &|value| value.contains('@') && !value.contains(' ')),
        ("web addresses", &|value| value.starts_with("http") || value.starts_with("www.")),
        ("dates", &is_date),
        ("IBANs", &|value| accepts(&Rule::Iban(crate::rule::iban::Iban), value)),
    ];
    let found = kinds.iter().find(|(_, is)| share(is) > 0.5).map(|(kind, _)| *kind);
    let is_numbers = share(&|value| value.bytes().all(|byte| byte.is_ascii_digit())) > 0.9;
    // A text that is as long as a name is one: numbers alone are none.
    let is_name = field.required && field.max_length.is_some();
    let found = found.or((is_name && is_numbers).then_some("numbers"));
    found.map(|kind| format!("its values are {kind}"))
}

fn is_date(value: &str) -> bool {
    let date = value.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split(['-', '/', '.']).collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|b| b.is_ascii_digit()))
        && parts.iter().any(|part| part.len() == 4)
}

/// Whether a rule accepts a value in some country.
pub(super) fn accepts(rule: &Rule, value: &str) -> bool {
    let mut buffer = String::new();
    let text = match cleanse(value, rule.multiline(), &mut buffer) {
        Cleansed::Part(part) => part,
        Cleansed::Copied => buffer.as_str(),
        Cleansed::Control(_) => return false,
    };
    let accepts = |sibling: Option<&str>| {
        let (mut out, mut findings) = (String::new(), Vec::new());
        let form = rule.validate(text, sibling, &mut out, &mut findings);
        // What becomes another value by default is not accepted.
        let is_defaulted = matches!(rule, Rule::Choice(_)) && !findings.is_empty();
        form != NormalForm::Rejected && !is_defaulted
    };
    let needs_country = matches!(rule, Rule::Phone(_) | Rule::Vat(_) | Rule::PostalCode(_));
    accepts(None) || needs_country && COUNTRIES.iter().any(|country| accepts(Some(country)))
}

/// The value of a choice or a boolean that another spelling means, or the language of a name.
pub(super) fn means(field: &Field, value: &str, synonyms: &Synonyms) -> Option<String> {
    match &field.rule {
        Rule::Choice(choice) => {
            let among: Vec<&str> = choice.values().collect();
            synonyms.meaning(value, &among).map(str::to_owned)
        }
        Rule::Boolean(_) => synonyms.meaning(value, &["true", "false"]).map(str::to_owned),
        Rule::Language(_) => {
            let (mut out, mut findings) = (String::new(), Vec::new());
            field.rule.validate(value, None, &mut out, &mut findings);
            findings.pop().and_then(|finding| finding.suggestion).map(Into::into)
        }
        _ => None,
    }
}

/// The words for nothing that a field has no meaning for, in lower case.
pub(super) fn nothing(synonyms: &Synonyms, field: &Field) -> Vec<String> {
    let has_meaning = |word: &str| accepts(&field.rule, word) || means(field, word, synonyms).is_some();
    let is_text = matches!(field.rule, Rule::Text(_) | Rule::List(_));
    let sometimes = synonyms.sometimes.iter().filter(|word| !is_text && !has_meaning(word));
    let always = synonyms.always.iter().filter(|word| is_text || !has_meaning(word));
    always.chain(sometimes).cloned().collect()
}

/// Whether a value is one of these words, in any case.
pub(super) fn is_among(value: &str, words: &[String]) -> bool {
    let lower = value.to_lowercase();
    words.contains(&lower)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
