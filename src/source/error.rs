//! Why a file cannot be read as a whole. Each message begins with the place and says what to do next; faults in a
//! file's contents are findings, not errors.

use std::io;

use thiserror::Error;

/// Why a source cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    /// The command line names no path.
    #[error("an input has no path; write a file's path, `-` for standard input, or entity=path")]
    NoPath,
    /// The command line names no file.
    #[error(
        "name the files, for example: muster check accounts.csv users.csv; or write a muster.toml whose [[source]] \
         names them"
    )]
    NoInput,
    /// There is no such file.
    #[error("{name}: no such file; check the path")]
    NotFound { name: String },
    /// The path is a folder.
    #[error("{name}: is a folder; name the files in it")]
    Folder { name: String },
    /// The file may not be read by this user.
    #[error("{name}: permission denied; make the file readable for the user that runs muster")]
    Denied { name: String },
    /// Opening or reading failed otherwise.
    #[error("{name}: cannot be read; check the disk or the connection it comes over, then try again")]
    Read { name: String, source: io::Error },
    /// A compressed stream ends early or is not what it should be.
    #[error(
        "{name}: the {format} stream is damaged after byte {offset} of its decompressed content; \
         transfer the file again"
    )]
    Damaged { name: String, format: &'static str, offset: u64, source: io::Error },
    /// A zstd frame that may refer back further than is allowed by default.
    #[error(
        "{name}: was compressed with zstd --long, and decompressing it may take gigabytes of memory; compress it again \
         without --long, or decompress it yourself: zstd -dc --long=31 {name} | muster … ENTITY=-"
    )]
    Window { name: String },
    /// There is more of it than `--max-input` allows.
    #[error(
        "{name}: has more than {most} bytes (--max-input); check that this is the right file, or raise the limit"
    )]
    TooLarge { name: String, most: u64 },
    /// It holds far more than is stored of it.
    #[error(
        "{name}: its {stored} bytes hold more than {len}, many times as much as a file of rows does; if that is right, \
         say with --max-input how many bytes it may hold"
    )]
    Bomb { name: String, stored: u64, len: u64 },
    /// The run was asked to stop.
    #[error("{name}: the run was stopped while this was read")]
    Stopped { name: String },
    /// The temporary copy of a stream cannot be written.
    #[error("{name}: its temporary copy in {folder} cannot be written; make space there")]
    Spool { name: String, folder: String, source: io::Error },
    /// The file was changed after it was opened.
    #[error(
        "{name}: was changed while it was read; wait until the program that writes it has finished, then try again"
    )]
    Changed { name: String },
    /// `entity=path` with an entity that no schema has.
    #[error("{name}: there is no entity {entity}; the schemas have {known}")]
    UnknownEntity { name: String, entity: String, known: String },
    /// Neither the file's name nor its header says what it holds.
    #[error("{name}: neither its name nor its header says what it holds ({fits}); write {example}={name}")]
    NoEntity { name: String, fits: String, example: String },
    /// Two delimiters fit the file equally well.
    #[error("{name}: {one} and {other} could both be its delimiter; choose one with --delimiter")]
    DelimiterTie { name: String, one: &'static str, other: &'static str },
    /// `--encoding` is not known or not supported.
    #[error(
        "--encoding {given}: is not an encoding that muster reads; it reads utf-8, utf-16le, utf-16be and \
         the single-byte encodings (windows-1252, iso-8859-15, macintosh, ibm866, …)"
    )]
    BadEncoding { given: String },
    /// `--encoding` names a file that is not read.
    #[error("--encoding {file}=…: {file} is not one of the input files; write its path as it is given there")]
    EncodingOfNothing { file: String },
    /// `--reading` names a file that is not read.
    #[error(
        "--reading {file}:{given}: {file} is not one of the input files; write its path as it is given there"
    )]
    ReadingOfNothing { file: String, given: String },
    /// `--reading` names a field that the schema does not leave open.
    #[error(
        "--reading {given}: no schema has an open field of that name (a date or timestamp with format = \"auto\", a \
         decimal without decimal_comma)"
    )]
    ReadingOfField { given: String },
    /// `--reading` does not have the required form.
    #[error(
        "--reading {given}: write FIELD=HOW or FILE:FIELD=HOW; HOW is day-first, month-first, decimal-comma or \
         decimal-point"
    )]
    BadReading { given: String },
    /// Everything that is wrong with the values of options.
    #[error("{}", .0.join("\n"))]
    Options(Vec<String>),
    /// The header does not end.
    #[error(
        "{name} line {line}: the header does not end within {limit} bytes; \
         check that this is a CSV file"
    )]
    EndlessHeader { name: String, line: u64, limit: usize },
    /// The records of an NDJSON file have too many different keys.
    #[error(
        "{name}: its records have more than 4096 different keys; a key names a column, so check that values are \
         not written as keys"
    )]
    ManyKeys { name: String },
    /// There is nothing to read, and no entity that a finding could be counted for.
    #[error("{name}: {what}")]
    Nothing { name: String, what: String },
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

    /// Whether the command line is wrong, and not a file.
    pub(crate) fn is_of_command_line(&self) -> bool {
        matches!(
            self,
            Self::NoPath
                | Self::NoInput
                | Self::UnknownEntity { .. }
                | Self::BadEncoding { .. }
                | Self::EncodingOfNothing { .. }
                | Self::ReadingOfNothing { .. }
                | Self::ReadingOfField { .. }
                | Self::BadReading { .. }
                | Self::Options(_)
        )
    }
}
