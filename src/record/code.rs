//! The codes of findings: stable, kebab-case, never reused. This table alone has each code's name, level, default
//! severity and explanation; `muster explain` and the reports read them from here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Severity;

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// A whole file. Codes that are not warnings stop the run.
    File,
    /// A record's structure, before its cells are validated.
    Record,
    /// One cell.
    Cell,
    /// A row among other rows.
    Row,
    /// A row in the target database.
    Database,
}

/// What `muster explain` says about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What it means.
    pub what: &'static str,
    /// Why the rule exists.
    pub why: &'static str,
    /// How to fix the row.
    pub fix: &'static str,
}

macro_rules! codes {
    ($($variant:ident $name:literal $level:ident $severity:ident $what:literal $why:literal $fix:literal;)+) => {
        /// Which rule a finding comes from.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $what] #[serde(rename = $name)] $variant,)+
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code's stable name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }

            /// What the code is about.
            pub(crate) fn level(self) -> Level {
                match self { $(Code::$variant => Level::$level),+ }
            }

            /// What a finding with this code does to its row, unless the schema or `--strict` changes it.
            #[must_use]
            pub fn default_severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity),+ }
            }

            /// What the code means, why it exists, how to fix the row.
            #[must_use]
            pub fn explanation(self) -> Explanation {
                match self {
                    $(Code::$variant => Explanation { what: $what, why: $why, fix: $fix }),+
                }
            }
        }
    };
}

