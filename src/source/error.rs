//! What keeps a file from being read as a whole. Each message says the place first and what to do next;
//! faults of a file's contents are findings, not errors.

use std::io;

use thiserror::Error;

/// Why a source cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// The command line names no path.
    #[error("an input has no path; write a file's path, `-` for standard input, or entity=path")]
    NoPath,
    /// There is no such file.
    #[error("{name}: no such file; check the path")]
    NotFound {
        /// The input as given.
        name: String,
    },
    /// The path is a folder.
    #[error("{name}: is a folder; name the files in it")]
    Folder {
        /// The input as given.
        name: String,
    },
    /// The file may not be read by this user.
    #[error("{name}: permission denied; make the file readable for the user that runs muster")]
    Denied {
        /// The input as given.
        name: String,
    },
    /// Opening or reading failed otherwise.
    #[error("{name}: cannot be read; check the disk or the connection it comes over, then try again")]
    Read {
        /// The input as given.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A compressed stream ends early or is not what it should be.
    #[error(
        "{name}: the {format} stream is damaged behind byte {offset} of its decompressed content; \
         transfer the file again"
    )]
    Damaged {
        /// The input as given.
        name: String,
        /// `gzip` or `zstd`.
        format: &'static str,
        /// How many bytes could be decompressed.
        offset: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// The temporary copy of a stream cannot be written.
    #[error("{name}: its temporary copy in {folder} cannot be written; make space there")]
    Spool {
        /// The input as given.
        name: String,
        /// Where the copy was to be.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not what it was when it was opened.
    #[error(
        "{name}: was changed while it was read; wait until whatever writes it has finished, and try again"
    )]
    Changed {
        /// The input as given.
        name: String,
    },
    /// `entity=path` with an entity that no schema has.
    #[error("{name}: there is no entity {entity}; the schemas have {known}")]
    UnknownEntity {
        /// The input as given.
        name: String,
        /// The entity as given.
        entity: String,
        /// What there is.
        known: String,
    },
    /// Neither the file's name nor its header says what it holds.
    #[error("{name}: neither its name nor its header says what it holds ({fits}); write {example}={name}")]
    NoEntity {
        /// The input as given.
        name: String,
        /// What the header fits.
        fits: String,
        /// An entity, for the example.
        example: String,
    },
    /// Two delimiters explain the file equally well.
    #[error("{name}: {one} and {other} could both be what separates its cells; say which with --delimiter")]
    DelimiterTie {
        /// The input as given.
        name: String,
        /// One.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
    /// `--encoding` is not known or not supported.
    #[error(
        "--encoding {given}: is not an encoding that muster reads; it reads utf-8, utf-16le, utf-16be and \
         the single-byte encodings (windows-1252, iso-8859-15, macintosh, ibm866, …)"
    )]
    BadEncoding {
        /// As given.
        given: String,
    },
    /// `--encoding` names a file that is not read.
    #[error("--encoding {file}=…: {file} is none of the files to be read; write it as it stands there")]
    EncodingOfNothing {
        /// As given.
        file: String,
    },
    /// `--reading` names a file that is not read.
    #[error("--reading {file}:{given}: {file} is none of the files to be read; write it as it stands there")]
    ReadingOfNothing {
        /// As given.
        file: String,
        /// As given.
        given: String,
    },
    /// `--reading` names a field whose reading is not left to its column.
    #[error(
        "--reading {given}: no schema has a field of that name whose reading its column decides (a date or timestamp \
         with format = \"auto\", a decimal without decimal_comma)"
    )]
    ReadingOfField {
        /// As given.
        given: String,
    },
    /// `--reading` is not of the form that it must have.
    #[error(
        "--reading {given}: write FIELD=HOW or FILE:FIELD=HOW; HOW is day-first, month-first, decimal-comma or \
         decimal-point"
    )]
    BadReading {
        /// As given.
        given: String,
    },
    /// `--map` names a header that no file has.
    #[error("--map '{header}={field}': no file has the column {header}; there are {known}")]
    MapHeader {
        /// The header as given.
        header: String,
        /// The field as given.
        field: String,
        /// What there is.
        known: String,
    },
    /// `--map` names a field that the schema of the files with that header does not have.
    #[error("--map '{header}={field}': there is no field {field}; there are {known}")]
    MapField {
        /// The header as given.
        header: String,
        /// The field as given.
        field: String,
        /// What there is.
        known: String,
    },
    /// The header does not end.
    #[error(
        "{name} line {line}: the header does not end within {limit} bytes; \
         look whether this is a CSV file at all"
    )]
    EndlessHeader {
        /// The input as given.
        name: String,
        /// Where it begins.
        line: u64,
        /// How far was looked.
        limit: usize,
    },
    /// The records of an NDJSON file have too many different keys.
    #[error(
        "{name}: its records have more than 4096 different keys; a key names a column, so look whether values \
         stand where keys should"
    )]
    ManyKeys {
        /// The input as given.
        name: String,
    },
    /// There is nothing to read, and no entity that a finding could be counted to.
    #[error("{name}: {what}")]
    Nothing {
        /// The input as given.
        name: String,
        /// What it is instead of a table.
        what: String,
    },
}

impl SourceError {
    /// The error for what the system said about an input.
    pub(super) fn of_io(name: &str, error: io::Error) -> Self {
        let name = name.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound { name },
            io::ErrorKind::PermissionDenied => Self::Denied { name },
            io::ErrorKind::IsADirectory => Self::Folder { name },
            _ => Self::Read { name, source: error },
        }
    }

    /// Whether it is the command line that is wrong, whatever the files hold.
    #[must_use]
    pub(crate) fn is_of_command_line(&self) -> bool {
        matches!(
            self,
            Self::NoPath
                | Self::UnknownEntity { .. }
                | Self::BadEncoding { .. }
                | Self::EncodingOfNothing { .. }
                | Self::ReadingOfNothing { .. }
                | Self::ReadingOfField { .. }
                | Self::BadReading { .. }
                | Self::MapHeader { .. }
                | Self::MapField { .. }
        )
    }
}
