//! The findings of reading, packed by the thread that found them and kept in a spool until the reports are written.
//! They are taken out in chunks, small enough to be processed several at a time.

use std::io;

use crate::record::{Finding, pack, unpack};

use super::spool::{Piece, Spool};

/// The number of findings in a chunk; more only if they are about the same record.
const CHUNK: usize = 2048;

/// All findings of one entity.
#[derive(Debug)]
pub(crate) struct StoredFindings {
    spool: Spool,
    pieces: Vec<Piece>,
    chunks: Vec<FindingChunk>,
    count: u64,
}

/// Some findings, in order. All findings about a record are in one chunk; only a repeated header, which has the
/// number of the next record, may be at the end of the chunk before.
#[derive(Debug)]
pub(crate) struct FindingChunk {
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
pub(crate) struct PackedFindings {
    count: u64,
    bytes: Vec<u8>,
    chunks: Vec<FindingChunk>,
}

impl PackedFindings {
    /// Packs findings, which are in order.
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let mut part = Self { count: findings.len() as u64, ..Self::default() };
        let mut rest = findings;
        while !rest.is_empty() {
            let mut end = rest.len().min(CHUNK);
            while end < rest.len() && place(&rest[end - 1]) == place(&rest[end]) {
                end += 1;
            }
            let (chunk, after) = rest.split_at(end);
            let start = part.bytes.len();
            pack(chunk, &mut part.bytes);
            let len = part.bytes.len() - start;
            let (first, last) = (place(&chunk[0]), place(&chunk[end - 1]));
            part.chunks.push(FindingChunk { piece: 0, start, len, first, last });
            rest = after;
        }
        part
    }
}

impl StoredFindings {
    pub(crate) fn new(spool: Spool) -> Self {
        Self { spool, pieces: Vec::new(), chunks: Vec::new(), count: 0 }
    }

    /// Adds findings that follow all earlier ones in order.
    pub(crate) fn add(&mut self, part: PackedFindings) -> io::Result<()> {
        self.insert(self.chunks.len(), part)
    }

    /// Adds findings that come before those of chunk `at`.
    pub(crate) fn insert(&mut self, at: usize, part: PackedFindings) -> io::Result<()> {
        if part.chunks.is_empty() {
            return Ok(());
        }
        self.count += part.count;
        let piece = self.pieces.len();
        self.pieces.push(self.spool.put(part.bytes)?);
        let chunks = part.chunks.into_iter().map(|chunk| FindingChunk { piece, ..chunk });
        self.chunks.splice(at..at, chunks);
        Ok(())
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn chunks(&self) -> &[FindingChunk] {
        &self.chunks
    }

    pub(crate) fn get(&self, chunk: &FindingChunk) -> io::Result<Vec<Finding>> {
        let bytes = self.spool.get_part(&self.pieces[chunk.piece], chunk.start, chunk.len)?;
        unpack(&bytes).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

fn place(finding: &Finding) -> (u16, u64) {
    (finding.location.file, finding.location.record)
}
