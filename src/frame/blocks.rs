//! The lines of `rejects.ndjson`, in blocks of whole lines that any thread can take.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;

use super::stored::StoredFinding;
use super::{Filter, FrameError};

/// How much is read at a time.
const BLOCK: usize = 8 << 20;

/// Some whole lines.
pub(super) struct Block {
    bytes: Vec<u8>,
    /// The number of its first line, counted from 1.
    first_line: u64,
}

impl Block {
    /// Its lines, without the empty ones, with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let bytes = self.bytes.as_slice();
        let end = bytes.last().is_some_and(|&last| last != b'\n').then_some(bytes.len());
        let mut start = 0;
        let lines = memchr::memchr_iter(b'\n', bytes).chain(end).map(move |end| {
            let line = &bytes[start..end];
            start = end + 1;
            line
        });
        (self.first_line..).zip(lines).filter(|(_, line)| !line.is_empty())
    }
}

/// A file of findings being read.
pub(crate) struct Scan {
    path: PathBuf,
    file: File,
    rest: Vec<u8>,
    line: u64,
}

impl Scan {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub(crate) fn open(path: &Path) -> Result<Self, FrameError> {
        let file = File::open(path).map_err(|source| FrameError::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, rest: Vec::new(), line: 1 })
    }

    /// The next block; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Block>, FrameError> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let wanted = BLOCK as u64;
            let read = self.file.by_ref().take(wanted).read_to_end(&mut bytes).map_err(|e| self.lost(e))?;
            let cut = memchr::memrchr(b'\n', &bytes).map(|at| at + 1);
            match cut {
                Some(cut) if read > 0 || cut < bytes.len() => self.rest = bytes.split_off(cut),
                None if read > 0 => continue,
                _ => {}
            }
            break;
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Ok(Some(Block { bytes, first_line }))
    }

    /// Works on as many blocks at a time as there are processors, and hands on what came of them in the
    /// order of the file.
    pub(super) fn in_parallel<T: Send>(
        mut self,
        work: impl Fn(&Block) -> Result<T, FrameError> + Sync,
        mut take: impl FnMut(Vec<T>) -> Result<(), FrameError>,
    ) -> Result<(), FrameError> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        loop {
            let mut blocks = Vec::new();
            while blocks.len() < threads
                && let Some(block) = self.next()?
            {
                blocks.push(block);
            }
            if blocks.is_empty() {
                return Ok(());
            }
            let work = &work;
            let done = thread::scope(|scope| {
                let running: Vec<_> = blocks.iter().map(|block| scope.spawn(move || work(block))).collect();
                let ends = running
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                ends.collect::<Result<Vec<_>, _>>()
            })?;
            take(done)?;
        }
    }

    /// Hands on the findings that are asked for, each with its line, until `take` has enough.
    ///
    /// # Errors
    ///
    /// The file cannot be read, a line is no finding, or `take` failed.
    pub(crate) fn each(
        mut self,
        filter: &Filter,
        mut take: impl FnMut(&StoredFinding<'_>, &[u8]) -> io::Result<ControlFlow<()>>,
    ) -> Result<(), FrameError> {
        while let Some(block) = self.next()? {
            for (number, line) in block.lines() {
                let finding: StoredFinding<'_> = parse(&self.path, number, line)?;
                if filter.takes(&finding) && take(&finding, line)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn lost(&self, source: io::Error) -> FrameError {
        FrameError::Read { path: self.path.clone(), source }
    }
}

/// A line as what it holds.
pub(super) fn parse<'l, T: serde::Deserialize<'l>>(
    path: &Path,
    line: u64,
    bytes: &'l [u8],
) -> Result<T, FrameError> {
    serde_json::from_slice(bytes).map_err(|source| FrameError::Line { path: path.to_owned(), line, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_finding_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.ndjson");
        std::fs::write(&path, "\n{}\n").unwrap();
        let read = Scan::open(&path).unwrap().each(&Filter::default(), |_, _| Ok(ControlFlow::Continue(())));
        let error = read.unwrap_err().to_string();
        assert!(
            error.ends_with(
                "rejects.ndjson line 2: is not a finding of a run; the file was changed since, run again"
            ),
            "{error}"
        );
    }

    #[test]
    fn blocks_are_whole_lines_also_where_the_last_one_has_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let long = "x".repeat(BLOCK + 10);
        std::fs::write(&path, format!("a\n{long}\nlast")).unwrap();
        let mut scan = Scan::open(&path).unwrap();
        let mut lines = Vec::new();
        while let Some(block) = scan.next().unwrap() {
            lines.extend(block.lines().map(|(number, line)| (number, line.len())));
        }
        assert_eq!(lines, [(1, 1), (2, BLOCK + 10), (3, 4)]);
    }
}
