//! The codes of findings: stable, kebab-case, never reused. This table is the only place with a code's name,
//! level, default severity and explanation; `muster explain` and the reports read it from here.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Severity;

/// What a code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// A whole file; all but the warnings stop the run.
    File,
    /// A record's structure, before its cells are looked at.
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
            #[must_use]
            pub(crate) fn level(self) -> Level {
                match self { $(Code::$variant => Level::$level),+ }
            }

            /// What a finding with this code does to its row, unless the schema or `--strict` says otherwise.
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
        "A column that the schema requires is not in the header."
        "Without it every row of the file would be incomplete, so nothing is read."
        "Add the column, or name the one that holds it with --map 'Header=field'.";
    DuplicateHeader "duplicate-header" File Reject
        "Two columns of the header mean the same field."
        "Which of the two holds the right value cannot be known."
        "Rename or remove one of the two columns named in the finding.";
    ForbiddenColumn "forbidden-column" File Reject
        "A column looks like it holds passwords."
        "No password is ever imported, not even by mistake."
        "Remove the column from the file.";
    NotText "not-text" File Reject
        "The file is not text in any known encoding."
        "It is probably a spreadsheet, an archive or a picture; reading it as CSV would only make garbage."
        "Save it as CSV (UTF-8) and try again.";
    EmptyFile "empty-file" File Reject
        "The file has no header."
        "A file with only a header is fine; one with nothing at all is usually a failed transfer."
        "Check the transfer; leave the file out if there is nothing to import.";
    ChangesFile "changes-file" File Reject
        "The file lists changes, as written by an export with --changes-since."
        "Read as a plain import its deletions would become inserts."
        "Use import --apply-changes.";
    UnknownColumn "unknown-column" File Warning
        "A column is neither in the schema nor an alias of a field."
        "It is ignored; a column with a typing mistake in its name would be ignored, too."
        "Nothing, if it is not needed; else rename it or use --map 'Header=field'.";
    TooManyCells "too-many-cells" Record Reject
        "The record has more cells than the header."
        "Usually a separator inside a cell that is not quoted. Nothing is shifted to make it fit."
        "Put the cell that contains the separator in double quotes.";
    MissingCells "missing-cells" Record Reject
        "The record has fewer cells than the header, or lacks a key that others of its file have."
        "A line that was cut off or broken in two. Nothing is shifted to make it fit."
        "Complete the record; --pad-short takes what is missing as empty where all of it is optional.";
    UnclosedQuote "unclosed-quote" Record Reject
        "A double quote opens a cell and is never closed."
        "Reading went on at the next line, so that the fault costs this record alone."
        "Close the quote, or double it (\"\") where it belongs to the value.";
    StrayQuote "stray-quote" Record Reject
        "A double quote stands where it neither opens nor closes a cell."
        "What the cell was meant to hold cannot be known."
        "Put the whole cell in double quotes and double the quotes inside it.";
    RecordTooLarge "record-too-large" Record Reject
        "The record is larger than --max-record."
        "It is nearly always a fault in quoting; a limit keeps it from taking all memory."
        "Mend the quoting, or raise --max-record.";
    InvalidEncoding "invalid-encoding" Record Reject
        "The record holds bytes that are not valid in the file's encoding."
        "They are never replaced in silence."
        "Mend the bytes, or name the right encoding with --encoding.";
    InvalidJson "invalid-json" Record Reject
        "The line is not one JSON object with one value, or a list of values, for each of its keys."
        "Values that cannot be told apart are never guessed; a key that stands twice has no value."
        "Mend the place that the finding names; in a list, no item may hold what separates a cell's items.";
    NulByte "nul-byte" Record Reject
        "The record holds a NUL byte."
        "PostgreSQL's text cannot hold one."
        "Remove the NUL byte.";
    RepeatedHeader "repeated-header" Record Warning
        "The header stands again in the middle of the file."
        "Files that were joined have it; it is skipped and counted."
        "Nothing.";
    Required "required" Cell Reject
        "A cell that the schema requires is empty."
        "A row without it is of no use to the system that receives it."
        "Fill the cell.";
    InvalidChoice "invalid-choice" Cell Reject
        "The value is not one of the choices."
        "Only values that the receiving system knows are stored."
        "Use one of the values named in the finding.";
    InvalidBoolean "invalid-boolean" Cell Reject
        "The value is neither true nor false."
        "Other spellings (yes, 1, X) mean different things in different systems."
        "Write true or false.";
    InvalidEmail "invalid-email" Cell Reject
        "The value is not an e-mail address."
        "RFC 5321 limits and one @ are required, and a dot in the domain."
        "Correct the address.";
    InvalidPhone "invalid-phone" Cell Reject
        "The value cannot be a telephone number."
        "It is too short, too long, or not a number in the country it belongs to."
        "Write it in international form, for example +31612345678.";
    ExcelScientific "excel-scientific" Cell Reject
        "A spreadsheet has turned the number into scientific notation."
        "The last digits are lost and cannot be found again from this file."
        "Take the number from the source again, with the column formatted as text.";
    InvalidCountry "invalid-country" Cell Reject
        "The value is not a country."
        "ISO 3166-1 codes and the Dutch, English and German names are known."
        "Write the two-letter code, for example NL.";
    InvalidLanguage "invalid-language" Cell Reject
        "The value is not a language tag."
        "Language tags follow BCP 47."
        "Write, for example, nl or en-GB.";
    InvalidIban "invalid-iban" Cell Reject
        "The value is not an IBAN."
        "The country, the length or the check digits (ISO 13616, mod 97) are wrong. No digits are ever guessed."
        "Take the number from the source again.";
    InvalidBic "invalid-bic" Cell Reject
        "The value is not a BIC."
        "A BIC has 8 or 11 characters (ISO 9362)."
        "Correct it.";
    InvalidVat "invalid-vat" Cell Reject
        "The value is not a VAT number of the country."
        "Each country has a shape of its own."
        "Correct it, and check that the country is right.";
    InvalidPostalCode "invalid-postal-code" Cell Reject
        "The value is not a postal code of the country."
        "Each country has a shape of its own."
        "Correct it, and check that the country is right.";
    InvalidNumber "invalid-number" Cell Reject
        "The value is not a number of the declared format."
        "Separators of thousands and decimals are not guessed row by row."
        "Write it as the schema says.";
    InvalidDate "invalid-date" Cell Reject
        "The value is not a date or time of the declared format."
        "The day must exist in the calendar."
        "Write it as the schema says, for example 2026-01-31.";
    AmbiguousDate "ambiguous-date" Cell Reject
        "Day and month could be exchanged, and nothing in the column tells which is which."
        "A wrong guess would go unseen."
        "Declare the format in the schema, or say the order with --reading.";
    TooShort "too-short" Cell Reject
        "The value has fewer characters than the schema allows."
        "It is probably cut off."
        "Complete it.";
    TooLong "too-long" Cell Reject
        "The value has more characters than the schema allows."
        "The receiving system would refuse it or cut it off."
        "Shorten it.";
    PatternMismatch "pattern-mismatch" Cell Reject
        "The value does not have the shape that the schema asks for."
        "The pattern stands in the finding."
        "Correct it.";
    ControlCharacter "control-character" Cell Reject
        "The value holds a control character, or a line break where none is allowed."
        "They are invisible and break the systems behind."
        "Remove it.";
    Defaulted "defaulted" Cell Warning
        "A fixed rule has replaced a value that was not empty."
        "It is nearly always a mistake in the source (FEMALE, vrouw, NL)."
        "Check whether the value was meant; --strict rejects such rows.";
    UncertainPhone "uncertain-phone" Cell Warning
        "The number has a possible length, but no known range of its country."
        "Numbering plans change; the number may be right."
        "Check the number.";
    NonAsciiMailbox "non-ascii-mailbox" Cell Warning
        "The part before the @ holds characters beyond ASCII."
        "Only mail systems that know RFC 6531 can deliver to it."
        "Check the address.";
    UncertainEmail "uncertain-email" Cell Warning
        "The address is well formed, but its domain looks like a typing error."
        "Mail to gmial.com never reaches the customer, or reaches somebody else."
        "Check the address; the suggestion holds the domain that was most likely meant.";
    CountryAlias "country-alias" Cell Warning
        "A name or code was read as a country although it is not its ISO code."
        "UK is read as GB, for example."
        "Nothing, if it was meant.";
    BicCountry "bic-country" Cell Warning
        "The BIC belongs to another country than the IBAN."
        "It may be right for some banks."
        "Check both.";
    VatCheckDigits "vat-check-digits" Cell Warning
        "The check digits of the VAT number do not fit."
        "It may be a typing mistake."
        "Check the number.";
    DuplicateKey "duplicate-key" Row Reject
        "Another row has the same key or the same value in a unique column."
        "Only one of them can be kept; the finding names the one that stays."
        "Remove one, or choose with --duplicates.";
    KeyInUse "key-in-use" Row Reject
        "The database already uses this value for another row, or the user belongs to another account."
        "Overwriting it would change a row that is not meant."
        "Correct the value; --move-users lets a known user change its account.";
    UnknownAccount "unknown-account" Row Reject
        "The row refers to a record that is neither in the files nor in the database."
        "A user without its account cannot be stored."
        "Add the account, or correct the reference.";
    AccountRejected "account-rejected" Row Reject
        "The row refers to a record that was itself rejected."
        "It will be accepted once that record is mended."
        "Mend the related record and import both.";
    UnresolvedReference "unresolved-reference" Row Warning
        "The row refers to a record that no file holds, and no database was asked."
        "It may be in the database already."
        "Check with --against-database, or give the other file, too.";
    DatabaseRejected "database-rejected" Database Reject
        "The database refused the row; its SQLSTATE is in the finding."
        "A constraint or trigger of the table's owner does not allow it."
        "See what the constraint asks for and mend the row.";
    EditedInTarget "edited-in-target" Database Reject
        "Someone changed the row in the database after it was last imported."
        "With --protect-edited such rows are not overwritten."
        "Decide which of the two values is right.";
    StillReferred "still-referred" Database Reject
        "The row is to be deleted, and a row that stays in the database refers to it."
        "Deleting it would leave the other row without it, or take it along."
        "Delete the other row, too, or have it refer to another one.";
}

impl Code {
    /// The code with this name, if there is one.
    #[must_use]
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
