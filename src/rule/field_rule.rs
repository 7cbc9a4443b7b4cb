//! The rule of one field: a type with its settings. What each type accepts is left to the type's own file.

use std::borrow::Cow;

use super::cell::{CellFinding, NormalForm};
use super::text::{Cleansed, cleanse};
use super::{
    bic, boolean, choice, country, date, email, iban, language, list, number, phone, postal_code, text, vat,
};
use crate::record::Message;

/// A compiled rule. Built by `schema::compile`, shared by all threads.
///
/// Each variant's type has a `new` that takes its settings, if it has any, and the method
/// `validate(&self, cell, sibling, out, findings) -> NormalForm` described at [`Rule::validate`].
#[derive(Debug, Clone)]
pub(crate) enum Rule {
    /// Free text.
    Text(text::Text),
    /// One of a list of values.
    Choice(choice::Choice),
    /// `true` or `false`.
    Boolean(boolean::Boolean),
    /// Several values in one cell.
    List(list::List),
    /// An e-mail address.
    Email(email::Email),
    /// A telephone number, stored in E.164 form. The sibling is the row's country (alpha-2).
    Phone(phone::Phone),
    /// A country, stored as ISO 3166-1 alpha-2.
    Country(country::Country),
    /// A language tag (BCP 47).
    Language(language::Language),
    /// An IBAN (ISO 13616), stored without spaces.
    Iban(iban::Iban),
    /// A BIC (ISO 9362). The sibling is the row's IBAN.
    Bic(bic::Bic),
    /// A VAT number. The sibling is the row's country.
    Vat(vat::Vat),
    /// A postal code. The sibling is the row's country.
    PostalCode(postal_code::PostalCode),
    /// A whole number that fits `bigint`.
    Integer(number::Integer),
    /// A decimal number.
    Decimal(number::Decimal),
    /// A calendar date.
    Date(date::Date),
    /// A point in time.
    Timestamp(date::Timestamp),
}

impl Rule {
    /// Validates one cell.
    ///
    /// `cell` has been cleansed by [`cleanse`] and is not empty. `sibling` is the normal form of the sibling cell
    /// that the rule declared, if that cell has one. `out` is empty; the rule may leave anything in it unless it
    /// returns [`NormalForm::Rewritten`]. The rule adds to `findings` only what is wrong with this cell: for
    /// [`NormalForm::Rejected`] exactly one finding with a rejecting code (the last one), else only warnings. The
    /// reader does not ask the rule about cells that it knows to be valid: see `src/read/step.rs`.
    #[inline]
    pub(crate) fn validate(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        match self {
            Self::Text(rule) => rule.validate(cell, sibling, out, findings),
            Self::Choice(rule) => rule.validate(cell, sibling, out, findings),
            Self::Boolean(rule) => rule.validate(cell, sibling, out, findings),
            Self::List(rule) => rule.validate(cell, sibling, out, findings),
            Self::Email(rule) => rule.validate(cell, sibling, out, findings),
            Self::Phone(rule) => rule.validate(cell, sibling, out, findings),
            Self::Country(rule) => rule.validate(cell, sibling, out, findings),
            Self::Language(rule) => rule.validate(cell, sibling, out, findings),
            Self::Iban(rule) => rule.validate(cell, sibling, out, findings),
            Self::Bic(rule) => rule.validate(cell, sibling, out, findings),
            Self::Vat(rule) => rule.validate(cell, sibling, out, findings),
            Self::PostalCode(rule) => rule.validate(cell, sibling, out, findings),
            Self::Integer(rule) => rule.validate(cell, sibling, out, findings),
            Self::Decimal(rule) => rule.validate(cell, sibling, out, findings),
            Self::Date(rule) => rule.validate(cell, sibling, out, findings),
            Self::Timestamp(rule) => rule.validate(cell, sibling, out, findings),
        }
    }

    /// The normal form of a value that does not come from a file, such as the value of a filter, with what was
    /// found. An empty value has an empty normal form.
    /// Errors: why the value has no normal form.
    pub(crate) fn normal_form(&self, value: &str) -> Result<(String, Vec<CellFinding>), Message> {
        let mut copy = String::new();
        let text = match cleanse(value, false, &mut copy) {
            Cleansed::Part(part) => part,
            Cleansed::Copied => copy.as_str(),
            Cleansed::Control(_) => return Err("it holds a control character".into()),
        };
        let (mut out, mut findings) = (String::new(), Vec::new());
        if text.is_empty() {
            return Ok((out, findings));
        }
        match self.validate(text, None, &mut out, &mut findings) {
            NormalForm::Same => Ok((text.to_owned(), findings)),
            NormalForm::Rewritten => Ok((out, findings)),
            NormalForm::Rejected => {
                Err(findings.pop().map_or("it does not fit".into(), |finding| finding.message))
            }
        }
    }

    /// Whether the rule's cells may hold line breaks.
    pub(crate) fn multiline(&self) -> bool {
        matches!(self, Self::Text(rule) if rule.multiline())
    }

    /// The normal form that the type gives an empty cell, or an absent column on insert: a choice's `otherwise`,
    /// an empty list, or `None` for NULL. A field's own default takes precedence.
    pub(crate) fn when_empty(&self) -> Option<&str> {
        match self {
            Self::Choice(rule) => rule.otherwise(),
            Self::List(_) => Some("{}"),
            _ => None,
        }
    }

    /// Whether a column of this type can hold an empty text that is not NULL: every text column but a choice.
    pub(crate) fn holds_empty_text(&self) -> bool {
        self.sql_type() == "text" && !matches!(self, Self::Choice(_))
    }

    /// The cell that an export writes for a normal form; this rule reads it as the same value again. For most types
    /// it is the normal form itself. Lists, decimal commas and declared date formats are written in their own way.
    /// `None` if no cell can hold the value, as with a list item that contains the separator.
    pub(crate) fn written<'v>(&self, normal: &'v str) -> Option<Cow<'v, str>> {
        Some(match self {
            Self::List(rule) => list::join(normal, rule.separator())?.into(),
            Self::Decimal(rule) => rule.written(normal).into(),
            Self::Date(rule) => rule.written(normal).into(),
            Self::Timestamp(rule) => rule.written(normal).into(),
            _ => normal.into(),
        })
    }

    /// The PostgreSQL type of the column that holds the normal form.
    pub(crate) fn sql_type(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "boolean",
            Self::List(_) => "text[]",
            Self::Integer(_) => "bigint",
            Self::Decimal(_) => "numeric",
            Self::Date(_) => "date",
            Self::Timestamp(_) => "timestamptz",
            _ => "text",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::validated;

    #[test]
    fn each_type_writes_its_values_as_it_reads_them() {
        for (rule, normal, cell) in [
            (Rule::List(list::List::new('|')), "{a,\"b c\"}", Some("a|b c")),
            (Rule::List(list::List::new(',')), "{\"a,b\"}", None),
            (Rule::Decimal(number::Decimal::new(true)), "1.50", Some("1,50")),
            (Rule::Date(date::Date::new("%d-%m-%Y".into())), "2026-01-31", Some("31-01-2026")),
            (
                Rule::Timestamp(date::Timestamp::new("%d-%m-%Y %H:%M".into())),
                "2026-01-31 12:00:00+00",
                Some("31-01-2026 12:00"),
            ),
            (Rule::Country(country::Country), "NL", Some("NL")),
        ] {
            assert_eq!(rule.written(normal).as_deref(), cell);
            if let Some(cell) = cell {
                assert_eq!(validated!(rule, cell).0.as_deref(), Some(normal));
            }
        }
    }
}
