//! The faults that can be planted: what each is called, what it does to its row, and which files can have it.
//! The list is written from the description of the domain, not from the validator's own table.

/// What a fault does to the row it is planted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The row is refused.
    Reject,
    /// The row loses against an earlier one.
    Duplicate,
    /// The row goes on.
    Warning,
}

impl Severity {
    /// The word used in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Duplicate => "duplicate",
            Self::Warning => "warning",
        }
    }
}

macro_rules! faults {
    ($($variant:ident $code:literal $severity:ident;)+) => {
        /// One kind of fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Fault { $($variant,)+ }

        impl Fault {
            /// All of them.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that a right validator finds it under.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it does to its row.
            pub(crate) fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }
        }
    };
}

faults! {
    TooManyCells "too-many-cells" Reject;
    MissingCells "missing-cells" Reject;
    UnclosedQuote "unclosed-quote" Reject;
    StrayQuote "stray-quote" Reject;
    NulByte "nul-byte" Reject;
    InvalidEncoding "invalid-encoding" Reject;
    RecordTooLarge "record-too-large" Reject;
    RepeatedHeader "repeated-header" Warning;
    Required "required" Reject;
    InvalidChoice "invalid-choice" Reject;
    InvalidBoolean "invalid-boolean" Reject;
    InvalidEmail "invalid-email" Reject;
    InvalidPhone "invalid-phone" Reject;
    ExcelScientific "excel-scientific" Reject;
    InvalidCountry "invalid-country" Reject;
    InvalidLanguage "invalid-language" Reject;
    InvalidIban "invalid-iban" Reject;
    InvalidBic "invalid-bic" Reject;
    InvalidVat "invalid-vat" Reject;
    InvalidPostalCode "invalid-postal-code" Reject;
    TooLong "too-long" Reject;
    PatternMismatch "pattern-mismatch" Reject;
    ControlCharacter "control-character" Reject;
    Defaulted "defaulted" Warning;
    UncertainPhone "uncertain-phone" Warning;
    NonAsciiMailbox "non-ascii-mailbox" Warning;
    UncertainEmail "uncertain-email" Warning;
    CountryAlias "country-alias" Warning;
    BicCountry "bic-country" Warning;
    VatCheckDigits "vat-check-digits" Warning;
    DuplicateKey "duplicate-key" Duplicate;
    UnknownAccount "unknown-account" Reject;
    AccountRejected "account-rejected" Reject;
}

impl Fault {
    /// The fault with this code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.code() == code)
    }

    /// Whether it is planted among users; the others need columns that only accounts have.
    pub(crate) fn suits_users(self) -> bool {
        !matches!(
            self,
            Self::RecordTooLarge
                | Self::InvalidCountry
                | Self::InvalidLanguage
                | Self::InvalidIban
                | Self::InvalidBic
                | Self::InvalidVat
                | Self::InvalidPostalCode
                | Self::TooLong
                | Self::PatternMismatch
                | Self::CountryAlias
                | Self::BicCountry
                | Self::VatCheckDigits
                | Self::AccountRejected
        )
    }

    /// Whether it is planted among accounts.
    pub(crate) fn suits_accounts(self) -> bool {
        !matches!(self, Self::RecordTooLarge | Self::UnknownAccount | Self::AccountRejected)
    }

    /// Whether the key cell of the record can still be read, so that other rows may refer to it.
    pub(crate) fn leaves_key(self) -> bool {
        !matches!(
            self,
            Self::TooManyCells
                | Self::MissingCells
                | Self::UnclosedQuote
                | Self::StrayQuote
                | Self::NulByte
                | Self::InvalidEncoding
                | Self::RecordTooLarge
                | Self::DuplicateKey
        )
    }
}
