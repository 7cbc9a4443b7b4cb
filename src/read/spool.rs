//! Bytes kept for a later phase: in memory up to a budget, then in a temporary file without a name that only this
//! user can read.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::disk;

/// Where a piece of the spool is.
#[derive(Debug)]
pub(crate) enum Piece {
    /// In memory.
    Memory(Vec<u8>),
    /// In the file.
    File {
        /// The first byte.
        offset: u64,
        /// The number of bytes.
        len: usize,
    },
}

/// Stores pieces of bytes.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    budget: usize,
    held: usize,
    file: Option<File>,
    written: u64,
}

impl Spool {
    /// A spool that keeps up to `budget` bytes in memory, and the others in a temporary file in `folder`.
    pub(crate) fn new(folder: &Path, budget: usize) -> Self {
        Self { folder: folder.to_owned(), budget, held: 0, file: None, written: 0 }
    }

    /// Another spool with its file in the same folder.
    pub(crate) fn beside(&self, budget: usize) -> Self {
        Self::new(&self.folder, budget)
    }

    /// Stores a piece.
    pub(crate) fn put(&mut self, bytes: Vec<u8>) -> io::Result<Piece> {
        if self.held + bytes.len() <= self.budget {
            self.held += bytes.len();
            return Ok(Piece::Memory(bytes));
        }
        let file = match &mut self.file {
            Some(file) => file,
            // It never has a name, so nothing is left over if the process dies.
            none => none.insert(tempfile::tempfile_in(&self.folder)?),
        };
        disk::may_grow(file, self.written, bytes.len())?;
        file.write_all(&bytes)?;
        let piece = Piece::File { offset: self.written, len: bytes.len() };
        self.written += bytes.len() as u64;
        Ok(piece)
    }

    /// The bytes of a piece; `buffer` is used if they must be read from the file.
    pub(crate) fn get<'p>(&self, piece: &'p Piece, buffer: &'p mut Vec<u8>) -> io::Result<&'p [u8]> {
        match piece {
            Piece::Memory(bytes) => Ok(bytes),
            Piece::File { offset, len } => {
                buffer.resize(*len, 0);
                let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                file.read_exact_at(buffer, *offset)?;
                Ok(buffer)
            }
        }
    }

    /// A part of a piece.
    pub(crate) fn get_part<'p>(
        &self,
        piece: &'p Piece,
        start: usize,
        len: usize,
    ) -> io::Result<Cow<'p, [u8]>> {
        match piece {
            Piece::Memory(bytes) => bytes
                .get(start..start + len)
                .map(Cow::Borrowed)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into()),
            Piece::File { offset, .. } => {
                let mut buffer = vec![0; len];
                let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
                file.read_exact_at(&mut buffer, offset + start as u64)?;
                Ok(buffer.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_the_budget_comes_back_from_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), 10);
        let pieces: Vec<_> = (0..5_u8).map(|i| spool.put(vec![i; 4]).unwrap()).collect();
        assert!(matches!(pieces[1], Piece::Memory(_)));
        assert!(matches!(pieces[4], Piece::File { offset: 8, len: 4 }));
        for (i, piece) in (0_u8..).zip(&pieces) {
            assert_eq!(spool.get(piece, &mut Vec::new()).unwrap(), vec![i; 4]);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
    }
}
