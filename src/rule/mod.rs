//! The field types: what a cell of each kind may hold, and the one normal form it is kept in.
//!
//! One file per type. A rule sees one cell that has been cleansed (see [`text`]) and is not empty, and at
//! most one sibling cell of the same row that it declared (a phone number looks at the country). It does no
//! I/O and knows no column, no file and no database: what it returns is the value's normal form as text
//! that PostgreSQL reads, and notes. Whether a note rejects the row is decided by the schema's severities.

pub(crate) mod bic;
pub(crate) mod boolean;
pub(crate) mod choice;
pub(crate) mod country;
pub(crate) mod date;
pub(crate) mod email;
pub(crate) mod iban;
pub(crate) mod language;
pub(crate) mod list;
mod nearest;
pub(crate) mod number;
pub(crate) mod phone;
pub(crate) mod postal_code;
pub(crate) mod text;
pub(crate) mod vat;

use std::borrow::Cow;

use compact_str::CompactString;

use crate::record::{Code, Message};

/// What a rule made of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The cell is its own normal form; nothing was copied.
    Same,
    /// The normal form stands in the `out` buffer.
    Rewritten,
    /// There is no normal form: the last note pushed says why.
    Rejected,
}

/// Something a rule has to say about a cell. The caller adds the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Which rule spoke.
    pub(crate) code: Code,
    /// What is wrong, for a person; one lowercase sentence without a full stop, and without the cell's value.
    pub(crate) message: Message,
    /// What the cell might have meant, where that can be known.
    pub(crate) suggestion: Option<CompactString>,
}

impl Note {
    /// A note without a suggestion.
    #[must_use]
    pub(crate) fn new(code: Code, message: impl Into<Message>) -> Self {
        Self { code, message: message.into(), suggestion: None }
    }

    /// The same note with what the cell might have meant.
    #[must_use]
    pub(crate) fn suggest(mut self, suggestion: impl Into<CompactString>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }
}

/// A compiled rule: one field type with its settings. Built by `schema::compile`, shared by all threads.
///
/// Each variant's type has a `new` that takes its settings, and the method
/// `judge(&self, cell, sibling, out, notes) -> Fate` described at [`Rule::judge`].
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
    /// A telephone number, kept in E.164 form. The sibling is the row's country (alpha-2).
    Phone(phone::Phone),
    /// A country, kept as ISO 3166-1 alpha-2.
    Country(country::Country),
    /// A language tag (BCP 47).
    Language(language::Language),
    /// An IBAN (ISO 13616), kept without spaces.
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
    /// An instant.
    Timestamp(date::Timestamp),
}

impl Rule {
    /// Judges one cell.
    ///
    /// `cell` has been cleansed by [`text::cleanse`] and is not empty. `sibling` is the normal form of the
    /// sibling cell that the rule declared, where that cell has one. `out` is empty; the rule may leave
    /// rubbish in it unless it returns [`Fate::Rewritten`]. Pushes to `notes` only what it has to say about
    /// this cell: for [`Fate::Rejected`] exactly one note with a rejecting code (last), else only warnings.
    #[inline]
    pub(crate) fn judge(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        match self {
            Self::Text(rule) => rule.judge(cell, sibling, out, notes),
            Self::Choice(rule) => rule.judge(cell, sibling, out, notes),
            Self::Boolean(rule) => rule.judge(cell, sibling, out, notes),
            Self::List(rule) => rule.judge(cell, sibling, out, notes),
            Self::Email(rule) => rule.judge(cell, sibling, out, notes),
            Self::Phone(rule) => rule.judge(cell, sibling, out, notes),
            Self::Country(rule) => rule.judge(cell, sibling, out, notes),
            Self::Language(rule) => rule.judge(cell, sibling, out, notes),
            Self::Iban(rule) => rule.judge(cell, sibling, out, notes),
            Self::Bic(rule) => rule.judge(cell, sibling, out, notes),
            Self::Vat(rule) => rule.judge(cell, sibling, out, notes),
            Self::PostalCode(rule) => rule.judge(cell, sibling, out, notes),
            Self::Integer(rule) => rule.judge(cell, sibling, out, notes),
            Self::Decimal(rule) => rule.judge(cell, sibling, out, notes),
            Self::Date(rule) => rule.judge(cell, sibling, out, notes),
            Self::Timestamp(rule) => rule.judge(cell, sibling, out, notes),
        }
    }

    /// Whether the rule's cells may hold line breaks.
    #[must_use]
    pub(crate) fn multiline(&self) -> bool {
        matches!(self, Self::Text(rule) if rule.multiline())
    }

    /// The normal form that an empty cell (or an absent column, on insert) takes by the type alone: a
    /// choice's `otherwise`, an empty list; `None` where that is NULL. A field's own default goes first.
    #[must_use]
    pub(crate) fn when_empty(&self) -> Option<&str> {
        match self {
            Self::Choice(rule) => rule.otherwise(),
            Self::List(_) => Some("{}"),
            _ => None,
        }
    }

    /// Whether a column of this type can hold the empty text as something else than NULL: every text that is not
    /// one of a closed list of values.
    #[must_use]
    pub(crate) fn holds_empty_text(&self) -> bool {
        self.sql_type() == "text" && !matches!(self, Self::Choice(_))
    }

    /// A normal form as a cell that this rule judges to be the same value again: what an export writes. For
    /// most types that is the normal form itself; lists, decimal commas and declared dates have their own
    /// way of writing. `None` where no cell can say it, as with a list's item that holds the separator.
    #[must_use]
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
    #[must_use]
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
    //! What the tests of all rules share.

    use super::*;

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
            (Rule::Country(country::Country::new()), "NL", Some("NL")),
        ] {
            assert_eq!(rule.written(normal).as_deref(), cell);
            if let Some(cell) = cell {
                assert_eq!(judged!(rule, cell).0.as_deref(), Some(normal));
            }
        }
    }

    /// The normal form that a rule makes of a cell (`None`: rejected), and its notes.
    macro_rules! judged {
        ($rule:expr, $cell:expr) => {
            judged!($rule, $cell, None)
        };
        ($rule:expr, $cell:expr, $sibling:expr) => {{
            let (mut out, mut notes) = (String::new(), Vec::new());
            let cell: &str = $cell;
            let result = match $rule.judge(cell, $sibling, &mut out, &mut notes) {
                crate::rule::Fate::Same => Some(cell.to_owned()),
                crate::rule::Fate::Rewritten => Some(out),
                crate::rule::Fate::Rejected => None,
            };
            (result, notes)
        }};
    }

    /// Asserts the contract of `judge` on any cell: a normal form is judged to be itself, a reject comes
    /// with one rejecting note and all else with warnings only.
    macro_rules! stays {
        ($rule:expr, $cell:expr) => {
            stays!($rule, $cell, None)
        };
        ($rule:expr, $cell:expr, $sibling:expr) => {{
            let rule = $rule;
            let (normal, notes) = crate::rule::tests::judged!(rule, $cell, $sibling);
            let rejecting =
                |note: &&crate::rule::Note| note.code.default_severity() == crate::record::Severity::Reject;
            proptest::prop_assert_eq!(notes.iter().filter(rejecting).count(), usize::from(normal.is_none()));
            if let Some(normal) = normal {
                let again = crate::rule::tests::judged!(rule, &normal, $sibling).0;
                proptest::prop_assert_eq!(again, Some(normal));
            }
        }};
    }

    pub(super) use {judged, stays};
}
