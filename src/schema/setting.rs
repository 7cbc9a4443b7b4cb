//! The table of field types and their settings: which setting fits which type, and what each means. The reader, the
//! compiler and the JSON Schema all use it.

use crate::record::Code;

/// A field type in a schema file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Choice,
    Boolean,
    List,
    Email,
    Phone,
    Country,
    Language,
    Iban,
    Bic,
    Vat,
    PostalCode,
    Integer,
    Decimal,
    Date,
    Timestamp,
}

impl Kind {
    /// All types, in the order of the documentation.
    pub(super) const ALL: [Self; 16] = [
        Self::Text,
        Self::Choice,
        Self::Boolean,
        Self::List,
        Self::Email,
        Self::Phone,
        Self::Country,
        Self::Language,
        Self::Iban,
        Self::Bic,
        Self::Vat,
        Self::PostalCode,
        Self::Integer,
        Self::Decimal,
        Self::Date,
        Self::Timestamp,
    ];

    /// The word in the file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Choice => "choice",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Country => "country",
            Self::Language => "language",
            Self::Iban => "iban",
            Self::Bic => "bic",
            Self::Vat => "vat",
            Self::PostalCode => "postal-code",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }

    /// The type with this name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The codes that cells of this type can have in addition to [`COMMON_CODES`].
    pub(super) fn codes(self) -> &'static [Code] {
        match self {
            Self::Text | Self::List => &[],
            Self::Choice => &[Code::InvalidChoice, Code::Defaulted],
            Self::Boolean => &[Code::InvalidBoolean],
            Self::Email => &[Code::InvalidEmail, Code::NonAsciiMailbox, Code::UncertainEmail],
            Self::Phone => &[Code::InvalidPhone, Code::UncertainPhone],
            Self::Country => &[Code::InvalidCountry, Code::CountryAlias],
            Self::Language => &[Code::InvalidLanguage],
            Self::Iban => &[Code::InvalidIban],
            Self::Bic => &[Code::InvalidBic, Code::BicCountry],
            Self::Vat => &[Code::InvalidVat, Code::VatCheckDigits],
            Self::PostalCode => &[Code::InvalidPostalCode],
            Self::Integer | Self::Decimal => &[Code::InvalidNumber],
            Self::Date => &[Code::InvalidDate, Code::AmbiguousDate],
            Self::Timestamp => &[Code::InvalidDate, Code::AmbiguousDate, Code::AssumedUtc],
        }
    }
}

/// The codes that a cell of any type can have.
pub(super) const COMMON_CODES: [Code; 6] = [
    Code::Required,
    Code::TooShort,
    Code::TooLong,
    Code::PatternMismatch,
    Code::ControlCharacter,
    Code::ExcelScientific,
];

/// The kind of value that a setting has in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// The name of a type.
    Type,
    /// `true` or `false`.
    Bool,
    /// A number from 1 up.
    Count,
    /// A list of strings.
    Texts,
    /// A string, a number or a boolean.
    Scalar,
    /// A regular expression, or a table with its condition.
    Pattern,
    /// A list of values, or a table from value to aliases.
    Choices,
    /// A table with `true` and `false`, each a list of strings.
    Spellings,
    /// A table from code to severity.
    Severities,
}

/// One setting of a field.
#[derive(Debug)]
pub(super) struct Setting {
    /// The key in the file.
    pub(super) name: &'static str,
    /// The types it fits; empty means all.
    pub(super) fits: &'static [Kind],
    /// The kind of its value.
    pub(super) shape: Shape,
    /// What it means, for editors.
    pub(super) doc: &'static str,
}

/// Every setting of a field, in the order of the documentation.
#[rustfmt::skip]
pub(super) const SETTINGS: &[Setting] = &[
    Setting { name: "name", fits: &[], shape: Shape::Text, doc: "The header in the files, for example contact.firstName. Case, spaces, _, - and . are ignored." },
    Setting { name: "type", fits: &[], shape: Shape::Type, doc: "The type of the cells." },
    Setting { name: "aliases", fits: &[], shape: Shape::Texts, doc: "Further headers that mean this field, tried after the exact name." },
    Setting { name: "column", fits: &[], shape: Shape::Text, doc: "The column of the table; default: the name in snake case. For a reference it holds the id of the other row." },
    Setting { name: "required", fits: &[], shape: Shape::Bool, doc: "An empty cell rejects the row, and a file without the column is rejected." },
    Setting { name: "default", fits: &[], shape: Shape::Scalar, doc: "The value of an empty cell." },
    Setting { name: "min_length", fits: &[], shape: Shape::Count, doc: "The smallest number of characters." },
    Setting { name: "max_length", fits: &[], shape: Shape::Count, doc: "The largest number of characters." },
    Setting { name: "pattern", fits: &[], shape: Shape::Pattern, doc: "A regular expression that must match the whole value; with a table { regex, when, equals } only in rows whose field `when` has the value `equals`." },
    Setting { name: "unique", fits: &[], shape: Shape::Bool, doc: "No two rows may have the same value." },
    Setting { name: "references", fits: &[Kind::Text, Kind::Email], shape: Shape::Text, doc: "The entity whose key the cell holds." },
    Setting { name: "on_update", fits: &[], shape: Shape::OneOf(&["overwrite", "keep", "fill-empty"]), doc: "What an update does with a filled field: overwrite it (also with an empty cell), keep it if the cell is empty, or fill-empty (never change it)." },
    Setting { name: "sensitive", fits: &[], shape: Shape::Bool, doc: "Masked in reports and logs." },
    Setting { name: "severity", fits: &[], shape: Shape::Severities, doc: "What a finding with a code does here: reject, warning or ignore." },
    Setting { name: "multiline", fits: &[Kind::Text], shape: Shape::Bool, doc: "Line breaks are allowed." },
    Setting { name: "values", fits: &[Kind::Choice], shape: Shape::Choices, doc: "The choices: a list, or a table from each choice to its aliases." },
    Setting { name: "exact", fits: &[Kind::Choice], shape: Shape::Bool, doc: "The cell must equal a choice exactly; default: case, spaces, _ and - are ignored." },
    Setting { name: "otherwise", fits: &[Kind::Choice], shape: Shape::Text, doc: "The choice that every other cell becomes, also an empty one." },
    Setting { name: "spellings", fits: &[Kind::Boolean], shape: Shape::Spellings, doc: "Further words for true and false." },
    Setting { name: "separator", fits: &[Kind::List], shape: Shape::Text, doc: "The character between the items of a cell; default: a comma." },
    Setting { name: "country_field", fits: &[Kind::Phone, Kind::Vat, Kind::PostalCode], shape: Shape::Text, doc: "The field of the same row that names the country." },
    Setting { name: "default_country", fits: &[Kind::Phone, Kind::Vat, Kind::PostalCode], shape: Shape::Text, doc: "The country (ISO 3166-1 alpha-2) of rows that name none." },
    Setting { name: "iban_field", fits: &[Kind::Bic], shape: Shape::Text, doc: "The field of the same row that holds the IBAN." },
    Setting { name: "decimal_comma", fits: &[Kind::Decimal], shape: Shape::Bool, doc: "Whether the decimal mark is a comma; default: the whole column decides." },
    Setting { name: "format", fits: &[Kind::Date, Kind::Timestamp], shape: Shape::Text, doc: "The format of the cells, for example %d-%m-%Y (strptime); default: auto, the whole column decides." },
];

/// The setting with this name.
pub(super) fn setting(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}
