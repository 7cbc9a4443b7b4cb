//! Blocks of inserted rows as the journal keeps them: identifiers, row numbers, hashes.

use std::fmt::Write;

use bytes::BytesMut;

use crate::db::CopyIn;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::record::RowNumber;

use super::names::Origin;

const COPY: &str =
    "COPY muster.inserted (run, entity, first_id, last_id, rows, first_row, row_numbers, image, hashes)
    FROM STDIN";

/// Writes blocks of rows whose identifiers are consecutive.
pub(crate) struct InsertedBlocks<'a> {
    copy: CopyIn,
    origin: Origin<'a>,
}

impl<'a> InsertedBlocks<'a> {
    pub(crate) async fn begin(client: &Client, origin: Origin<'a>) -> Result<Self, LoadError> {
        Ok(Self { copy: CopyIn::begin(client, COPY, "writing the journal").await?, origin })
    }

    /// A block of rows whose numbers are consecutive, too.
    pub(crate) async fn consecutive(
        &mut self,
        first_id: i64,
        rows: usize,
        first_row: usize,
        image: usize,
        hashes: &[u8],
    ) -> Result<(), LoadError> {
        self.block(first_id, rows, &format!("{first_row}\t\\N"), image, hashes).await
    }

    /// A block of rows with these numbers.
    pub(crate) async fn numbered(
        &mut self,
        first_id: i64,
        rows: impl ExactSizeIterator<Item = RowNumber>,
        image: usize,
        hashes: &[u8],
    ) -> Result<(), LoadError> {
        let count = rows.len();
        let mut numbers = String::from("\\N\t{");
        for (at, row) in rows.enumerate() {
            let _ = write!(numbers, "{}{row}", if at == 0 { "" } else { "," });
        }
        numbers.push('}');
        self.block(first_id, count, &numbers, image, hashes).await
    }

    async fn block(
        &mut self,
        first_id: i64,
        rows: usize,
        numbers: &str,
        image: usize,
        hashes: &[u8],
    ) -> Result<(), LoadError> {
        let Origin { run, entity } = self.origin;
        let last_id = first_id + i64::try_from(rows).unwrap_or(i64::MAX) - 1;
        let line = format!("{run}\t{entity}\t{first_id}\t{last_id}\t{rows}\t{numbers}\t{image}\t");
        let out = self.copy.buffer();
        out.extend_from_slice(line.as_bytes());
        hexadecimal(out, hashes);
        out.extend_from_slice(b"\n");
        Ok(self.copy.flow().await?)
    }

    pub(crate) async fn finish(self) -> Result<(), LoadError> {
        self.copy.finish().await?;
        Ok(())
    }
}

/// Appends bytes as COPY's text of a `bytea`.
fn hexadecimal(out: &mut BytesMut, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\\\x");
    for byte in bytes {
        out.extend_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