codes! {
    MissingColumn "missing-column" File Reject
        "The header lacks a column that the schema requires."
        "Without it every row of the file would be incomplete, so nothing is read."
        "Add the column, or say which column it is with --map 'Header=field'.";
    DuplicateHeader "duplicate-header" File Reject
        "Two columns of the header mean the same field."
        "It is not known which of the two has the right value."
        "Rename or remove one of the two columns that the finding names.";
    ForbiddenColumn "forbidden-column" File Reject
        "The name of a column says that it holds passwords."
        "Passwords are never imported, not even by mistake."
        "Remove the column from the file.";
    NotText "not-text" File Reject
        "The file is not text in a known encoding."
        "It is probably a spreadsheet, an archive or a picture. Read as CSV it would give rubbish."
        "Save it as CSV (UTF-8) and try again.";
    EmptyFile "empty-file" File Reject
        "The file has no header."
        "A file with only a header is fine. A file with nothing in it is usually a failed transfer."
        "Check the transfer. Leave the file out if there is nothing to import.";
    ChangesFile "changes-file" File Reject
        "The file lists changes, as export --changes-since writes them."
        "In a plain import its deletions would become inserts."
        "Use import --apply-changes.";
    UnknownColumn "unknown-column" File Warning
        "A filled column is neither a field of the schema nor an alias of one, and nobody said to ignore it."
        "It is not imported. A typing mistake in a column's name has the same effect."
        "Map it to its field with --map 'Header=field'. If it is not needed, ignore it in the schema or in muster.toml.";
    TooManyCells "too-many-cells" Record Reject
        "The record has more cells than the header."
        "There is usually a separator inside a cell without quotes. No cell is moved to make the record fit."
        "Put the cell with the separator in double quotes, or remove the separator that is too many.";
    MissingCells "missing-cells" Record Reject
        "The record has fewer cells than the header, or lacks a key that other records of the file have."
        "The line was cut off or broken in two. No cell is moved to make the record fit."
        "Complete the record. With --pad-short missing cells count as empty if all of them are optional.";
    UnclosedQuote "unclosed-quote" Record Reject
        "A double quote opens a cell and no double quote closes it."
        "Reading went on at the next line, so that only this record is rejected."
        "Close the quote, or double it (\"\") if it belongs to the value.";
    StrayQuote "stray-quote" Record Reject
        "A double quote is at a place where it neither opens nor closes a cell."
        "It is not known what the cell was meant to hold."
        "Put the whole cell in double quotes, and double the quotes inside it.";
    RecordTooLarge "record-too-large" Record Reject
        "The record is larger than --max-record."
        "The cause is nearly always a mistake in the quoting. The limit keeps such a record from taking all memory."
        "Correct the quoting, or raise --max-record.";
    InvalidEncoding "invalid-encoding" Record Reject
        "The record has bytes that are not valid in the file's encoding."
        "They are never replaced without a finding."
        "Correct the bytes, or name the right encoding with --encoding.";
    InvalidJson "invalid-json" Record Reject
        "The line is not one JSON object that has one value, or a list of values, for each key."
        "Values are never guessed. A key that occurs twice has no certain value."
        "Correct the place that the finding names. No item of a list may contain the separator of the cell's items.";
    NulByte "nul-byte" Record Reject
        "The record has a NUL byte."
        "A text in PostgreSQL cannot hold one."
        "Remove the NUL byte.";
    RepeatedHeader "repeated-header" Record Warning
        "The header occurs again in the middle of the file."
        "This happens when files are joined. The line is skipped and counted."
        "Do nothing.";
    Required "required" Cell Reject
        "A cell that the schema requires is empty."
        "The receiving system cannot use a row without it."
        "Fill the cell.";
    InvalidChoice "invalid-choice" Cell Reject
        "The value is not one of the choices."
        "Only values that the receiving system knows are stored."
        "Use one of the values that the finding names.";
    InvalidBoolean "invalid-boolean" Cell Reject
        "The value is neither true nor false."
        "Other spellings (yes, 1, X) mean different things in different systems."
        "Write true or false.";
    InvalidEmail "invalid-email" Cell Reject
        "The value is not an e-mail address."
        "An address has one @, a dot in its domain, and at most the lengths of RFC 5321."
        "Correct the address.";
    InvalidPhone "invalid-phone" Cell Reject
        "The value cannot be a telephone number."
        "It is too short, too long, or not a number of the country it belongs to."
        "Write it in international form, for example +31612345678.";
    ExcelScientific "excel-scientific" Cell Reject
        "A spreadsheet has turned the number into scientific notation."
        "The last digits are lost, and this file does not have them."
        "Take the number from the source again, with the column formatted as text.";
    InvalidCountry "invalid-country" Cell Reject
        "The value is not a country."
        "The codes of ISO 3166-1 (alpha-2, alpha-3, numeric) and the Dutch, English, French and German names are known. A code with punctuation in it is none: N/A is not Namibia."
        "Write the two-letter code, for example NL.";
    InvalidLanguage "invalid-language" Cell Reject
        "The value is not a language tag."
        "Language tags follow BCP 47."
        "Write, for example, nl or en-GB.";
    InvalidIban "invalid-iban" Cell Reject
        "The value is not an IBAN."
        "The country, the length or the check digits (ISO 13616, mod 97) are wrong. Digits are never guessed."
        "Take the number from the source again.";
    InvalidBic "invalid-bic" Cell Reject
        "The value is not a BIC."
        "A BIC has 8 or 11 characters (ISO 9362)."
        "Correct it.";
    InvalidVat "invalid-vat" Cell Reject
        "The value is not a VAT number of the country."
        "Each country has its own shape of VAT numbers, and some numbers of that shape are never issued."
        "Correct it, and check that the country is right.";
    InvalidPostalCode "invalid-postal-code" Cell Reject
        "The value is not a postal code of the country."
        "Each country has its own shape of postal codes."
        "Correct it, and check that the country is right.";
    InvalidNumber "invalid-number" Cell Reject
        "The value is not a number in the declared format."
        "Decimal marks and thousands separators are not guessed row by row."
        "Write it as the schema says.";
    InvalidDate "invalid-date" Cell Reject
        "The value is not a date or time in the declared format."
        "The day and the time must exist."
        "Write it as the schema says, for example 2026-01-31.";
    AmbiguousDate "ambiguous-date" Cell Reject
        "Day and month could be exchanged, and nothing in the column decides which is which."
        "Nobody would notice a wrong guess."
        "Declare the format in the schema, or give the order with --reading.";
    TooShort "too-short" Cell Reject
        "The value has fewer characters than the schema allows."
        "It was probably cut off."
        "Complete it.";
    TooLong "too-long" Cell Reject
        "The value has more characters than the schema allows."
        "The receiving system would refuse it or cut it off."
        "Shorten it.";
    PatternMismatch "pattern-mismatch" Cell Reject
        "The value does not match the pattern in the schema."
        "The finding shows the pattern."
        "Correct the value.";
    ControlCharacter "control-character" Cell Reject
        "The value has a control character, or a line break that is not allowed."
        "Control characters are invisible, and other systems fail on them."
        "Remove it.";
    Defaulted "defaulted" Cell Warning
        "A fixed rule has replaced a value that was not empty."
        "It is nearly always a mistake in the source (FEMALE, vrouw, NL)."
        "Check whether the value was meant. --strict rejects such rows.";
    UncertainPhone "uncertain-phone" Cell Warning
        "The number may be wrong: it is in no known range of its country, or the cell held more than a number."
        "Numbering plans change, so the number may be right. Words, a second number or an extension are left out."
        "Check the number.";
    NonAsciiMailbox "non-ascii-mailbox" Cell Warning
        "The part before the @ has characters beyond ASCII."
        "Only mail systems that support RFC 6531 deliver to it."
        "Check the address.";
    UncertainEmail "uncertain-email" Cell Warning
        "The address is well formed, but its domain looks like a typing mistake."
        "Mail to gmial.com does not reach the customer, or reaches somebody else."
        "Check the address. The suggestion has the domain that was probably meant.";
    AssumedUtc "assumed-utc" Cell Warning
        "The time has no offset from UTC, and was read as UTC."
        "If it is the local time of a place, it is wrong by hours."
        "Write the offset, for example 2026-01-31T12:00:00+01:00. If the times are in UTC, the schema can ignore this code.";
    CountryAlias "country-alias" Cell Warning
        "A name or code that is not in ISO 3166-1 was read as a country."
        "UK is read as GB, for example."
        "Do nothing if that is right.";
    BicCountry "bic-country" Cell Warning
        "The BIC and the IBAN belong to different countries."
        "That is right for some banks."
        "Check both.";
    VatCheckDigits "vat-check-digits" Cell Warning
        "The check digits of the VAT number do not fit."
        "There may be a typing mistake in it."
        "Check the number.";
    DuplicateKey "duplicate-key" Row Reject
        "Another row has the same key, or the same value in a unique column."
        "Only one of them can be kept. The finding names it."
        "Remove one of them, or choose with --duplicates.";
    KeyInUse "key-in-use" Row Reject
        "The database already uses this value for another row, or the user belongs to another account."
        "Overwriting would change a row that is not meant. If the database has a key in another case, with spaces or in \
         another form, a second row would be written for it."
        "Correct the value, or the form in the database. With --move-users a known user may change its account.";
    UnknownAccount "unknown-account" Row Reject
        "The row refers to a record that is neither in the files nor in the database."
        "A user without its account cannot be stored."
        "Add the account, or correct the reference.";
    AccountRejected "account-rejected" Row Reject
        "The row refers to a record that was rejected."
        "The row will be accepted once that record is corrected."
        "Correct the other record, and import both.";
    UnresolvedReference "unresolved-reference" Row Warning
        "The row refers to a record that is in no file, and no database was asked."
        "It may be in the database."
        "Check with --against-database, or also give the other file.";
    DatabaseRejected "database-rejected" Database Reject
        "The database refused the row. The finding has its SQLSTATE."
        "A constraint or a trigger of the table does not allow the row, or the type of a column cannot hold a value."
        "Find out what the table requires, and correct the row.";
    EditedInTarget "edited-in-target" Database Reject
        "Somebody changed the row in the database after its last import."
        "With --protect-edited such rows are not overwritten."
        "Decide which of the two values is right.";
    StillReferred "still-referred" Database Reject
        "The row is to be deleted, and another row in the database refers to it."
        "Deleting it would also delete the other row, or leave it without its reference."
        "Delete the other row too, or change its reference.";
}

impl Code {
    /// The code with this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_kebab_case_and_found_again() {
        for &code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert_eq!(Code::from_name(code.as_str()), Some(code));
        }
        assert_eq!(Code::from_name("no-such-code"), None);
    }
}
