//! One file read as it is: how it begins, and what its columns hold.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::read::{PlainFile, ReadError};
use crate::source::{
    Encoding, InputPath, Intake, LookOptions, Opening, Source, SourceError, Utf8Evidence, look_unmapped,
};

use super::evidence::{Column, Columns};

/// Why a file cannot be described.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InitError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A file whose columns have been described.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) source: Source,
    pub(super) opening: Opening,
    pub(super) columns: Vec<Column>,
    pub(super) records: u64,
    pub(super) broken: u64,
}

impl Described {
    /// Opens a file and reads it whole; again if all its bytes refute the encoding that its beginning seemed to have.
    pub(super) fn read(
        path: &InputPath,
        spool: &Path,
        known: &dyn Fn(&str) -> bool,
        cancelled: &AtomicBool,
    ) -> Result<Self, InitError> {
        let source = Source::open(path, &Intake { folder: spool, most: None, cancelled })?;
        let mut encoding = None;
        loop {
            let options = LookOptions { encoding, cancelled: Some(cancelled), ..LookOptions::default() };
            let mut opening = look_unmapped(&source, &options, known)?;
            let width = opening.header.len();
            let (mut columns, mut records, mut broken) = (Columns::default(), 0, 0);
            let mut evidence = Utf8Evidence::default();
            let file = PlainFile { source: &source, opening: &opening, cancelled };
            file.each(
                |columns: &mut Columns, cells| columns.visit(cells, width),
                |block| {
                    columns.add(block.made);
                    records += block.records;
                    broken += block.broken;
                    evidence += block.evidence;
                },
            )?;
            if !opening.encoding_certain && opening.encoding.is_refuted_by(evidence) {
                let other =
                    if opening.encoding == Encoding::Utf8 { Encoding::FALLBACK } else { Encoding::Utf8 };
                encoding = Some(other);
                continue;
            }
            columns.0.resize_with(width, Column::default);
            opening.encoding_certain = true;
            return Ok(Self { columns: columns.0, source, opening, records, broken });
        }
    }
}
