//! What reading has found, packed by the thread that found it and kept in the spool until the reports are
//! written. It is taken out in chunks that are small enough for several of them to be under way at a time.

use std::io;

use crate::record::{Finding, pack, unpack};

use super::spool::{Piece, Spool};

/// How many findings a chunk has, but for those of its last record.
const CHUNK: usize = 2048;

/// All findings of one entity.
#[derive(Debug)]
pub(crate) struct Found {
    spool: Spool,
    pieces: Vec<Piece>,
    chunks: Vec<FoundChunk>,
}

/// Some findings, in order. All that is found about a record stands in one chunk; only a header that stands in
/// the file again may come at the end of the chunk before its record's.
#[derive(Debug)]
pub(crate) struct FoundChunk {
    piece: usize,
    start: usize,
    len: usize,
    /// File and record of the first finding.
    pub(crate) first: (u16, u64),
    /// File and record of the last one.
    pub(crate) last: (u16, u64),
}

/// The findings of one block, packed.
#[derive(Debug, Default)]
pub(crate) struct FoundPart {
    bytes: Vec<u8>,
    chunks: Vec<FoundChunk>,
}

impl FoundPart {
    /// Packs findings, which are in order.
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let mut part = Self::default();
        let mut rest = findings;
        while !rest.is_empty() {
            let mut end = rest.len().min(CHUNK);
            while end < rest.len() && place(&rest[end - 1]) == place(&rest[end]) {
                end += 1;
            }
            let (chunk, behind) = rest.split_at(end);
            let start = part.bytes.len();
            pack(chunk, &mut part.bytes);
            let len = part.bytes.len() - start;
            let (first, last) = (place(&chunk[0]), place(&chunk[end - 1]));
            part.chunks.push(FoundChunk { piece: 0, start, len, first, last });
            rest = behind;
        }
        part
    }
}

impl Found {
    pub(crate) fn new(spool: Spool) -> Self {
        Self { spool, pieces: Vec::new(), chunks: Vec::new() }
    }

    /// Takes findings that follow all earlier ones in order.
    pub(crate) fn take(&mut self, part: FoundPart) -> io::Result<()> {
        if part.chunks.is_empty() {
            return Ok(());
        }
        let piece = self.pieces.len();
        self.pieces.push(self.spool.put(part.bytes)?);
        self.chunks.extend(part.chunks.into_iter().map(|chunk| FoundChunk { piece, ..chunk }));
        Ok(())
    }

    pub(crate) fn chunks(&self) -> &[FoundChunk] {
        &self.chunks
    }

    pub(crate) fn get(&self, chunk: &FoundChunk) -> io::Result<Vec<Finding>> {
        let bytes = self.spool.get_part(&self.pieces[chunk.piece], chunk.start, chunk.len)?;
        unpack(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

fn place(finding: &Finding) -> (u16, u64) {
    (finding.location.file, finding.location.record)
}
